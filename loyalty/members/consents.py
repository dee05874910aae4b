"""What a member agreed to and withdrew: every answer is kept, and the last of a purpose and channel counts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession, driver
from kernel.errors import UnprocessableError
from loyalty.members.family import family_of
from loyalty.models import Consent

MOST_PER_MEMBER: Final = 100
"""Purposes and channels together: many times what a business asks, and few enough to be read at every till."""


class ConsentRepeatedError(UnprocessableError):
    """A ``purpose`` and ``channel`` stand twice in one list: which of the two answers counts cannot be told."""

    code = "consent_repeated"
    title = "Each purpose and channel is answered once."


class TooManyConsentsError(UnprocessableError):
    """A member answers a bounded number of questions."""

    code = "too_many_consents"
    title = "No more purposes and channels can be answered."


class ConsentGiven(Struct, frozen=True, kw_only=True):
    """What a member agreed to or refused, and where they were asked."""

    purpose: str
    channel: str
    granted: bool
    source: str
    """Who asked: ``terminal:<id>/<cashier>``, ``staff:<id>`` or ``member``."""
    text_version: str


async def read_consents(session: ReadSession, members: Sequence[int]) -> Sequence[Consent]:
    """Every consent given or withdrawn, the first first."""
    statement = (
        select(Consent)
        .where(col(Consent.member_id).in_(members))
        .order_by(col(Consent.recorded_at), col(Consent.purpose), col(Consent.channel))
    )
    return (await session.exec(statement)).all()


async def standing_consents(session: ReadSession, member_id: int) -> list[Consent]:
    """The surviving member's last answer to each purpose and channel, by these."""
    family = await family_of(await driver(session), member_id)
    last = {(consent.purpose, consent.channel): consent for consent in await read_consents(session, family)}
    return [last[key] for key in sorted(last)]


async def record_consents(
    session: WriteSession, member_id: int, consents: Sequence[ConsentGiven], *, now: datetime
) -> list[ConsentGiven]:
    """Keep the answers that differ from those that stand, and answer them: said again, nothing is written.

    Raises ``ConsentRepeatedError`` and ``TooManyConsentsError``.
    """
    asked = [(consent.purpose, consent.channel) for consent in consents]
    for purpose, channel in asked:
        if asked.count((purpose, channel)) > 1:
            raise ConsentRepeatedError(purpose=purpose, channel=channel)
    if not consents:
        return []
    standing = {
        (consent.purpose, consent.channel): (consent.granted, consent.text_version)
        for consent in await standing_consents(session, member_id)
    }
    further = set(asked) - standing.keys()
    if further and len(standing) + len(further) > MOST_PER_MEMBER:
        raise TooManyConsentsError(most=MOST_PER_MEMBER)
    new = [
        consent
        for consent in consents
        if standing.get((consent.purpose, consent.channel)) != (consent.granted, consent.text_version)
    ]
    if new:
        rows = [
            {
                "member_id": member_id,
                "purpose": consent.purpose,
                "channel": consent.channel,
                "recorded_at": now,
                "granted": consent.granted,
                "source": consent.source,
                "text_version": consent.text_version,
            }
            for consent in new
        ]
        statement = insert(Consent).values(rows)
        # Two answers of one microsecond: the later one counts.
        kept = {name: statement.excluded[name] for name in ("granted", "source", "text_version")}
        key = ["member_id", "purpose", "channel", "recorded_at"]
        await session.exec(statement.on_conflict_do_update(index_elements=key, set_=kept))
    return new
