"""One-time codes: six digits to a phone or an e-mail, five tries, ten minutes, once.

A try is counted in the statement that finds the code, so that of any number of parallel tries five are compared. An
address gets at most ``MOST_PER_HOUR`` codes an hour, counted in PostgreSQL under a lock of that address: together
that is 25 guesses an hour at a million possibilities, with or without Redis.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct
from sqlalchemy import delete, func, update
from sqlmodel import col, select

from kernel.database import WriteSession
from kernel.errors import ForbiddenError, TooManyError
from loyalty.identities import KnownBy, LookupKey
from loyalty.models import OneTimeCode

VALID_FOR: Final = timedelta(minutes=10)
MOST_TRIES: Final = 5
MOST_PER_HOUR: Final = 5
_HOUR: Final = timedelta(hours=1)

Purpose = Literal["sign_in", "attach", "spend"]


class CodeNotAcceptedError(ForbiddenError):
    """Wrong, used, expired, tried too often or of another address: the answer does not say which."""

    code = "code_not_accepted"
    title = "The code was not accepted. Ask for a new one if it does not work."


class TooManyCodesError(TooManyError):
    """The address has had its codes for this hour, whether or not a member has it."""

    code = "too_many_codes"
    title = "Too many codes were asked for. Try again later."


class CodeScope(Struct, frozen=True, kw_only=True):
    """What a code is good for. It is accepted only for exactly this."""

    purpose: Purpose
    known_by: KnownBy
    member_id: int | None = None
    terminal_id: str | None = None


class IssuedCode(Struct, frozen=True):
    """A fresh code. ``code`` is for the message to its owner and for nothing else."""

    code_id: str
    code: str
    expires_at: datetime


async def issue_code(session: WriteSession, scope: CodeScope, *, lookup_key: LookupKey, now: datetime) -> IssuedCode:
    """A new code; earlier ones stay good. Raises ``TooManyCodesError``."""
    value_hash = lookup_key.digest_of(scope.known_by)
    await _refuse_too_many(session, scope.known_by.kind, value_hash, now=now)
    code_id = secrets.token_urlsafe(16)
    code = f"{secrets.randbelow(1_000_000):06}"
    session.add(
        OneTimeCode(
            code_id=code_id,
            purpose=scope.purpose,
            kind=scope.known_by.kind,
            value_hash=value_hash,
            code_hash=_code_hash(lookup_key, code_id, code),
            member_id=scope.member_id,
            terminal_id=scope.terminal_id,
            created_at=now,
            expires_at=now + VALID_FOR,
        )
    )
    await session.flush()
    return IssuedCode(code_id, code, now + VALID_FOR)


async def try_code(
    session: WriteSession, code_id: str, code: str, scope: CodeScope, *, lookup_key: LookupKey, now: datetime
) -> CodeNotAcceptedError | None:
    """Use up one try, and the code itself when it is right. None when it was accepted.

    The refusal is a value because the try has to be committed with it.
    """
    statement = (
        update(OneTimeCode)
        .where(
            col(OneTimeCode.code_id) == code_id,
            col(OneTimeCode.used_at).is_(None),
            col(OneTimeCode.attempts) < MOST_TRIES,
            col(OneTimeCode.expires_at) > now,
        )
        .values(attempts=col(OneTimeCode.attempts) + 1)
        .returning(OneTimeCode)
    )
    row = (await session.exec(statement)).scalar_one_or_none()
    if row is None:
        return CodeNotAcceptedError()
    expected = (scope.purpose, scope.known_by.kind, lookup_key.digest_of(scope.known_by))
    in_scope = expected == (row.purpose, row.kind, row.value_hash)
    in_scope = in_scope and (row.member_id, row.terminal_id) == (scope.member_id, scope.terminal_id)
    right = secrets.compare_digest(row.code_hash, _code_hash(lookup_key, code_id, code))
    if not (in_scope and right):
        return CodeNotAcceptedError()
    await session.exec(update(OneTimeCode).where(col(OneTimeCode.code_id) == code_id).values(used_at=now))
    return None


async def forget_old_codes(session: WriteSession, *, now: datetime) -> None:
    """Remove codes that neither work nor count towards the hour's limit any more."""
    await session.exec(delete(OneTimeCode).where(col(OneTimeCode.expires_at) < now - _HOUR))


async def _refuse_too_many(session: WriteSession, kind: str, value_hash: bytes, *, now: datetime) -> None:
    await session.exec(select(func.pg_advisory_xact_lock(int.from_bytes(value_hash[:8], "big", signed=True))))
    sent, oldest = (
        await session.exec(
            select(func.count(), func.min(OneTimeCode.created_at)).where(
                col(OneTimeCode.kind) == kind,
                col(OneTimeCode.value_hash) == value_hash,
                col(OneTimeCode.created_at) > now - _HOUR,
            )
        )
    ).one()
    if sent >= MOST_PER_HOUR:
        raise TooManyCodesError(retry_after_s=max(1, round((oldest + _HOUR - now).total_seconds())))


def _code_hash(lookup_key: LookupKey, code_id: str, code: str) -> bytes:
    return lookup_key.digest("one_time_code", f"{code_id}\0{code}")
