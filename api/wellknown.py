"""What others need to verify our tokens."""

from typing import Any

from litestar import get

from api.dependencies import ServicesOf


@get(
    "/.well-known/jwks.json",
    operation_id="getJwks",
    summary="Public signing keys",
    description="JWK Set (RFC 7517) of every key whose tokens are still accepted.",
    tags=["Discovery"],
    opt={"public": True},
)
async def jwks(services: ServicesOf) -> dict[str, Any]:
    return services.signing_keys.public_jwks()
