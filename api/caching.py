"""Nobody in between keeps an answer: many hold a token, a code or a person's data."""

from litestar.types import Message, Scope

_NAME = b"cache-control"


async def keep_from_caches(message: Message, _: Scope) -> None:
    """A ``before_send`` hook: ``Cache-Control: no-store`` (RFC 9111, 5.2.2.5) unless the answer says otherwise."""
    if message["type"] == "http.response.start":
        headers = [*message.get("headers", ())]
        if not any(name.lower() == _NAME for name, _ in headers):
            message["headers"] = [*headers, (_NAME, b"no-store")]
