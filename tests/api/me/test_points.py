"""What a member's phone is told about points: balance, history, and the reason for each."""

from typing import Any

import httpx
import pytest

from api.services import Services
from kernel.database import driver
from loyalty.ledger.due import apply_due
from loyalty.ledger.loading import lock_accounts
from loyalty.ledger.writing import write_accounts
from loyalty.members.ids import member_public_id
from loyalty.members.merging import merge_members
from tests.clocks import MovableClock
from tests.journeys.tills import basket, done, line, sale
from tests.programmes import fixed, programme, publish, rate
from tests.shop import Shop, Till, bearer

PHONE = "+79990000001"
BEANS = {
    "code": "points",
    "names": {
        "en": {"one": "bean", "other": "beans"},
        "ru": {"one": "зерно", "few": "зерна", "many": "зёрен", "other": "зерна"},
    },
}
SPENDING = {"value": {"points": 1, "minor": 100}, "needs_proof": False}


class Setting:
    """A till, and a member with a phone in hand."""

    def __init__(self, services: Services, client: httpx.AsyncClient, shop: Shop, till: Till, member_id: int) -> None:
        self.services, self.client, self.shop, self.till, self.member_id = services, client, shop, till, member_id
        self.member = {"id": member_public_id(member_id)}
        self.headers: dict[str, str] = {}

    async def get(self, path: str, **headers: str) -> dict[str, Any]:
        answer = await self.client.get(f"/v1/me/{path}", headers=self.headers | headers)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def wallet(self, **headers: str) -> dict[str, Any]:
        wallet: dict[str, Any] = (await self.get("balance", **headers))["wallets"][0]
        return wallet


@pytest.fixture
async def setting(services: Services, client: httpx.AsyncClient, shop: Shop) -> Setting:
    await publish(
        services,
        programme(
            rate("base", points=1, per_minor=100),
            fixed("later", 7, pending={"kind": "days", "days": 3}),
            fixed("evenings", 5, windows=[{"from_time": "18:00"}]),
            wallets=[BEANS],
            expiry={"kind": "days", "count": 30},
            spending=SPENDING,
        ),
    )
    made = Setting(services, client, shop, await shop.till(), await shop.member(phone=PHONE))
    made.headers = bearer((await shop.phone_session(PHONE))["access_token"])
    return made


async def buy(setting: Setting, number: str = "1", minor: int = 10_000, **more: Any) -> dict[str, Any]:
    body = sale(number, line("a", minor), **({"member": setting.member} | more))
    return await done(setting.client, setting.till, "purchases", body)


async def test_a_balance_tells_what_is_there_on_its_way_held_and_about_to_go(setting: Setting) -> None:
    await buy(setting)
    found = await done(setting.client, setting.till, "lookups", {"qr": await setting.shop.qr(setting.member_id)})
    held = basket(line("a", 10_000), member={"token": found["member_token"]}, points=40)
    await done(setting.client, setting.till, "holds", held)
    assert await setting.wallet() == {
        "wallet": "points",
        "names": {"one": "bean", "other": "beans"},
        "text": "107 beans",
        "exponent": 0,
        "balance": 107,
        "available": 60,
        "held": 40,
        "debt": 0,
        "pending": [{"points": 7, "available_from": "2026-03-05T21:00:00Z"}],
        "expiring": [{"points": 60, "expires_at": "2026-04-01T21:00:00Z", "last_day": "2026-04-01"}],
    }


async def test_what_time_does_is_told_before_anybody_has_written_it(
    setting: Setting, clock: MovableClock, services: Services
) -> None:
    await buy(setting)
    clock.advance(days=40)
    setting.headers = bearer((await setting.shop.phone_session(PHONE))["access_token"])
    told = await setting.wallet(), await setting.get("history")
    assert told[0]["balance"] == 0
    assert [(entry["kind"], entry["points"]) for entry in told[1]["entries"]] == [
        ("expired", -7),
        ("expired", -100),
        ("earned", 7),
        ("earned", 100),
    ]
    async with services.database.write() as session:
        connection = await driver(session)
        (account,) = (await lock_accounts(connection, [setting.member_id], now=clock())).values()
        apply_due(account, clock())
        await write_accounts(connection, [account])
        await session.commit()
    assert (await setting.wallet(), await setting.get("history")) == told


@pytest.mark.parametrize(
    ("asked", "language", "text"),
    [
        ("ru-RU,en;q=0.5", "ru", "107 зёрен"),
        ("de, RU;q=0.1", "ru", "107 зёрен"),
        ("en;q=0,ru", "ru", "107 зёрен"),
        ("de,*;q=0.1", "en", "107 beans"),
        ("gibberish;q=x,,;", "en", "107 beans"),
    ],
)
async def test_a_phone_is_answered_in_its_language(setting: Setting, asked: str, language: str, text: str) -> None:
    await buy(setting)
    answer = await setting.client.get("/v1/me/balance", headers=setting.headers | {"Accept-Language": asked})
    assert answer.headers["content-language"] == language
    assert answer.json()["wallets"][0]["text"] == text


async def test_an_unchanged_balance_is_not_sent_again(setting: Setting) -> None:
    await buy(setting)
    first = await setting.client.get("/v1/me/balance", headers=setting.headers)
    again = await setting.client.get(
        "/v1/me/balance", headers=setting.headers | {"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    await buy(setting, "2")
    changed = await setting.client.get(
        "/v1/me/balance", headers=setting.headers | {"If-None-Match": first.headers["etag"]}
    )
    assert changed.status_code == 200


async def test_pages_of_history_meet_every_entry_once_whatever_is_added_meanwhile(setting: Setting) -> None:
    for number in range(4):
        await buy(setting, str(number))
    whole = (await setting.get("history"))["entries"]
    seen, path = [], "history?limit=3"
    while path:
        page = await setting.get(path)
        seen += page["entries"]
        path = f"history?limit=3&cursor={page['next']}" if page["next"] else ""
        await buy(setting, f"meanwhile-{len(seen)}")
    assert seen == whole
    assert len(seen) == 8


@pytest.mark.parametrize("cursor", ["x", "Ig", "IjEgMiI", "IjEgMiAtMyI", "Ijk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5IDEgMSI"])
async def test_a_cursor_that_was_never_given_is_refused(setting: Setting, cursor: str) -> None:
    answer = await setting.client.get(f"/v1/me/history?cursor={cursor}", headers=setting.headers)
    assert answer.status_code == 400


async def test_each_point_of_a_purchase_is_explained_and_each_silence_too(setting: Setting) -> None:
    bought = await buy(setting)
    (_, entry) = (await setting.get("history"))["entries"]
    assert entry["purchase"]["id"] == bought["id"]
    assert entry["purchase"]["total_minor"] == 10_000
    purchase = await setting.get(entry["purchase"]["explanation"].removeprefix("/v1/me/"))
    told = {
        row["rule"]: (row["outcome"], row["points"], row["arithmetic"] or row["reason"])
        for row in purchase["explanation"]
    }
    assert told == {
        "base": ("paid", 100, "100"),
        "later": ("paid", 7, "7"),
        "evenings": ("missed", 0, "window"),
    }
    assert [(each["sku"], each["amount_minor"]) for each in purchase["lines"]] == [("espresso", 10_000)]


async def test_a_refund_stands_with_its_purchase(setting: Setting) -> None:
    bought = await buy(setting)
    refund = {
        "original": {"purchase_id": bought["id"]},
        "receipt": {"number": "r1", "business_date": "2026-03-02"},
        "occurred_at": "2026-03-02T09:00:00Z",
    }
    await done(setting.client, setting.till, "refunds", refund)
    purchase = await setting.get(f"purchases/{bought['id']}")
    assert [(back["amount_minor"], back["taken"]) for back in purchase["refunds"]] == [(10_000, {"points": 107})]
    taken = (await setting.get("history"))["entries"][0]
    assert (taken["kind"], taken["purchase"]["id"]) == ("clawed_back", bought["id"])


async def test_another_members_purchase_is_absent(setting: Setting) -> None:
    other = member_public_id(await setting.shop.member())
    foreign = await buy(setting, member={"id": other})
    for public_id in (foreign["id"], "pur_1-1-00", "nonsense", member_public_id(1)):
        answer = await setting.client.get(f"/v1/me/purchases/{public_id}", headers=setting.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "purchase_not_found")


async def test_the_past_of_a_merged_card_is_the_members_own(setting: Setting, services: Services) -> None:
    card = await setting.shop.member(card="290000001234")
    on_card = await buy(setting, "1", member={"id": member_public_id(card)})
    await buy(setting, "2", minor=5_000)
    async with services.database.write() as session:
        await merge_members(
            session,
            source_id=card,
            target_id=setting.member_id,
            actor="staff:test",
            reason="same_person",
            now=services.clock(),
        )
        await session.commit()
    entries = (await setting.get("history"))["entries"]
    assert sorted(entry["points"] for entry in entries) == [7, 7, 50, 100]
    assert (await setting.wallet())["balance"] == 164
    assert (await setting.get(f"purchases/{on_card['id']}"))["earned"] == {"points": 107}
    refund = {
        "original": {"purchase_id": on_card["id"]},
        "receipt": {"number": "r1", "business_date": "2026-03-02"},
        "occurred_at": "2026-03-02T09:00:00Z",
    }
    await done(setting.client, setting.till, "refunds", refund)
    assert (await setting.get("history"))["entries"][0]["purchase"]["id"] == on_card["id"]


async def test_the_first_screen_is_one_request(setting: Setting) -> None:
    await buy(setting)
    home = await setting.get("home")
    assert home["profile"] == await setting.get("")
    assert home["balance"] == await setting.get("balance")
    assert home["history"] == (await setting.get("history"))["entries"]
