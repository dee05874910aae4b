"""Looking before publishing: validating a text, comparing, trying one basket out."""

from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from loyalty.programme.decoding import encode_programme
from tests.journeys.tills import basket, done, fetch, line, sale
from tests.programmes import fixed, programme, publish, rate
from tests.shop import Shop

PROGRAMME = "/v1/admin/programme"


@pytest.fixture
async def manager(shop: Shop) -> dict[str, str]:
    return await shop.staff("manager")


async def draft(client: httpx.AsyncClient, headers: dict[str, str], *rules: dict[str, Any], **more: Any) -> None:
    body = {"draft_id": "spring", "document": encode_programme(programme(*rules, **more))}
    answer = await client.post(f"{PROGRAMME}/drafts", headers=headers, json=body)
    assert answer.status_code == 201, answer.text


async def simulate(client: httpx.AsyncClient, headers: dict[str, str], **more: Any) -> httpx.Response:
    return await client.post(f"{PROGRAMME}/simulations", headers=headers, json=basket(line(amount_minor=10_000)) | more)


async def test_a_text_is_looked_at_as_a_whole(client: httpx.AsyncClient, manager: dict[str, str]) -> None:
    yaml = manager | {"Content-Type": "application/yaml"}
    content = "name: Coffee\ncurrency: euro\nsurprise: 1\n"
    answer = await client.post(f"{PROGRAMME}/validations", headers=yaml, content=content)
    problems = answer.json()["problems"]
    assert answer.status_code == 200
    assert {(3, "unknown_member", "error"), (1, "missing", "error")} <= {
        (problem["line"], problem["code"], problem["severity"]) for problem in problems
    }


async def test_what_a_draft_would_change_is_told_by_code(
    client: httpx.AsyncClient, manager: dict[str, str], services: Services
) -> None:
    await publish(services, programme(rate(points=1), fixed("gift", 5)))
    await draft(client, manager, fixed("gift", 5), rate(points=2))
    answer = await client.get(f"{PROGRAMME}/differences?to_draft=spring", headers=manager)
    assert answer.json()["differences"][0] == {"path": "$.earn_rules[base].formula.points", "before": 1, "after": 2}
    same = await client.get(f"{PROGRAMME}/differences?from_version=1&to_version=1", headers=manager)
    assert same.json() == {"differences": []}
    assert (await client.get(f"{PROGRAMME}/differences?to_draft=none", headers=manager)).status_code == 404
    assert (await client.get(f"{PROGRAMME}/differences?from_version=9", headers=manager)).status_code == 404


async def test_a_warning_does_not_keep_a_draft_from_being_published(
    client: httpx.AsyncClient, manager: dict[str, str]
) -> None:
    await draft(client, manager, rate(), fixed("never", 5, condition="false"))
    (problem,) = (await client.get(f"{PROGRAMME}/drafts/spring/problems", headers=manager)).json()["problems"]
    assert (problem["code"], problem["severity"]) == ("never_holds", "warning")
    headers = manager | {"If-Match": '"1"'}
    answer = await client.post(f"{PROGRAMME}/versions", headers=headers, json={"draft_id": "spring"})
    assert answer.status_code == 201


async def test_a_basket_is_tried_out_under_a_draft_and_leaves_no_trace(
    client: httpx.AsyncClient, manager: dict[str, str], services: Services, shop: Shop
) -> None:
    await publish(services)
    store = await shop.store()
    await draft(
        client,
        manager,
        rate(points=3),
        fixed("regular", 50, segments=["regulars"], budget_points=100),
        fixed("gold", 7, tiers=["gold"]),
        segments=[{"code": "regulars", "names": {"en": "R"}, "condition": "member.purchases_count > 5"}],
        tiers=[{"code": "gold", "names": {"en": "Gold"}}],
    )
    told = (await simulate(client, manager, store_id=store, draft_id="spring", facts={"purchases_count": 9})).json()
    assert (told["points"], told["programme_version"], told["segments"]) == ({"points": 350}, None, ["regulars"])
    assert {row["rule"]: (row["outcome"], row["reason"]) for row in told["rules"]} == {
        "base": ("paid", ""),
        "regular": ("paid", ""),
        "gold": ("missed", "tier"),
    }
    in_force = (await simulate(client, manager, store_id=store)).json()
    assert (in_force["points"], in_force["programme_version"]) == ({"points": 100}, 1)
    assert await fetch(services, "SELECT FROM purchase") == []


async def test_a_member_is_tried_out_as_a_quote_would_see_them(
    client: httpx.AsyncClient, manager: dict[str, str], services: Services, shop: Shop
) -> None:
    await publish(services, programme(rate(caps={"day": 150})))
    store = await shop.store()
    member = member_public_id(await shop.member())
    await done(client, await shop.till(store_id=store), "purchases", sale(member={"id": member}))
    told = (await simulate(client, manager, store_id=store, member_id=member)).json()
    assert told["points"] == {"points": 50}
    marketer = await simulate(client, await shop.staff("marketer"), store_id=store, member_id=member)
    assert (marketer.status_code, marketer.json()["code"]) == (403, "permission_missing")


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"store_id": "nowhere"}, 404, "store_not_found"),
        ({"draft_id": "none"}, 404, "draft_not_found"),
        ({"version": 99}, 404, "programme_version_not_found"),
        ({"total_minor": 1}, 422, "sale_inconsistent"),
        ({"currency": "EUR"}, 422, "currency_refused"),
        ({"member_id": "mem_2ka9-e5"}, 404, "member_not_found"),
        ({"lines": []}, 400, "malformed_request"),
        ({"at": "2026-03-01T09:00:00"}, 400, "malformed_request"),
    ],
)
async def test_what_cannot_be_tried_out_is_told_apart(
    client: httpx.AsyncClient,
    manager: dict[str, str],
    services: Services,
    shop: Shop,
    more: dict[str, Any],
    status: int,
    code: str,
) -> None:
    await publish(services)
    answer = await simulate(client, manager, **{"store_id": await shop.store()} | more)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_draft_with_errors_is_not_tried_out(
    client: httpx.AsyncClient, manager: dict[str, str], shop: Shop
) -> None:
    await draft(client, manager, fixed("gift", 0))
    answer = await simulate(client, manager, store_id=await shop.store(), draft_id="spring")
    assert (answer.status_code, answer.json()["code"]) == (422, "programme_invalid")
