"""Moving in: members, identities, consents and points of another system.

``reading`` makes rows out of files and is pure; ``checking`` compares them with what is here; ``applying`` writes all
of it in one transaction or nothing; ``reversing`` takes an import back; ``shadow`` compares balances before the switch.
The other system's id of a member is an identity like any other (``external:<source>``), so that a second import finds
the same member, whatever became of them.
"""
