"""An identity is taken from its member: a lost card, an old phone, an e-mail that was never theirs."""

from datetime import datetime

from sqlmodel import col, delete, select

from kernel.database import WriteSession, driver
from kernel.errors import ConflictError, NotFoundError
from loyalty.access.sessions import end_all_sessions
from loyalty.identities import EMAIL, PHONE, KnownBy, LookupKey
from loyalty.members.family import family_of
from loyalty.models import Identity, Member, PersonIdentity


class IdentityNotFoundError(NotFoundError):
    """The member has no such identity."""

    code = "identity_not_found"
    title = "The member has no such identity."


class LastIdentityError(ConflictError):
    """Nothing would lead to the member any more. Attach another one first."""

    code = "last_identity"
    title = "This is the member's last identity."


def identity_id(known_by: KnownBy, *, lookup_key: LookupKey) -> str:
    """A name for one of a member's identities that tells nothing about it, so that it may stand in an address."""
    return lookup_key.digest("identity_id", f"{known_by.kind}\0{known_by.value}").hex()[:16]


async def detach_identity(
    session: WriteSession, member_id: int, identity: str, *, lookup_key: LookupKey, now: datetime
) -> KnownBy:
    """Take the identity with this id from the (surviving) member; answers what it was. It is free again.

    Whoever signed in with a phone or an e-mail that is taken is signed out. Raises ``IdentityNotFoundError`` and
    ``LastIdentityError``.
    """
    # The member's row is locked, so that two removals at once cannot take the last two.
    await session.exec(
        select(Member.member_id).where(col(Member.member_id) == member_id).with_for_update(key_share=True)
    )
    rows = (await session.exec(select(PersonIdentity).where(col(PersonIdentity.member_id) == member_id))).all()
    known = {identity_id(one, lookup_key=lookup_key): one for one in (KnownBy(row.kind, row.value) for row in rows)}
    if identity not in known:
        raise IdentityNotFoundError
    if len(known) == 1:
        raise LastIdentityError
    taken = known[identity]
    await session.exec(
        delete(Identity).where(
            col(Identity.kind) == taken.kind,
            col(Identity.value_hash) == lookup_key.digest_of(taken),
            col(Identity.member_id) == member_id,
        )
    )
    await session.exec(
        delete(PersonIdentity).where(
            col(PersonIdentity.member_id) == member_id,
            col(PersonIdentity.kind) == taken.kind,
            col(PersonIdentity.value) == taken.value,
        )
    )
    if taken.kind in (PHONE, EMAIL):
        for relative in await family_of(await driver(session), member_id):
            await end_all_sessions(session, relative, because="identity_removed", now=now)
    return taken
