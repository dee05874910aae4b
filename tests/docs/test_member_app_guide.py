"""The guide for the member app says what happens with rewards."""

from pathlib import Path

import httpx

from api.services import Services
from tests.api.callers import member_headers
from tests.docs.guide import exchanges, run
from tests.journeys.counter import Counter, discount, reward, with_rewards
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

PAGE = Path(__file__).parents[2] / "docs" / "member-app.md"


async def test_every_request_of_the_guide_gets_the_answer_that_is_printed(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, with_rewards(discount("sweet-tenth", 30), reward("mug", 500)))
    counter = Counter(services, client, shop)
    anna = await counter.member(100)
    me = (await member_headers(shop, anna))["Authorization"].removeprefix("Bearer ")
    assert await run(client, PAGE, {"me": me}, {}) == len(exchanges(PAGE)) >= 5
    assert await counter.wallet(anna) == (100, 100, 0)
    await assert_verified(services)
