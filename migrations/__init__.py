"""The schema's history, and how a database is brought to its head.

``running`` applies revisions and rights, ``tables`` gathers every model, ``grants`` says what the application may do,
``drift`` compares a migrated database with the models. Revisions are in ``versions/``.
"""
