"""Litestar's request, with the two ways of failing to read JSON that it would take for errors of ours."""

from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import ClientException

from api.callers import Caller
from api.security.access import Access


class JsonRequest(Request[Caller, Access, State]):
    """Answers 400 to a body that is nested too deeply or is not UTF-8."""

    async def json(self) -> Any:
        try:
            return await super().json()
        except (RecursionError, UnicodeDecodeError):
            raise ClientException("The body is nested too deeply or is not UTF-8.") from None
