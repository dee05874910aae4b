"""The guide for tills says what happens."""

from datetime import UTC, datetime
from pathlib import Path

import httpx

from api.services import Services
from tests.clocks import MovableClock
from tests.docs.guide import exchanges, run
from tests.journeys.counter import Counter, discount, reward
from tests.programmes import programme, publish, rate
from tests.shop import Shop
from tests.verified import assert_verified

PAGE = Path(__file__).parents[2] / "docs" / "till.md"
PROGRAMME = programme(
    rate(points=1, per_minor=100),
    currency="EUR",
    spending={"value": {"points": 1, "minor": 10}, "maximum_share_bp": 5_000},
    refunds={"without_receipt": True, "without_receipt_maximum_minor": 5_000},
    rewards=[
        discount("tenth", 0, names={"en": "10 % off"}),
        reward("mug", 0),
    ],
    receipts={
        "en": {
            "printed": [
                "You earned {earned}.",
                "You paid {discount} with {spent}.",
                "Your balance is {balance}.",
            ]
        }
    },
)


async def test_every_request_of_the_guide_gets_the_answer_that_is_printed(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    await publish(services, PROGRAMME)
    clock.set(datetime(2026, 3, 2, 10, 0, tzinfo=UTC))
    store_id = await shop.store(zone="Europe/Berlin", currency="EUR")
    till, training = await shop.till(store_id=store_id), await shop.till(store_id=store_id, training=True)
    await shop.cashier("vera", store_id=store_id)
    anna = await shop.member(phone="+4915123456789", name="Anna Kovaleva")
    counter = Counter(services, client, shop)
    codes = {f"{code}_code": (await counter.redeem(anna, code))["code"] for code in ("tenth", "mug")}
    sent = await run(
        client,
        PAGE,
        {"terminal_key": till.key, "training_key": training.key, "terminal_id": till.terminal_id, **codes},
        {"shown_code": lambda: shop.qr(anna), "sent_code": shop.last_code},
    )
    assert sent == len(exchanges(PAGE)) > 40
    await assert_verified(services)
