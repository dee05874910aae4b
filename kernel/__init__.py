"""What every package stands on and no business word enters.

A closed list: ``settings``, ``database``, ``events`` (with its ``outbox``), ``errors``, ``clock`` and ``ids``.
A further module wants a decision record.
"""
