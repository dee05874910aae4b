"""A further identity for a member: the plastic card they already had, a second phone, an e-mail."""

from datetime import datetime
from typing import Final

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, func, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import ConflictError
from loyalty.identities import EMAIL, PHONE, KnownBy, LookupKey
from loyalty.members.registration import IdentityTakenError, claim_identities, holder_of
from loyalty.members.survivors import lock_surviving_member
from loyalty.models import PersonIdentity

MOST_PER_MEMBER: Final = 20


class CardHasPointsError(ConflictError):
    """The card belongs to a member whom nobody has proved to be: it collected before its owner registered.

    ``holder_id`` is that member. A merge makes the two one; who may ask for it is the caller's to decide.
    """

    code = "card_has_its_own_account"
    title = "The card has an account of its own, which must be merged with yours first."

    def __init__(self, holder_id: int) -> None:
        super().__init__()
        self.holder_id = holder_id


class TooManyIdentitiesError(ConflictError):
    """A member has a bounded number of identities."""

    code = "too_many_identities"
    title = "No more identities can be attached."


async def attach_identity(
    session: WriteSession,
    member_id: int,
    known_by: KnownBy,
    *,
    verified: bool,
    lookup_key: LookupKey,
    now: datetime,
) -> bool:
    """Make ``known_by`` the surviving member's. False when it was already; a proof newly given is recorded either way.

    Raises ``MemberNotFoundError``, ``CardHasPointsError`` when its holder is anonymous, ``IdentityTakenError`` when the
    holder has a phone or an e-mail, ``TooManyIdentitiesError``.
    """
    # The member's row is locked, so that nobody is given an identity who is just being merged or erased.
    member_id = (await lock_surviving_member(session, member_id)).member_id
    claimed = await claim_identities(session, member_id, (known_by,), lookup_key=lookup_key, now=now)
    if not claimed:
        holder = await holder_of(session, known_by, lookup_key=lookup_key)
        if holder is None:
            raise IdentityTakenError(kind=known_by.kind)
        if holder.member_id != member_id:
            if known_by.kind not in (PHONE, EMAIL) and await is_anonymous(session, holder.member_id):
                raise CardHasPointsError(holder.member_id)
            raise IdentityTakenError(kind=known_by.kind)
    elif await _count(session, member_id) >= MOST_PER_MEMBER:
        raise TooManyIdentitiesError(most=MOST_PER_MEMBER)
    await _note(session, member_id, known_by, verified_at=now if verified else None, now=now)
    return bool(claimed)


async def is_anonymous(session: ReadSession, member_id: int) -> bool:
    """Whether no phone and no e-mail leads to the member: a card that somebody carries."""
    statement = select(func.count()).where(
        col(PersonIdentity.member_id) == member_id, col(PersonIdentity.kind).in_((PHONE, EMAIL))
    )
    return (await session.exec(statement)).one() == 0


async def _note(
    session: WriteSession, member_id: int, known_by: KnownBy, *, verified_at: datetime | None, now: datetime
) -> None:
    statement = insert(PersonIdentity).values(
        member_id=member_id, kind=known_by.kind, value=known_by.value, verified_at=verified_at, created_at=now
    )
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["member_id", "kind", "value"],
            set_={"verified_at": func.coalesce(statement.excluded.verified_at, col(PersonIdentity.verified_at))},
        )
    )


async def _count(session: ReadSession, member_id: int) -> int:
    statement = select(func.count()).where(col(PersonIdentity.member_id) == member_id)
    return (await session.exec(statement)).one()
