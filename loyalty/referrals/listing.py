"""Referrals as they stand."""

from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import col, select

from kernel.database import ReadSession, driver
from loyalty.members.family import family_of
from loyalty.models import Referral
from loyalty.referrals.errors import ReferralNotFoundError


async def referrals_by(
    session: ReadSession, member_id: int, *, below: int | None, limit: int
) -> tuple[Sequence[Referral], dict[str, int]]:
    """The latest friends of a surviving member, those with a number below ``below``, and how many each state has."""
    family = await family_of(await driver(session), member_id)
    theirs = col(Referral.referrer_id).in_(family)
    statement = select(Referral).where(theirs).order_by(col(Referral.member_id).desc()).limit(limit)
    if below is not None:
        statement = statement.where(col(Referral.member_id) < below)
    counted = await session.exec(select(Referral.state, func.count()).where(theirs).group_by(col(Referral.state)))
    return (await session.exec(statement)).all(), dict(counted.all())


async def referrals_of(session: ReadSession, family: Sequence[int]) -> Sequence[Referral]:
    """Who referred a member and those merged into them."""
    statement = select(Referral).where(col(Referral.member_id).in_(family)).order_by(col(Referral.member_id))
    return (await session.exec(statement)).all()


async def referrals_of_state(
    session: ReadSession, state: str | None, *, after: int | None, limit: int
) -> Sequence[Referral]:
    """``limit`` referrals by the friend's number, those behind ``after``."""
    statement = select(Referral).order_by(col(Referral.member_id)).limit(limit)
    if state is not None:
        statement = statement.where(col(Referral.state) == state)
    if after is not None:
        statement = statement.where(col(Referral.member_id) > after)
    return (await session.exec(statement)).all()


async def read_referral(session: ReadSession, member_id: int) -> Referral:
    """Who referred the member. Raises ``ReferralNotFoundError``."""
    referral = await session.get(Referral, member_id)
    if referral is None:
        raise ReferralNotFoundError
    return referral
