"""Who is calling: reads the bearer token once per request and puts the caller into the scope.

The path's root decides which audience's token opens it; a token of another is refused like none at all. Only routes
that say ``opt={"public": True}`` are open. A raw ASGI middleware with a small cache of verified tokens: checking an
ES256 signature costs 110 us, finding the token again 0.2.
"""

from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.exceptions import NotAuthorizedException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from api.callers import SystemCaller
from api.security import tokens
from api.security.access import Access, read_access
from api.security.revocations import RevocationList
from api.security.tokens import InvalidTokenError, TokenType
from api.services import Services
from kernel.errors import DomainError
from loyalty.access.keys import check_key

_TYPE_OF_ROOT: Final[dict[str, TokenType]] = {
    "me": tokens.MEMBER_ACCESS,
    "pos": tokens.TERMINAL_ACCESS,
    "admin": tokens.STAFF_ACCESS,
    "metrics": tokens.STAFF_ACCESS,
}
_SYSTEMS_ROOTS: Final = frozenset({"events", "invoices"})
AUDIENCE_ROOTS: Final = _SYSTEMS_ROOTS.union(_TYPE_OF_ROOT)
_MOST_CACHED: Final = 10_000
_KEY_TRUSTED_S: Final = 60.0

log = structlog.get_logger()


class Authentication(ASGIMiddleware):
    """Sets ``scope["user"]`` to the ``Caller`` and ``scope["auth"]`` to its ``Access``, or answers 401."""

    scopes = (ScopeType.HTTP,)
    exclude_opt_key = "public"

    def __init__(self) -> None:
        self._verified: dict[tuple[str, bytes], Access] = {}
        self._revocations = RevocationList()

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        services: Services = scope["litestar_app"].state.services
        access = await self._authenticate(_root(scope["path"]), _bearer(scope), services)
        scope["user"], scope["auth"] = access.caller, access
        await next_app(scope, receive, send)

    async def _authenticate(self, root: str, bearer: bytes, services: Services) -> Access:
        access = self._verified.get((root, bearer))
        if access is None:
            access = await self._verify(root, bearer, services)
            self._remember(root, bearer, access)
        elif access.expires_at <= services.clock().timestamp():
            del self._verified[root, bearer]
            return await self._authenticate(root, bearer, services)
        if await self._revocations.revokes(access, services):
            raise NotAuthorizedException("The token has been revoked.")
        return access

    async def _verify(self, root: str, bearer: bytes, services: Services) -> Access:
        try:
            text = bearer.decode("ascii")
            if root in _SYSTEMS_ROOTS:
                return await _system_access(text, services)
            token_type = _TYPE_OF_ROOT[root]
            return read_access(services.signing_keys, token_type, text, now=services.clock())
        except (InvalidTokenError, DomainError, UnicodeDecodeError, KeyError) as error:
            log.info("token_refused", root=root, reason=str(error))
            raise NotAuthorizedException("A valid token for this part of the API is needed.") from None

    def _remember(self, root: str, bearer: bytes, access: Access) -> None:
        if len(self._verified) >= _MOST_CACHED:
            del self._verified[next(iter(self._verified))]
        self._verified[root, bearer] = access


async def _system_access(key_text: str, services: Services) -> Access:
    """A system presents its key itself. It is looked up again each minute; revoking it works within seconds."""
    now = services.clock().timestamp()
    async with services.database.read() as session:
        key = await check_key(session, key_text)
    if key.terminal_id is not None:
        raise InvalidTokenError("a terminal's key")
    caller = SystemCaller(key.key_id, frozenset(key.scopes))
    return Access(caller, now, now + _KEY_TRUSTED_S, (f"key:{key.key_id}",))


def _root(path: str) -> str:
    """``pos`` of ``/v1/pos/purchases``."""
    parts = path.split("/", 3)
    return parts[2] if len(parts) > 2 and parts[1] == "v1" else ""


def _bearer(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            if scheme.lower() == b"bearer" and token:
                return token.strip()
    raise NotAuthorizedException("A bearer token is needed.")
