"""Bodies are read strictly, and what is wrong is told with its place."""

from typing import Any

import httpx
import pytest

from api.services import Services
from tests.journeys.tills import sale, send
from tests.programmes import publish
from tests.shop import Shop


@pytest.mark.parametrize(
    ("wrong", "at"),
    [
        ({"total_minor": "10000"}, "total_minor"),
        ({"total_minor": 10000.5}, "total_minor"),
        ({"total_minor": 2**63}, "total_minor"),
        ({"total_minor": True}, "total_minor"),
        ({"offline": "true"}, "offline"),
        ({"lines": [{"id": "1", "sku": "a", "amount_minor": "1"}]}, "lines[0].amount_minor"),
        ({"lines": [{"id": "1", "sku": "a", "amount_minor": 1, "quantity": "٣"}]}, "lines[0].quantity"),
        ({"no_such_member": 1}, ""),
    ],
)
async def test_a_value_of_another_type_is_refused_at_its_place(
    services: Services, client: httpx.AsyncClient, shop: Shop, wrong: dict[str, Any], at: str
) -> None:
    await publish(services)
    answer = await send(client, await shop.till(), "purchases", sale() | wrong)
    assert answer.status_code == 400, answer.text
    (error,) = answer.json()["errors"]
    assert error["at"] == at
    assert error["problem"]


async def test_what_is_no_json_is_a_bad_request(client: httpx.AsyncClient, shop: Shop) -> None:
    till = await shop.till()
    headers = {**till.headers, "Idempotency-Key": "k", "Content-Type": "application/json"}
    for body in (b"{", b"", b"\xff", b"[" * 20_000, b'{"total_minor": NaN}', b'{"total_minor": 1e308}'):
        answer = await client.post("/v1/pos/purchases", content=body, headers=headers)
        assert answer.status_code == 400, (body[:10], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
