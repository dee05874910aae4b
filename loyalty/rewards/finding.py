"""Finding redemptions: by number, by code, of a member, for staff."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import and_, col, or_, select, tuple_

from kernel.database import ReadSession
from loyalty.models import Redemption, RedemptionCode
from loyalty.programme.rewards import PAYOUT
from loyalty.rewards.codes import RedemptionNotFoundError
from loyalty.rewards.states import OPEN


async def read_redemption(session: ReadSession, key: tuple[int, int]) -> Redemption:
    """By member and number, as it is stored now: read again where the session has seen it before its lock.

    Raises ``RedemptionNotFoundError``.
    """
    statement = select(Redemption).where(col(Redemption.member_id) == key[0], col(Redemption.redemption_no) == key[1])
    found = (await session.exec(statement.execution_options(populate_existing=True))).one_or_none()
    if found is None:
        raise RedemptionNotFoundError
    return found


async def key_of_code(session: ReadSession, code: str) -> tuple[int, int]:
    """Member and number of what ``code``, in its kept form, shows.

    Raises ``RedemptionNotFoundError``, also for a payout: no till hands out money.
    """
    shown = and_(
        col(Redemption.member_id) == col(RedemptionCode.member_id),
        col(Redemption.redemption_no) == col(RedemptionCode.redemption_no),
        col(Redemption.kind) != PAYOUT,
    )
    statement = select(RedemptionCode.member_id, RedemptionCode.redemption_no).join(Redemption, shown)
    found = (await session.exec(statement.where(col(RedemptionCode.shown_code) == code))).one_or_none()
    if found is None:
        raise RedemptionNotFoundError
    return found


async def list_own(
    session: ReadSession, family: Collection[int], *, before: tuple[datetime, int, int] | None, limit: int
) -> Sequence[Redemption]:
    """The latest ``limit`` of a member and those merged into them, before a position (issued, member, number)."""
    order = tuple_(col(Redemption.issued_at), col(Redemption.member_id), col(Redemption.redemption_no))
    statement = select(Redemption).where(col(Redemption.member_id).in_(family))
    if before is not None:
        statement = statement.where(order < before)
    return (await session.exec(statement.order_by(order.desc()).limit(limit))).all()


async def list_by_state(
    session: ReadSession,
    *,
    state: str | None,
    reward: str | None,
    family: Collection[int] | None = None,
    after: tuple[datetime, int, int] | None,
    limit: int,
    now: datetime,
) -> Sequence[Redemption]:
    """The first ``limit`` after a position, the longest waiting first: what staff work through.

    ``family``: only those of a member and of those merged into them.
    """
    order = tuple_(col(Redemption.issued_at), col(Redemption.member_id), col(Redemption.redemption_no))
    statement = select(Redemption)
    overdue = col(Redemption.state).in_(OPEN) & (col(Redemption.expires_at) <= now)
    if state == "expired":
        statement = statement.where(or_(col(Redemption.state) == state, overdue))
    elif state is not None:
        statement = statement.where(col(Redemption.state) == state)
    if state in OPEN:
        statement = statement.where(or_(col(Redemption.expires_at).is_(None), col(Redemption.expires_at) > now))
    if reward is not None:
        statement = statement.where(col(Redemption.reward) == reward)
    if family is not None:
        statement = statement.where(col(Redemption.member_id).in_(family))
    if after is not None:
        statement = statement.where(order > after)
    return (await session.exec(statement.order_by(order).limit(limit))).all()
