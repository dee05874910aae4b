"""What an embedded engine says when it cannot start."""


class EngineError(Exception):
    """An embedded engine cannot start or stop; the message says why and what to do about it."""
