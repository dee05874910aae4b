"""The points ledger: what a member owns, and the only code that changes it.

It works in three steps. ``loading`` locks members and reads what an operation needs into an ``Account``. The
operations (``due``, ``earning``, ``spending``, ``holding``, ``claw_back``, ``restoring``, ``adjusting``, ``moving``)
are pure functions over accounts: they change the account in memory and note each journal entry and lot movement.
``writing`` stores what was noted, set-based, many members at a time. Reads run the same functions and write nothing.
"""
