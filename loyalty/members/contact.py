"""Where a member can be reached with a code."""

from sqlmodel import col, select

from kernel.database import ReadSession
from kernel.errors import ConflictError
from loyalty.identities import EMAIL, PHONE, KnownBy
from loyalty.models import PersonIdentity


class NoAddressError(ConflictError):
    """The member has neither a phone nor an e-mail."""

    code = "no_address"
    title = "The member has no phone or e-mail to send a code to."


async def address_for_codes(session: ReadSession, member_id: int) -> KnownBy:
    """The member's phone, else e-mail; a proved one before others, the oldest first. Raises ``NoAddressError``."""
    rows = await session.exec(
        select(PersonIdentity)
        .where(col(PersonIdentity.member_id) == member_id, col(PersonIdentity.kind).in_((PHONE, EMAIL)))
        .order_by(
            (col(PersonIdentity.kind) == PHONE).desc(),
            col(PersonIdentity.verified_at).asc().nulls_last(),
            col(PersonIdentity.created_at),
            col(PersonIdentity.value),
        )
        .limit(1)
    )
    row = rows.one_or_none()
    if row is None:
        raise NoAddressError
    return KnownBy(row.kind, row.value)
