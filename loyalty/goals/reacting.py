"""What goals do when a member has bought, brought something back, or was merged.

The periods that the facts fall into are counted anew from what is in the books, under the member's lock. So it does not
matter how often, how late or in which order this is told of them.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from kernel.database import WriteSession, driver
from loyalty.events import GoodsReturned, MembersMerged, PurchaseRecorded, PurchaseRefunded
from loyalty.goals.declared import declared_goals
from loyalty.goals.keeping import act_on, note_due
from loyalty.goals.periods import period_of
from loyalty.goals.reviewing import review_goals
from loyalty.ledger.forwarding import lock_survivors
from loyalty.members.family import family_of

if TYPE_CHECKING:
    from asyncpg import Connection, Record

BoughtEvent: TypeAlias = PurchaseRecorded | PurchaseRefunded | GoodsReturned | MembersMerged

_DAY: Final = "(evaluation -> 'purchase' ->> 'local_date')::date"
_DAYS: Final = f"""
SELECT member_id, {_DAY} AS day FROM unnest($1::bigint[], $2::bigint[]) AS told (member_id, purchase_no)
JOIN purchase USING (member_id, purchase_no) WHERE evaluation ? 'purchase'
"""  # noqa: S608 - our own words
_ALL_DAYS: Final = f"""
SELECT DISTINCT {_DAY} AS day FROM purchase WHERE member_id = ANY($1::bigint[]) AND evaluation ? 'purchase'
"""  # noqa: S608 - our own words


async def follow_goals(session: WriteSession, events: Sequence[BoughtEvent], *, now: datetime) -> None:
    """Pay what the facts of ``events`` reach, and take back what they undo."""
    connection = await driver(session)
    goals = await declared_goals(connection)
    if not goals.kinds:
        return
    accounts, owners = await lock_survivors(connection, {event.member_id for event in events})
    days: defaultdict[int, set[date]] = defaultdict(set)
    for member_id, day in await _days_of(connection, events):
        days[owners[member_id]].add(day)
    reviews = []
    for member_id in sorted(days):
        account = accounts[member_id]
        if account.status == "erased":
            continue
        periods = {period_of(kind, day) for kind in goals.kinds for day in days[member_id]}
        reviews.append(await review_goals(session, member_id, goals, periods=periods))
        await note_due(connection, account, periods, goals, now=now)
    await act_on(session, reviews, now=now)


async def _days_of(connection: "Connection[Record]", events: Collection[BoughtEvent]) -> list[tuple[int, date]]:
    """Member and local day of every fact that ``events`` tell of."""
    days: list[tuple[int, date]] = []
    sales = [(event.member_id, event.purchase_no) for event in events if hasattr(event, "purchase_no")]
    for member_id, day in await connection.fetch(_DAYS, *_columns(sales)):
        days.append((member_id, day))
    for event in events:
        if isinstance(event, GoodsReturned):
            days.append((event.member_id, event.local_date))
        elif isinstance(event, MembersMerged):
            past = await family_of(connection, event.source_member_id)
            days += [(event.member_id, row["day"]) for row in await connection.fetch(_ALL_DAYS, past)]
    return days


def _columns(pairs: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [first for first, _ in pairs], [second for _, second in pairs]
