"""What the members have bought lately, sent the way a till sends its offline queue."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from api.callers import TerminalCaller
from api.demo.chain import CURRENCY, STORES, TERMINALS
from api.demo.people import GUESTS
from api.pos.posting import post_alone
from api.pos.sales import MemberRef, PurchaseRequest, to_submission
from api.services import Services
from loyalty.purchases.sale import ReceiptRef, SaleLine, SaleTender


class Visit(NamedTuple):
    """``guest`` is a place in ``GUESTS``, ``hour`` the store's own."""

    days_ago: int
    hour: int
    terminal_id: str
    cashier_id: str | None
    guest: int
    skus: tuple[str, ...]


VISITS: Final = (
    Visit(28, 9, "arbat-1", "vera", 0, ("cappuccino", "croissant")),
    Visit(28, 16, "nevsky-1", "oleg", 3, ("espresso", "honey-cake", "honey-cake")),
    Visit(27, 18, "arbat-web", None, 0, ("beans-house-250", "drip-bags")),
    Visit(26, 8, "lenina-1", "maria", 4, ("flat-white", "syrniki")),
    Visit(25, 13, "arbat-1", "vera", 2, ("filter", "salmon-bagel", "eclair")),
    Visit(24, 15, "arbat-1", "vera", 5, ("latte",)),
    Visit(22, 10, "arbat-1", "maria", 1, ("americano", "cinnamon-bun")),
    Visit(21, 16, "arbat-1", "vera", 0, ("lavender-raf", "cheesecake")),
    Visit(20, 9, "nevsky-1", "oleg", 3, ("double-espresso",)),
    Visit(18, 12, "lenina-1", "maria", 4, ("matcha-latte", "carrot-cake", "macaron", "macaron")),
    Visit(17, 19, "arbat-web", None, 2, ("beans-house-1000", "v60")),
    Visit(15, 8, "arbat-1", "vera", 0, ("cappuccino",)),
    Visit(14, 15, "nevsky-1", "oleg", 1, ("cold-brew", "cold-brew", "chocolate-bar")),
    Visit(12, 11, "arbat-1", "vera", 5, ("latte", "almond-croissant")),
    Visit(11, 17, "lenina-1", "maria", 4, ("oat-latte", "porridge")),
    Visit(9, 9, "arbat-1", "vera", 0, ("flat-white", "cheese-sandwich")),
    Visit(8, 14, "arbat-1", "maria", 2, ("espresso-tonic", "keep-cup")),
    Visit(7, 10, "nevsky-1", "oleg", 3, ("raf", "eclair")),
    Visit(6, 20, "arbat-web", None, 0, ("beans-ethiopia-250", "tea-tin")),
    Visit(4, 12, "arbat-1", "vera", 1, ("buckthorn-tea", "honey-cake")),
    Visit(3, 8, "lenina-1", "maria", 4, ("filter", "rye-bread")),
    Visit(2, 16, "nevsky-1", "oleg", 2, ("aeropress", "cheesecake", "macaron")),
    Visit(1, 9, "arbat-1", "vera", 0, ("cappuccino", "cinnamon-bun")),
)


async def record_visits(services: Services, visits: Sequence[Visit], prices: Mapping[str, int]) -> None:
    """Record ``visits``, the oldest first, on the days before now."""
    now = services.clock()
    for number, visit in enumerate(visits, start=1):
        caller = _caller(visit)
        submission = await to_submission(services, caller, f"demo-{number}", _sale(visit, number, prices, now))
        answer = await post_alone(services, submission)
        assert answer.status == 201, answer.body.decode()


def _caller(visit: Visit) -> TerminalCaller:
    terminal = next(each for each in TERMINALS if each.terminal_id == visit.terminal_id)
    return TerminalCaller(terminal.terminal_id, terminal.store_id, terminal.kind, cashier_id=visit.cashier_id)


def _sale(visit: Visit, number: int, prices: Mapping[str, int], now: datetime) -> PurchaseRequest:
    store_id = next(each.store_id for each in TERMINALS if each.terminal_id == visit.terminal_id)
    zone = ZoneInfo(next(store.zone for store in STORES if store.store_id == store_id))
    day = now.astimezone(zone).date() - timedelta(days=visit.days_ago)
    total = sum(prices[sku] for sku in visit.skus)
    return PurchaseRequest(
        receipt=ReceiptRef(number=f"{number:04}", business_date=day),
        occurred_at=datetime.combine(day, time(visit.hour, number), zone),
        currency=CURRENCY,
        lines=tuple(
            SaleLine(id=str(place), sku=sku, amount_minor=prices[sku]) for place, sku in enumerate(visit.skus, start=1)
        ),
        tenders=(SaleTender(kind="card", amount_minor=total),),
        total_minor=total,
        member=MemberRef(card=GUESTS[visit.guest].card),
        offline=True,
    )
