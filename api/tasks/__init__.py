"""How the worker does what staff asked for: ``kinds`` says what there is, ``working`` how it is done."""
