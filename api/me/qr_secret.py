"""The secret of the member's rotating code, for the phone to make codes without a network."""

from typing import Any

from litestar import Request, Response, get
from msgspec import Struct
from sqlmodel import col, select

from api.dependencies import Member, ServicesOf
from api.documented import NOT_MODIFIED, refusals
from api.etags import conditional
from loyalty.members.ids import PREFIX, MemberNotFoundError, member_public_id
from loyalty.members.qr import DIGITS, STEP_SECONDS, TEXT_PREFIX
from loyalty.models import Person


class QrSecretView(Struct, frozen=True, kw_only=True):
    """All that a phone needs for TOTP (RFC 6238) and for both pictures of the code."""

    secret: str
    """Base 32. To be kept in the phone's key store."""
    algorithm: str
    digits: int
    step_s: int
    qr_prefix: str
    """The QR code's text is this followed by the current code."""
    member_number: int
    """For the one-dimensional code: this number with leading zeros to an odd length of at least nine digits, the
    current code, and a Luhn check digit."""


@get(
    "/v1/me/qr-secret",
    operation_id="getMyQrSecret",
    summary="Secret and parameters of the rotating code",
    tags=["Member"],
    responses=NOT_MODIFIED | refusals(401, 404),
)
async def qr_secret(request: Request[Any, Any, Any], caller: Member, services: ServicesOf) -> Response[QrSecretView]:
    async with services.database.read() as session:
        secret = (
            await session.exec(select(Person.qr_secret).where(col(Person.member_id) == caller.member_id))
        ).one_or_none()
    if secret is None:
        raise MemberNotFoundError
    public = member_public_id(caller.member_id).removeprefix(f"{PREFIX}_").upper()
    view = QrSecretView(
        secret=secret,
        algorithm="SHA1",
        digits=DIGITS,
        step_s=STEP_SECONDS,
        qr_prefix=f"{TEXT_PREFIX}.{public}.",
        member_number=caller.member_id,
    )
    return conditional(request, view)
