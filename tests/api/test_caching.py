"""What holds a token, a code or a person's data stays with who asked."""

import httpx

from api.services import Services
from tests.journeys.tills import sale, send
from tests.programmes import publish
from tests.shop import Shop


async def test_no_answer_is_kept_by_anybody_in_between(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till = await shop.till()
    answers = [
        await client.post("/v1/pos/sessions", json={"key": till.key}),
        await client.post("/v1/pos/sessions", json={"key": "wrong"}),
        await send(client, till, "purchases", sale()),
        await client.get("/v1/nowhere"),
    ]
    assert [answer.headers.get_list("cache-control") for answer in answers] == [["no-store"]] * 4


async def test_an_answer_that_says_how_it_may_be_kept_is_believed(client: httpx.AsyncClient, shop: Shop) -> None:
    owner, store = await shop.staff("owner"), await shop.store()
    answer = await client.get(f"/v1/admin/stores/{store}", headers=owner)
    assert answer.headers.get_list("cache-control") == ["private, no-cache"]
