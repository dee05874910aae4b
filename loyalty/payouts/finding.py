"""Finding payouts: one, those of a member, those that staff work through."""

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement
from sqlmodel import and_, col, or_, select, tuple_
from sqlmodel.sql.expression import Select

from kernel.database import ReadSession
from kernel.errors import ConflictError, NotFoundError
from loyalty.models import Payout, PayoutPayee, Redemption
from loyalty.rewards.codes import redemption_id
from loyalty.rewards.states import OPEN

_of_redemption = and_(
    col(Redemption.member_id) == col(Payout.member_id), col(Redemption.redemption_no) == col(Payout.redemption_no)
)
_of_payee = and_(
    col(PayoutPayee.member_id) == col(Payout.member_id), col(PayoutPayee.redemption_no) == col(Payout.redemption_no)
)
_order = tuple_(col(Redemption.issued_at), col(Payout.member_id), col(Payout.redemption_no))


class PayoutNotFoundError(NotFoundError):
    """No payout answers to that, or none that this caller may see."""

    code = "payout_not_found"
    title = "There is no such payout."


class PayoutOwedError(ConflictError):
    """``payouts`` were approved and are neither paid nor failed: the member is owed money."""

    code = "payout_owed"
    title = "The member is owed money; a person without an account cannot be paid."


class FoundPayout(Struct, frozen=True):
    """A payout with its redemption; ``payee`` is None once it was removed."""

    payout: Payout
    redemption: Redemption
    payee: PayoutPayee | None

    @property
    def position(self) -> tuple[datetime, int, int]:
        """Where it stands in a list."""
        return self.redemption.issued_at, self.payout.member_id, self.payout.redemption_no


async def read_payout(session: ReadSession, key: tuple[int, int]) -> FoundPayout:
    """By member and number of its redemption, as it is stored now. Raises ``PayoutNotFoundError``."""
    wanted = (col(Payout.member_id) == key[0], col(Payout.redemption_no) == key[1])
    found = (await session.exec(_payouts().where(*wanted).execution_options(populate_existing=True))).one_or_none()
    if found is None:
        raise PayoutNotFoundError
    return FoundPayout(*found)


async def list_own_payouts(
    session: ReadSession, family: Collection[int], *, before: tuple[datetime, int, int] | None, limit: int
) -> Sequence[FoundPayout]:
    """The latest ``limit`` of a member and those merged into them, before a position (asked for, member, number)."""
    statement = _payouts().where(col(Payout.member_id).in_(family))
    if before is not None:
        statement = statement.where(_order < before)
    rows = await session.exec(statement.order_by(_order.desc()).limit(limit))
    return [FoundPayout(*row) for row in rows]


async def list_payouts(
    session: ReadSession,
    *,
    state: str | None,
    batch_id: int | None,
    after: tuple[datetime, int, int] | None,
    limit: int,
    now: datetime,
) -> Sequence[FoundPayout]:
    """The first ``limit`` after a position, the longest waiting first: what staff work through."""
    statement = _payouts()
    if state is not None:
        statement = statement.where(_in_state(state, now))
    if batch_id is not None:
        statement = statement.where(col(Payout.batch_id) == batch_id)
    if after is not None:
        statement = statement.where(_order > after)
    statement = statement.order_by(_order).limit(limit).execution_options(populate_existing=True)
    return [FoundPayout(*row) for row in await session.exec(statement)]


async def require_none_owed(session: ReadSession, family: Collection[int]) -> None:
    """The members are locked. Raises ``PayoutOwedError``."""
    statement = select(Payout.member_id, Payout.redemption_no).join(Redemption, _of_redemption)
    owed = (col(Payout.member_id).in_(family), col(Redemption.state) == "issued")
    rows = (await session.exec(statement.where(*owed).order_by(col(Payout.member_id), col(Payout.redemption_no)))).all()
    if rows:
        raise PayoutOwedError(None, payouts=[redemption_id(*row) for row in rows])


def _payouts() -> Select[Payout, Redemption, PayoutPayee]:
    return select(Payout, Redemption, PayoutPayee).join(Redemption, _of_redemption).outerjoin(PayoutPayee, _of_payee)


def _in_state(state: str, now: datetime) -> ColumnElement[bool]:
    """``payout_state`` in SQL."""
    stored = col(Redemption.state)
    is_over = stored.in_(OPEN) & (col(Redemption.expires_at) <= now)
    ended = {"cancelled": col(Payout.decision).is_(None), "refused": col(Payout.decision) == "refused"}
    match state:
        case "requested":
            return and_(stored == "reserved", ~is_over)
        case "approved":
            return and_(stored == "issued", col(Payout.batch_id).is_(None))
        case "exported":
            return and_(stored == "issued", col(Payout.batch_id).is_not(None))
        case "paid":
            return stored == "fulfilled"
        case "expired":
            return or_(stored == "expired", is_over)
        case _:
            return and_(stored == "cancelled", ended.get(state, col(Payout.decision) == "approved"))
