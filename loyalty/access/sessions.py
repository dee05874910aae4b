"""Sessions of members' phones, kept alive by refresh tokens that change with every use.

The refresh token of generation *n* is a keyed hash of the session's random seed and *n*: neither a copy of the
database nor the server's key alone makes one. A token older than the current generation shows that two hold the
session, and ends it for both (RFC 9700, 4.14.2). The last one before is forgiven for ``GRACE``, since the answer
with its successor may have been lost, and gets the same successor again.
"""

import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from sqlalchemy import update
from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import ForbiddenError
from kernel.ids import InvalidPublicIdError, decode_public_id, encode_public_id
from loyalty.access.revocations import revoke_tokens
from loyalty.identities import LookupKey
from loyalty.members.ids import MemberNotFoundError
from loyalty.members.survivors import surviving_member
from loyalty.models import MemberSession

GRACE: Final = timedelta(seconds=30)
RECENT: Final = timedelta(minutes=10)
IDLE_LIFETIME: Final = timedelta(days=90)
"""A session that is not refreshed for so long is over."""
_PREFIX: Final = "cbr"
_FORM: Final = re.compile(r"(cbr_[0-9a-z-]{1,40})\.([0-9a-f]{24})\.([0-9a-f]{64})\Z", re.ASCII)


class SessionEndedError(ForbiddenError):
    """The refresh token is not, or no longer, good: sign in again."""

    code = "session_ended"
    title = "The session is over. Sign in again."


class RecentSignInNeededError(ForbiddenError):
    """What cannot be undone is asked for by somebody who has just shown that the address is theirs."""

    code = "recent_sign_in_needed"
    title = "Sign in again with a code, then repeat this within ten minutes."


class LiveSession(Struct, frozen=True):
    """A signed-in phone with the refresh token that is good now."""

    member_id: int
    """The surviving member, where the one who signed in has been merged."""
    session_id: str
    refresh_token: str
    expires_at: datetime


async def open_session(session: WriteSession, member_id: int, *, lookup_key: LookupKey, now: datetime) -> LiveSession:
    """A new session of its own: signing in on one phone leaves the others signed in."""
    row = MemberSession(
        member_id=member_id,
        session_id=secrets.token_hex(12),
        seed=secrets.token_bytes(32),
        generation=1,
        rotated_at=now,
        created_at=now,
        expires_at=now + IDLE_LIFETIME,
    )
    session.add(row)
    await session.flush()
    return _live(row, member_id, lookup_key)


async def rotate(
    session: WriteSession, refresh_token: str, *, lookup_key: LookupKey, now: datetime
) -> LiveSession | SessionEndedError:
    """The session with its next refresh token. The refusal is a value: a reuse has ended the session for good."""
    presented = _parse(refresh_token)
    if presented is None:
        return SessionEndedError()
    member_id, session_id, generation, secret = presented
    row = await _locked(session, member_id, session_id)
    if row is None or not secrets.compare_digest(_secret(row.seed, generation, lookup_key), secret):
        return SessionEndedError()
    if row.ended_at is not None or row.expires_at <= now:
        return SessionEndedError()
    lost_answer = generation == row.generation - 1 and now - row.rotated_at <= GRACE
    if generation != row.generation and not lost_answer:
        await end_session(session, [member_id], session_id, because="reuse", now=now)
        return SessionEndedError()
    try:
        survivor = await surviving_member(session, member_id)
    except MemberNotFoundError:
        return SessionEndedError()
    if not lost_answer:
        row.generation += 1
        row.rotated_at = now
        row.expires_at = now + IDLE_LIFETIME
        session.add(row)
        await session.flush()
    return _live(row, survivor.member_id, lookup_key)


async def end_session(
    session: WriteSession, members: Collection[int], session_id: str, *, because: str, now: datetime
) -> None:
    """No refresh from now on, and the access tokens already out are refused. Ending twice changes nothing.

    ``members`` are the member and those merged into them: a session stays under the number it was opened for.
    """
    await session.exec(
        update(MemberSession)
        .where(
            col(MemberSession.member_id).in_(members),
            col(MemberSession.session_id) == session_id,
            col(MemberSession.ended_at).is_(None),
        )
        .values(ended_at=now, ended_because=because)
    )
    await revoke_tokens(session, f"session:{session_id}", now=now)


async def end_all_sessions(session: WriteSession, member_id: int, *, because: str, now: datetime) -> None:
    """All phones of a member are signed out: after a merge, an erasure, a stolen phone."""
    await session.exec(
        update(MemberSession)
        .where(col(MemberSession.member_id) == member_id, col(MemberSession.ended_at).is_(None))
        .values(ended_at=now, ended_because=because)
    )
    await revoke_tokens(session, f"member:{member_id}", now=now)


async def require_recent_sign_in(
    session: ReadSession, members: Collection[int], session_id: str, *, now: datetime
) -> None:
    """Return when the phone signed in, with a code, no longer than ``RECENT`` ago. Refreshing does not count.

    ``members`` are the member and those merged into them. Raises ``RecentSignInNeededError``.
    """
    signed_in_at = await session.exec(
        select(MemberSession.created_at).where(
            col(MemberSession.member_id).in_(members),
            col(MemberSession.session_id) == session_id,
            col(MemberSession.ended_at).is_(None),
            col(MemberSession.created_at) > now - RECENT,
        )
    )
    if signed_in_at.one_or_none() is None:
        raise RecentSignInNeededError(most_s=int(RECENT.total_seconds()))


async def _locked(session: WriteSession, member_id: int, session_id: str) -> MemberSession | None:
    statement = (
        select(MemberSession)
        .where(col(MemberSession.member_id) == member_id, col(MemberSession.session_id) == session_id)
        .with_for_update()
    )
    return (await session.exec(statement)).one_or_none()


def _live(row: MemberSession, member_id: int, lookup_key: LookupKey) -> LiveSession:
    address = encode_public_id(_PREFIX, row.member_id, row.generation)
    token = f"{address}.{row.session_id}.{_secret(row.seed, row.generation, lookup_key)}"
    return LiveSession(member_id, row.session_id, token, row.expires_at)


def _secret(seed: bytes, generation: int, lookup_key: LookupKey) -> str:
    return lookup_key.digest("refresh_token", f"{seed.hex()}\0{generation}").hex()


def _parse(refresh_token: str) -> tuple[int, str, int, str] | None:
    match = _FORM.match(refresh_token)
    if match is None:
        return None
    address, session_id, secret = match.groups()
    try:
        member_id, generation = decode_public_id(_PREFIX, address, count=2)
    except InvalidPublicIdError:
        return None
    return member_id, session_id, generation, secret
