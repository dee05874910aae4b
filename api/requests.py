"""Litestar's request, with bodies read once, strictly, straight into the type that the handler declares.

Litestar would decode a body into plain objects and convert those leniently, so that ``"5"`` passes for a number. Here a
number is a number, and the cost of the plain objects is saved.
"""

from functools import lru_cache
from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import ClientException, ValidationException
from litestar.params import SkipValidationMarker

from api.callers import Caller
from api.security.access import Access

_AT = " - at `$"


class JsonRequest(Request[Caller, Access, State]):
    """Answers 400 to a body that is no JSON, not UTF-8, nested too deeply, or not what the handler takes.

    A handler that declares its body with ``SkipValidation`` gets the bytes and reads them with ``decode_body``.
    """

    async def json(self) -> Any:
        field = self.route_handler.parsed_data_field
        body = await self.body()
        if field is not None and field.has_metadata(SkipValidationMarker):
            return body
        return decode_body(body, field.annotation if field else Any)


def decode_body(body: bytes | msgspec.Raw, body_type: Any) -> Any:
    """JSON as ``body_type``. Raises ``ClientException``; ``ValidationException`` where it is JSON and does not fit."""
    try:
        return _decoder(body_type).decode(body or b"null")
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(_AT)
        at = place.rstrip("`").removeprefix(".")
        raise ValidationException("The body does not fit.", extra=[{"key": at, "message": message}]) from None
    except (RecursionError, UnicodeDecodeError):
        raise ClientException("The body is nested too deeply or is not UTF-8.") from None
    except msgspec.DecodeError as error:
        raise ClientException(str(error)) from None


@lru_cache(maxsize=512)
def _decoder(body_type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(body_type)
