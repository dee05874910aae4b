"""Reading the declared facts of a purchase. Only those that a programme's conditions mention are read."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from loyalty.earning.purchase import EarningPurchase, MemberFacts, StoreFacts
from loyalty.programme.facts import FactValue
from loyalty.programme.indexes import widened


class Sale(Struct, frozen=True):
    """All that facts are read from. ``local_at`` is in the store's zone."""

    purchase: EarningPurchase
    member: MemberFacts
    store: StoreFacts
    local_at: datetime
    total_minor: int


Reader = Callable[[Sale], FactValue | None]
MemberReader = Callable[[MemberFacts], FactValue | None]


def _of_member(read: MemberReader) -> Reader:
    return lambda sale: read(sale.member)


def _once(values: list[str]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


MEMBER_READERS: Mapping[str, MemberReader] = {
    "member.tier": lambda member: member.tier,
    "member.segments": lambda member: sorted(member.segments),
    "member.language": lambda member: member.language,
    "member.purchases_count": lambda member: member.purchases_count,
    "member.days_since_purchase": lambda member: member.days_since_purchase,
    "member.spend_minor": lambda member: member.spend_minor,
    "member.average_basket_minor": lambda member: (
        member.spend_minor // member.purchases_count if member.purchases_count > 0 else None
    ),
    "member.age_days": lambda member: member.age_days,
    "member.is_birthday": lambda member: member.is_birthday,
    "member.balance_points": lambda member: member.balance_points,
}

READERS: Mapping[str, Reader] = {
    "purchase.total_minor": lambda sale: sale.total_minor,
    "purchase.discount_minor": lambda sale: sum(
        line.discount_minor + line.order_discount_minor for line in sale.purchase.lines
    ),
    "purchase.lines_count": lambda sale: len(sale.purchase.lines),
    "purchase.currency": lambda sale: sale.purchase.currency,
    "purchase.channel": lambda sale: sale.purchase.channel,
    "purchase.weekday": lambda sale: sale.local_at.isoweekday(),
    "purchase.hour": lambda sale: sale.local_at.hour,
    "purchase.day": lambda sale: sale.local_at.day,
    "purchase.month": lambda sale: sale.local_at.month,
    "purchase.skus": lambda sale: _once([line.sku for line in sale.purchase.lines]),
    "purchase.categories": lambda sale: _once(
        [path for line in sale.purchase.lines for path in widened(line.category)]
    ),
    "purchase.brands": lambda sale: _once([line.brand for line in sale.purchase.lines]),
    "purchase.tags": lambda sale: _once([tag for line in sale.purchase.lines for tag in line.tags]),
    "purchase.tenders": lambda sale: _once([tender.kind for tender in sale.purchase.tenders]),
    "store.code": lambda sale: sale.store.code,
    "store.city": lambda sale: sale.store.city,
    "store.region": lambda sale: sale.store.region,
    "store.legal_entity": lambda sale: sale.store.legal_entity,
    "store.tags": lambda sale: list(sale.store.tags),
    **{name: _of_member(read) for name, read in MEMBER_READERS.items()},
}


def read_member_facts(names: Iterable[str], member: MemberFacts) -> dict[str, FactValue]:
    """The facts ``names`` of ``member``, where there is no sale; absent ones are left out."""
    return {name: value for name in names if (value := MEMBER_READERS[name](member)) is not None}


def read_facts(names: tuple[str, ...], sale: Sale) -> dict[str, FactValue]:
    """The facts ``names`` of ``sale``; absent ones are left out."""
    return {name: value for name, read in _readers(names) if (value := read(sale)) is not None}


@lru_cache(maxsize=64)
def _readers(names: tuple[str, ...]) -> tuple[tuple[str, Reader], ...]:
    return tuple((name, READERS[name]) for name in names)
