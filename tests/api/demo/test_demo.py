"""The demo: made once, found again, and showing what the programme can do."""

import httpx
import pytest

from api.cli.up import Demo
from api.demo.business import BUSINESSES, COFFEE, Business
from api.demo.chain import CASHIERS, STORES
from api.demo.credentials import OWNER_EMAIL, renew_credentials
from api.demo.loading import load_demo
from api.demo.people import ANNA, GUESTS, somebody
from api.demo.visits import VISITS
from api.services import Services
from kernel.database import driver
from loyalty.identities import card
from loyalty.members.erasing import erase_member
from loyalty.members.registration import holder_of
from loyalty.programme.decoding import decode_programme_yaml
from tests.shop import Shop, bearer
from tests.verified import assert_verified


async def count(services: Services, sql: str) -> int:
    async with services.database.read() as session:
        number: int = await (await driver(session)).fetchval(sql)
        return number


@pytest.mark.parametrize("business", BUSINESSES.values(), ids=BUSINESSES)
async def test_each_business_is_made_and_sells(services: Services, business: Business) -> None:
    services.programmes.replace([])
    assert await load_demo(services, business) == business
    assert await load_demo(services) == business, "found again, whatever is asked for"
    assert await count(services, "SELECT count(*) FROM purchase") == len(business.visits)
    assert await count(services, "SELECT count(*) FROM purchase WHERE flags ? 'unknown_sku'") == 0
    assert await count(services, "SELECT count(*) FROM purchase WHERE earned = '{}'") == 0
    await assert_verified(services)


def test_the_command_line_offers_each_business() -> None:
    assert {demo.value for demo in Demo} == BUSINESSES.keys()


async def test_the_demo_is_made_once_and_found_again(services: Services) -> None:
    services.programmes.replace([])
    assert await load_demo(services)
    assert await load_demo(services)
    assert await count(services, "SELECT count(*) FROM store") == len(STORES)
    assert await count(services, "SELECT count(*) FROM purchase") == len(VISITS)
    assert await count(services, "SELECT max(version) FROM programme_version") == 1
    assert await count(services, "SELECT count(*) FROM purchase WHERE flags ? 'unknown_sku'") == 0


async def test_a_database_that_somebody_uses_is_left_alone(services: Services, shop: Shop) -> None:
    await shop.store()
    assert not await load_demo(services)
    assert await count(services, "SELECT count(*) FROM store") == 1


async def test_a_month_of_visits_shows_most_of_the_rules(services: Services) -> None:
    services.programmes.replace([])
    await load_demo(services)
    document = decode_programme_yaml(COFFEE.programme_file.read_text(encoding="utf-8"))
    async with services.database.read() as session:
        rows = await (await driver(session)).fetch(
            "SELECT DISTINCT jsonb_array_elements(evaluation -> 'fired') ->> 0 AS rule FROM purchase"
        )
    silent = {rule.code for rule in document.earn_rules} - {row["rule"] for row in rows}
    # These need a multiplier's own entry, a birthday, a long absence or a certain weekday.
    assert silent <= {"happy-hours", "birthday", "welcome-back", "quiet-monday"}


async def test_secrets_are_new_at_each_start_and_earlier_ones_are_refused(
    services: Services, client: httpx.AsyncClient
) -> None:
    services.programmes.replace([])
    await load_demo(services)
    first, second = await renew_credentials(services), await renew_credentials(services)
    for secrets, status in ((first, 403), (second, 201)):
        for key in secrets.terminal_keys.values():
            assert (await client.post("/v1/pos/sessions", json={"key": key})).status_code == status
        body = {"email": OWNER_EMAIL, "password": secrets.password}
        assert (await client.post("/v1/admin/sessions", json=body)).status_code == status
        till = await client.post("/v1/pos/sessions", json={"key": second.terminal_keys["arbat-1"]})
        headers = bearer(till.json()["access_token"])
        shift = {"cashier_id": CASHIERS[0].cashier_id, "pin": secrets.pin}
        shift_begins = await client.post("/v1/pos/cashier-sessions", headers=headers, json=shift)
        assert shift_begins.status_code == (201 if secrets.pin == second.pin else 403)
    assert await count(services, "SELECT count(*) FROM access_key WHERE revoked_at IS NULL") == 4


async def test_who_has_been_erased_is_not_sold_to(services: Services) -> None:
    services.programmes.replace([])
    await load_demo(services)
    chosen = []
    for _ in range(2):
        async with services.database.write() as session:
            guest = await somebody(session, lookup_key=services.lookup_key)
            holder = await holder_of(session, card(guest.card), lookup_key=services.lookup_key)
            assert holder is not None
            await erase_member(session, holder.member_id, actor="member", reason="own_request", now=services.clock())
            await session.commit()
        chosen.append(guest)
    assert chosen == [ANNA, GUESTS[1]]


async def test_the_member_of_the_demo_is_at_home_in_the_app(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    services.programmes.replace([])
    await load_demo(services)
    assert ANNA.phone is not None
    me = bearer((await shop.phone_session(ANNA.phone))["access_token"])
    home = (await client.get("/v1/me/home", headers=me)).json()
    assert home["profile"]["name"] == ANNA.name
    assert home["balance"]["language"] == "ru"
    assert home["tier"]["tier"]["code"] == "regular", "she has come often enough"
    beans, stamps = home["balance"]["wallets"]
    assert beans["balance"] == beans["available"] + sum(dated["points"] for dated in beans["pending"]) > 0
    assert stamps["balance"] > 0
