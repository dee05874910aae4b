"""The six ways in which the business says no.

A concrete error stands in the module that raises it: it names a stable ``code`` and carries typed facts. The edge
maps the six kinds to HTTP statuses once, in ``api/problems.py``. Functions over a list return these as values,
functions over one thing raise them.
"""

from typing import ClassVar


class DomainError(Exception):
    """A refusal with a stable ``code``, a sentence for people and the facts it rests on.

    ``facts`` are JSON-able and become members of the problem document; they never hold personal data.
    """

    code: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str | None = None, /, **facts: object) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.facts = facts

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), self.detail))


class NotFoundError(DomainError):
    """Absent, or not for this caller: the two look the same from outside."""

    code = "not_found"
    title = "There is no such thing here."


class ConflictError(DomainError):
    """The state of the thing forbids it now."""

    code = "conflict"
    title = "The current state does not allow this."


class StaleError(DomainError):
    """The thing has changed since the caller read it: read it again, and decide again."""

    code = "stale"
    title = "This has changed since you read it."


class ForbiddenError(DomainError):
    """The caller may see the thing and may not do this to it."""

    code = "forbidden"
    title = "This is not allowed for you."


class UnprocessableError(DomainError):
    """Well-formed, and it can never be right as it is."""

    code = "unprocessable"
    title = "The content of the request cannot be processed."


class TooManyError(DomainError):
    """A limit of frequency. ``retry_after_s`` says when the next try may succeed."""

    code = "too_many"
    title = "Too many requests."

    def __init__(self, detail: str | None = None, /, *, retry_after_s: int, **facts: object) -> None:
        super().__init__(detail, retry_after_s=retry_after_s, **facts)
        self.retry_after_s = retry_after_s
