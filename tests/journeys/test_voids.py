"""A till takes a sale back by its own reference: whose sale, how often, and what of it."""

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.journeys.tills import balances, done, fetch, refund, sale, send
from tests.programmes import publish
from tests.shop import Shop

FISCAL = {"receipt": {"number": "1", "fiscal_id": "fn-8710000100518392-42"}}


@pytest.mark.parametrize("guest", [False, True])
async def test_a_store_voids_its_own_sales_only_and_any_store_takes_goods_back(
    services: Services, client: httpx.AsyncClient, shop: Shop, guest: bool
) -> None:
    await publish(services)
    till, elsewhere = await shop.till(), await shop.till()
    member = {} if guest else {"member": {"id": member_public_id(await shop.member())}}
    await done(client, till, "purchases", {**sale(), **FISCAL, **member})
    refused = await send(client, elsewhere, "voids", FISCAL)
    assert (refused.status_code, refused.json()["code"]) == (404, "purchase_not_found")
    assert await balances(services) == ([] if guest else [100])
    assert await fetch(services, "SELECT 1 FROM guest_receipt WHERE claimed_at IS NOT NULL") == []
    if not guest:
        goods = refund("-", original=FISCAL, lines=[{"id": "1", "quantity": "0.5"}])
        assert (await done(client, elsewhere, "refunds", goods))["kind"] == "refund"
    assert (await done(client, till, "voids", FISCAL))["kind"] == "sale"
    assert await balances(services) == ([] if guest else [0])
