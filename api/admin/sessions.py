"""Staff sign in with e-mail and password."""

from litestar import Controller, post
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.dependencies import ServicesOf
from api.documented import write_refusals
from api.rate_limits import Limit, RateLimitedError, limited
from api.security.access import issue_staff_access
from api.security.proving import prove_secret
from api.services import Services
from loyalty import identities
from loyalty.access.lockout import MOST_TRIES, PAUSE, CredentialsRefusedError, LockedOutError
from loyalty.access.passwords import matches
from loyalty.models import Staff
from loyalty.staff import find_staff, read_staff

STAFF_SIGN_INS = Limit("staff_sign_ins", 60, 600)
_STRANGERS = Limit("unknown_staff", MOST_TRIES, int(PAUSE.total_seconds()))


class StaffSignIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """E-mail and password."""

    email: fields.Email
    password: fields.Secret


class StaffSession(Struct, frozen=True, kw_only=True):
    """A token for the console, good for a working day."""

    access_token: str
    expires_in_s: int
    staff_id: str
    name: str
    roles: list[str]
    token_type: str = "Bearer"  # noqa: S105 - not a secret but its kind (RFC 6750)


class AdminSessions(Controller):
    """Who works in the console."""

    path = "/v1/admin/sessions"
    tags = ("Staff: sign-in",)
    opt = {"public": True}  # noqa: RUF012 - Litestar declares it as an instance's

    @post(
        operation_id="createStaffSession",
        summary="Sign in",
        description="Five wrong passwords lock the account for a quarter of an hour.",
        guards=[limited(STAFF_SIGN_INS)],
        responses=write_refusals(403, 422, 429),
    )
    async def create(self, data: JSONBody[StaffSignIn], services: ServicesOf) -> StaffSession:
        address = identities.email(data.email).value
        async with services.database.read() as session:
            staff = await find_staff(session, address)
        if staff is None or staff.status != "active":
            await _refuse_stranger(services, address, data.password)
            raise CredentialsRefusedError
        try:
            await prove_secret(services, Staff, staff.staff_id, data.password)
        except LockedOutError:
            raise _locked_out() from None
        async with services.database.read() as session:
            staff = await read_staff(session, staff.staff_id)
        access = issue_staff_access(services.signing_keys, staff, now=services.clock())
        return StaffSession(
            access_token=access.token,
            expires_in_s=access.expires_in_s,
            staff_id=staff.staff_id,
            name=staff.name,
            roles=staff.roles,
        )


def _locked_out() -> LockedOutError:
    """The same for everybody: what is left of a pause differs between an account and an e-mail that nobody has."""
    return LockedOutError(retry_after_s=int(PAUSE.total_seconds()))


async def _refuse_stranger(services: Services, address: str, password: str) -> None:
    """An e-mail that nobody has is refused like a wrong password: as slowly, and locked after as many tries."""
    try:
        await services.rate_limiter.take(_STRANGERS, services.lookup_key.digest("staff", address).hex())
    except RateLimitedError:
        raise _locked_out() from None
    await matches(None, password)
