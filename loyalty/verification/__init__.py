"""Proving that the books are right: the invariants, one file for each family, and what runs them.

Nothing here repairs anything. A violation is a bug of ours or a hand in the database, and both want a person.
"""
