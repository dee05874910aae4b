"""The guide for finance says what happens."""

from datetime import UTC, datetime
from pathlib import Path

import httpx

from api.services import Services
from loyalty.members.ids import member_public_id
from loyalty.stores import create_store
from tests.clocks import MovableClock
from tests.docs.guide import exchanges, run
from tests.journeys.counter import Counter, payout
from tests.journeys.tills import basket, done, line, sale
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till
from tests.verified import assert_verified

PAGE = Path(__file__).parents[2] / "docs" / "finance.md"
PROGRAMME = programme(
    rate(points=1, per_minor=100),
    currency="EUR",
    spending={"value": {"points": 1, "minor": 10}, "maximum_share_bp": 5_000},
    rewards=[payout("cash", 10, amount_minor=100)],
)
IN_FEBRUARY = datetime(2026, 2, 20, 10, 0, tzinfo=UTC)


async def till_at(services: Services, shop: Shop, store_id: str, legal_entity: str) -> Till:
    async with services.database.write() as session:
        await create_store(
            session,
            store_id=store_id,
            name=store_id.capitalize(),
            zone="Europe/Berlin",
            currency="EUR",
            legal_entity=legal_entity,
            now=services.clock(),
        )
        await session.commit()
    return await shop.till(store_id=store_id)


async def test_every_request_of_the_guide_gets_the_answer_that_is_printed(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    clock.set(IN_FEBRUARY)
    await publish(services, PROGRAMME)
    riverside = await till_at(services, shop, "riverside", "Coffee LLC")
    station = await till_at(services, shop, "station", "Station LLC")
    anna = await shop.member()
    at = {"currency": "EUR", "occurred_at": IN_FEBRUARY.isoformat()}
    earning = sale("e1", line("x", 10_000), member={"id": member_public_id(anna)})
    await done(client, riverside, "purchases", earning | at)
    found = await done(client, station, "lookups", {"qr": await shop.qr(anna)})
    token = {"token": found["member_token"]}
    held = basket(line("x", 2_000), member=token, points=40) | {"currency": "EUR"}
    hold = await done(client, station, "holds", held)
    await done(client, station, "purchases", sale("p1", line("x", 2_000), member=token, hold_id=hold["id"]) | at)
    clock.set(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
    payee = {"holder": "Anna Kovaleva", "iban": "DE89 3704 0044 0532 0130 00"}
    await Counter(services, client, shop).post(anna, "payouts", {"reward": "cash", "units": 5, "payee": payee})
    roles = ("analyst", "owner", "finance")
    tokens = {role: (await shop.staff(role))["Authorization"].removeprefix("Bearer ") for role in roles}
    assert await run(client, PAGE, tokens, {}) == len(exchanges(PAGE)) == 7
    await assert_verified(services)
