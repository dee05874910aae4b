"""People of the business who sign in to the console: made, given roles and passwords, gone."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import col, func, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import ConflictError, NotFoundError, UnprocessableError
from loyalty.access.passwords import hash_secret
from loyalty.access.revocations import revoke_tokens
from loyalty.identities import email as email_identity
from loyalty.models import Staff

ROLES: Final = frozenset({"owner", "manager", "marketer", "support", "analyst", "finance"})
_SHORTEST_PASSWORD: Final = 12
_LONGEST_PASSWORD: Final = 256


class StaffNotFoundError(NotFoundError):
    """No such person."""

    code = "staff_not_found"
    title = "There is no such person of staff."


class StaffExistsError(ConflictError):
    """Somebody signs in with this e-mail already."""

    code = "staff_exists"
    title = "There is somebody with this e-mail already."


class InvalidRolesError(UnprocessableError):
    """At least one role, and only ones that there are."""

    code = "invalid_roles"
    title = "Roles are one or more of owner, manager, marketer, support and analyst."


class WeakPasswordError(UnprocessableError):
    """Length is what counts (NIST SP 800-63B)."""

    code = "weak_password"
    title = "A password has 12 to 256 characters."


class LastOwnerError(ConflictError):
    """Without an owner nobody could make one."""

    code = "last_owner"
    title = "This is the last owner."


async def create_staff(
    session: WriteSession, *, email: str, name: str, password: str, roles: Collection[str], now: datetime
) -> Staff:
    """A new person of staff, found by e-mail when signing in."""
    address = email_identity(email).value
    if await find_staff(session, address) is not None:
        raise StaffExistsError
    staff = Staff(
        staff_id=secrets.token_hex(6),
        email=address,
        name=name,
        password_hash=await _hashed(password),
        roles=checked_roles(roles),
        created_at=now,
    )
    session.add(staff)
    await session.flush()
    return staff


async def create_first_owner(
    session: WriteSession, *, email: str, name: str, password: str, now: datetime
) -> Staff | None:
    """The installation's first owner; None, and nothing done, when there is any staff already."""
    if (await session.exec(select(func.count()).select_from(Staff))).one():
        return None
    return await create_staff(session, email=email, name=name, password=password, roles=["owner"], now=now)


async def find_staff(session: ReadSession, address: str) -> Staff | None:
    """Who signs in with this normalised e-mail, gone or not."""
    return (await session.exec(select(Staff).where(col(Staff.email) == address))).one_or_none()


async def read_staff(session: ReadSession, staff_id: str) -> Staff:
    staff = (await session.exec(select(Staff).where(col(Staff.staff_id) == staff_id))).one_or_none()
    if staff is None:
        raise StaffNotFoundError
    return staff


async def list_staff(session: ReadSession, *, after: str | None, limit: int) -> Sequence[Staff]:
    """``limit`` people of staff by id, those who left too, those behind ``after``."""
    statement = select(Staff).order_by(col(Staff.staff_id)).limit(limit)
    if after is not None:
        statement = statement.where(col(Staff.staff_id) > after)
    return (await session.exec(statement)).all()


async def change_roles(session: WriteSession, staff_id: str, *, roles: Collection[str], now: datetime) -> None:
    """Other roles from the next sign-in on; the present one is ended."""
    staff = await read_staff(session, staff_id)
    new_roles = checked_roles(roles)
    if "owner" not in new_roles:
        # Asked before the roles are changed, which the session would write ahead of the question.
        await _keep_an_owner(session, staff_id)
    staff.roles = new_roles
    session.add(staff)
    await revoke_tokens(session, f"staff:{staff_id}", now=now)


async def set_password(session: WriteSession, staff_id: str, *, password: str, now: datetime) -> None:
    """A new password, which also ends a lock-out. Who signed in with the old one is signed out."""
    staff = await read_staff(session, staff_id)
    staff.password_hash = await _hashed(password)
    staff.failed_attempts = 0
    staff.locked_until = None
    session.add(staff)
    await revoke_tokens(session, f"staff:{staff_id}", now=now)


async def dismiss_staff(session: WriteSession, staff_id: str, *, now: datetime) -> None:
    """The person cannot sign in any more and is signed out. What they did keeps their id."""
    staff = await read_staff(session, staff_id)
    await _keep_an_owner(session, staff_id)
    staff.status = "left"
    session.add(staff)
    await revoke_tokens(session, f"staff:{staff_id}", now=now)


def checked_roles(roles: Collection[str]) -> list[str]:
    if not roles or not ROLES.issuperset(roles):
        raise InvalidRolesError
    return sorted(set(roles))


async def _keep_an_owner(session: WriteSession, staff_id: str) -> None:
    # Every active owner is locked, so that two owners cannot dismiss each other at the same moment.
    owners = await session.exec(
        select(Staff.staff_id)
        .where(col(Staff.status) == "active", col(Staff.roles).contains(["owner"]))
        .order_by(col(Staff.staff_id))
        .with_for_update()
    )
    if set(owners) == {staff_id}:
        raise LastOwnerError


async def _hashed(password: str) -> str:
    if not _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise WeakPasswordError
    return await hash_secret(password)
