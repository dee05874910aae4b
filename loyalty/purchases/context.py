"""What a batch of sales needs to know besides its members: stores, catalogue, facts, counters. Read at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from kernel.database import Query, Row, fetch_together
from loyalty.counters import CounterQuery, Counters
from loyalty.earning.purchase import EarningPurchase, EarnLine, MemberFacts, StoreFacts, Tender
from loyalty.ledger.account import Account
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.purchases.sale import Sale, SaleLine

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_STORES = "SELECT store_id, zone, currency, legal_entity FROM store WHERE store_id = ANY($1::text[])"
_ITEMS = "SELECT sku, category, brand, tags FROM catalogue_item WHERE sku = ANY($1::text[])"
_CASHIERS = "SELECT cashier_id, store_id FROM cashier WHERE cashier_id = ANY($1::text[])"
_FACTS = """
SELECT m.member_id, f.purchases_count, f.spend_minor, f.last_purchase_on, p.birthday
FROM unnest($1::bigint[]) AS m (member_id)
LEFT JOIN member_fact f USING (member_id) LEFT JOIN person p USING (member_id)
"""
_LISTS = """
SELECT s.segment_code::text FROM segment_member s WHERE s.member_id = m.member_id AND s.segment_code = ANY($2::text[])
"""
_FACTS_AND_LISTS = _FACTS.replace("p.birthday", f"p.birthday, ARRAY({_LISTS})")


class StoreRow(NamedTuple):
    """A store as sales see it."""

    store_id: str
    zone: str
    currency: str
    legal_entity: str


class Item(NamedTuple):
    """What the catalogue says of a SKU."""

    category: str = ""
    brand: str = ""
    tags: tuple[str, ...] = ()


class Past(NamedTuple):
    """What is known of a member besides the ledger."""

    purchases_count: int = 0
    spend_minor: int = 0
    last_purchase_on: date | None = None
    birthday: date | None = None
    segments: frozenset[str] = frozenset()
    """The lists that were asked for and that the member stands on."""


UNKNOWN_ITEM = Item()
_UNKNOWN_PAST = Past()


@dataclass(frozen=True, slots=True)
class Context:
    """Read once for a batch; ``counters`` is counted on while its sales are evaluated."""

    stores: Mapping[str, StoreRow]
    cashiers: Mapping[str, str | None]
    """Cashier to the store they work in, None for all. Those who have left, too: their sales come late."""
    items: Mapping[str, Item]
    pasts: dict[int, Past]
    counters: Counters


async def load_context(
    connection: "Connection[Record]",
    sales: Sequence[Sale],
    member_ids: Collection[int],
    *,
    days: Collection[date],
    lists: Collection[str] = (),
) -> Context:
    """What evaluating ``sales`` of members needs, without any budget. ``days``: the UTC days they happened on.

    ``lists``: the segments kept as lists that rules ask about.
    """
    asked = ContextQueries(sales, member_ids, days=days, lists=lists)
    return asked.context(await fetch_together(connection, *asked.queries))


class ContextQueries:
    """The queries for a ``Context``, to be sent together with others, and the context out of their rows."""

    def __init__(
        self,
        sales: Sequence[Sale],
        member_ids: Collection[int],
        *,
        days: Collection[date],
        lists: Collection[str] = (),
    ) -> None:
        local_days = {day + timedelta(days=shift) for day in days for shift in (-1, 0, 1)}
        self._counters = CounterQuery(member_ids, local_days)
        self.queries = (
            Query(_STORES, (list({sale.store_id for sale in sales}),)),
            Query(_CASHIERS, (list({sale.cashier_id for sale in sales if sale.cashier_id is not None}),)),
            Query(_ITEMS, (list({line.sku for sale in sales for line in sale.lines}),)),
            past_query(member_ids, lists),
            self._counters.query,
        )

    def context(self, answers: Sequence[Sequence[Row]]) -> Context:
        """The context out of the rows of ``queries``, in their order."""
        stores, cashiers, items, facts, counters = answers
        return Context(
            stores={row[0]: StoreRow(*row) for row in stores},
            cashiers=dict(cashiers),
            items={sku: Item(category, brand, tuple(tags)) for sku, category, brand, tags in items},
            pasts=pasts_from(facts),
            counters=self._counters.counters(counters),
        )


def past_query(member_ids: Collection[int], lists: Collection[str]) -> Query:
    """What is known of members besides the ledger, and which of ``lists`` they stand on, for ``pasts_from``."""
    if not lists:
        return Query(_FACTS, (list(member_ids),))
    return Query(_FACTS_AND_LISTS, (list(member_ids), list(lists)))


def pasts_from(rows: Sequence[Row]) -> dict[int, Past]:
    """The pasts by member."""
    return {
        member_id: Past(count or 0, spend_minor or 0, last, birthday, frozenset(*lists))
        for member_id, count, spend_minor, last, birthday, *lists in rows
    }


def earning_purchase(
    sale: Sale,
    *,
    occurred_at: datetime,
    zone: str,
    items: Mapping[str, Item],
    points_minor: Mapping[str, int],
) -> EarningPurchase:
    """The sale as rules see it. ``zone`` is the member's: limits count by the member's local days."""
    return EarningPurchase(
        occurred_at=occurred_at,
        local_date=occurred_at.astimezone(ZoneInfo(zone)).date(),
        zone=zone,
        channel=sale.channel,
        currency=sale.currency,
        lines=tuple(_earn_line(line, items, points_minor) for line in sale.lines),
        order_discount_minor=sale.discount_minor,
        tenders=tuple(Tender(kind=tender.kind, amount_minor=tender.amount_minor) for tender in sale.tenders),
    )


def _earn_line(line: SaleLine, items: Mapping[str, Item], points_minor: Mapping[str, int]) -> EarnLine:
    item = items.get(line.sku, UNKNOWN_ITEM)
    return EarnLine(
        line_id=line.id,
        sku=line.sku,
        quantity=Decimal(line.quantity),
        amount_minor=line.amount_minor,
        discount_minor=line.discount_minor,
        tax_minor=line.tax_minor,
        kind=line.kind,
        category=item.category,
        brand=item.brand,
        tags=item.tags,
        points_paid_minor=points_minor.get(line.id, 0),
    )


def member_facts(account: Account, past: Past | None, *, local_date: date, programme: ProgrammeSnapshot) -> MemberFacts:
    """What rules may know of the member on ``local_date``."""
    past = past or _UNKNOWN_PAST
    last = past.last_purchase_on
    joined = account.enrolled_at.astimezone(ZoneInfo(account.zone)).date()
    return MemberFacts(
        tier=account.tier or "",
        segments=past.segments & programme.segment_index.listed,
        language=account.language,
        purchases_count=past.purchases_count,
        spend_minor=past.spend_minor,
        days_since_purchase=None if last is None else max(0, (local_date - last).days),
        age_days=max(0, (local_date - joined).days),
        is_birthday=past.birthday is not None and falls_on(past.birthday, local_date),
        balance_points=account.wallet(programme.document.primary_wallet).balance,
    )


def falls_on(birthday: date, day: date) -> bool:
    """Somebody born on 29 February has a birthday on the 28th of a common year."""
    if (birthday.month, birthday.day) == (2, 29) and not _is_leap(day.year):
        return (day.month, day.day) == (2, 28)
    return (birthday.month, birthday.day) == (day.month, day.day)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def store_facts(store: StoreRow) -> StoreFacts:
    return StoreFacts(code=store.store_id, zone=store.zone, legal_entity=store.legal_entity)


def flags_of(sale: Sale, context: Context) -> tuple[str, ...]:
    """What staff may want to look at later; nothing here stops a completed sale."""
    sku = ("unknown_sku",) if any(line.sku not in context.items for line in sale.lines) else ()
    works_here = sale.cashier_id is None or context.cashiers.get(sale.cashier_id, "") in (None, sale.store_id)
    return sku if works_here else (*sku, "unknown_cashier")
