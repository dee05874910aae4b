"""The code that a member gives to friends."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from kernel.database import WriteSession, driver
from loyalty.members.family import family_of
from loyalty.members.ids import MemberNotFoundError
from loyalty.members.survivors import lock_surviving_member, surviving_member
from loyalty.referrals.errors import ReferralCodeUnknownError

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without characters that are read for others."""
_LENGTH: Final = 8
_FIND = "SELECT code FROM referral_code WHERE member_id = ANY($1::bigint[]) ORDER BY created_at, code"
_CLAIM = "INSERT INTO referral_code (code, member_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
_HOLDER = "SELECT member_id FROM referral_code WHERE code = $1"


async def own_code(session: WriteSession, member_id: int, *, now: datetime) -> str:
    """The member's code, made when it is first asked for. Raises ``MemberNotFoundError``."""
    connection = await driver(session)
    member = await lock_surviving_member(session, member_id)
    family = await family_of(connection, member.member_id)
    while not (codes := await codes_of(connection, family)):
        drawn = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        await connection.execute(_CLAIM, drawn, member.member_id, now)
    return codes[0]


async def codes_of(connection: "Connection[Record]", family: Sequence[int]) -> list[str]:
    """The codes of a member and those who were merged into them, the first one in front; all of them lead here."""
    return [row["code"] for row in await connection.fetch(_FIND, family)]


async def owner_of(session: WriteSession, code: str) -> int:
    """Whose code it is now. Raises ``ReferralCodeUnknownError``, also for somebody who is no longer served."""
    holder: int | None = await (await driver(session)).fetchval(_HOLDER, _as_kept(code))
    if holder is None:
        raise ReferralCodeUnknownError
    try:
        owner = await surviving_member(session, holder)
    except MemberNotFoundError:
        raise ReferralCodeUnknownError from None
    if owner.status != "active":
        raise ReferralCodeUnknownError
    return owner.member_id


def _as_kept(code: str) -> str:
    """However it was typed."""
    return code.replace(" ", "").replace("-", "").upper()
