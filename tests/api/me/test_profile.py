"""The member's own profile, identities and rotating code."""

import httpx
import pyotp
import pytest

from api.services import Services
from loyalty.members.ids import member_id_of
from loyalty.members.merging import merge_members
from loyalty.members.profile import read_profile
from tests.clocks import MovableClock
from tests.journeys.tills import fetch
from tests.shop import Shop, bearer

PHONE = "+79990000001"


@pytest.fixture
async def me(shop: Shop) -> dict[str, str]:
    return bearer((await shop.phone_session(PHONE))["access_token"])


async def test_what_is_left_out_of_a_change_stays(client: httpx.AsyncClient, me: dict[str, str]) -> None:
    body = {"name": "  Anna   Kovaleva ", "birthday": "1990-05-17", "language": "ru", "zone": "Asia/Omsk"}
    assert (await client.patch("/v1/me", headers=me, json=body)).status_code == 200
    answer = await client.patch("/v1/me", headers=me, json={"birthday": None})
    profile = answer.json()
    assert (profile["name"], profile["birthday"]) == ("Anna Kovaleva", None)
    assert (profile["language"], profile["zone"]) == ("ru", "Asia/Omsk")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("language", "russian"),
        ("zone", "Moscow"),
        ("zone", "../../etc/passwd"),
        ("zone", "Europe"),
        ("zone", "localtime"),
        ("zone", "right/UTC"),
        ("name", "Anna\u0000"),
        ("birthday", "1899-12-31"),
        ("birthday", "2026-03-03"),
    ],
)
async def test_a_value_that_cannot_be_changes_nothing(
    client: httpx.AsyncClient, me: dict[str, str], field: str, value: str
) -> None:
    before = (await client.get("/v1/me", headers=me)).content
    answer = await client.patch("/v1/me", headers=me, json={"name": "Other"} | {field: value})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert (await client.get("/v1/me", headers=me)).content == before


async def test_an_unchanged_profile_is_not_sent_again(client: httpx.AsyncClient, me: dict[str, str]) -> None:
    etag = (await client.get("/v1/me", headers=me)).headers["etag"]
    again = await client.get("/v1/me", headers=me | {"If-None-Match": f'"other", W/{etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    await client.patch("/v1/me", headers=me, json={"name": "Anna"})
    changed = await client.get("/v1/me", headers=me | {"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


async def test_the_phone_makes_the_codes_that_a_till_accepts(
    client: httpx.AsyncClient, shop: Shop, me: dict[str, str], clock: MovableClock
) -> None:
    till, own = await shop.till(), (await client.get("/v1/me/qr-secret", headers=me)).json()
    totp = pyotp.TOTP(own["secret"], digits=own["digits"], interval=own["step_s"])
    text = own["qr_prefix"] + totp.at(clock())
    answer = await client.post("/v1/pos/lookups", headers=till.headers, json={"qr": text})
    assert (answer.status_code, answer.json()["proof"]) == (200, "qr")


async def test_a_free_card_is_attached_and_found(client: httpx.AsyncClient, shop: Shop, me: dict[str, str]) -> None:
    first = await client.post("/v1/me/identities", headers=me, json={"card": "2900 0000 1234"})
    again = await client.post("/v1/me/identities", headers=me, json={"card": "290000001234"})
    assert (first.json()["attached"], again.json()["attached"]) == (True, False)
    till = await shop.till()
    found = await client.post("/v1/pos/lookups", headers=till.headers, json={"card": "2900-0000-1234"})
    assert found.json()["member_id"] == (await client.get("/v1/me", headers=me)).json()["member_id"]


async def test_what_an_older_token_attaches_is_the_survivors(
    services: Services, client: httpx.AsyncClient, shop: Shop, me: dict[str, str]
) -> None:
    older = member_id_of((await client.get("/v1/me", headers=me)).json()["member_id"])
    survivor = await shop.member(phone="+79990000002")
    async with services.database.write() as session:
        await merge_members(
            session, source_id=older, target_id=survivor, actor="staff:x", reason="twins", now=services.clock()
        )
        await session.commit()
    body = {"card": "290000001234"}
    attached = [(await client.post("/v1/me/identities", headers=me, json=body)).json()["attached"] for _ in range(2)]
    assert attached == [True, False]
    assert await fetch(services, "SELECT member_id FROM person_identity WHERE kind = 'card'") == [(survivor,)]


@pytest.mark.parametrize(
    ("holder", "code"),
    [({"phone": "+79990000002"}, "identity_taken"), ({}, "card_has_its_own_account")],
)
async def test_a_card_of_another_member_is_refused(
    client: httpx.AsyncClient, shop: Shop, me: dict[str, str], holder: dict[str, str], code: str
) -> None:
    await shop.member(card="290000001234", **holder)
    answer = await client.post("/v1/me/identities", headers=me, json={"card": "290000001234"})
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert len((await client.get("/v1/me", headers=me)).json()["identities"]) == 1


async def test_an_email_is_attached_with_the_code_sent_there(
    client: httpx.AsyncClient, shop: Shop, me: dict[str, str], services: Services
) -> None:
    sent = await client.post("/v1/me/codes", headers=me, json={"email": "anna@example.com"})
    body = {"email": "Anna@example.com", "code_id": sent.json()["code_id"], "code": await shop.last_code()}
    without = await client.post("/v1/me/identities", headers=me, json={"email": "anna@example.com"})
    assert without.status_code == 403
    assert (await client.post("/v1/me/identities", headers=me, json=body)).status_code == 201
    profile = (await client.get("/v1/me", headers=me)).json()
    assert {"kind": "email", "value": "anna@example.com", "verified": True} in profile["identities"]


async def test_a_code_for_attaching_is_good_for_the_member_who_asked(
    client: httpx.AsyncClient, shop: Shop, me: dict[str, str]
) -> None:
    other = bearer((await shop.phone_session("+79990000002"))["access_token"])
    sent = await client.post("/v1/me/codes", headers=me, json={"email": "anna@example.com"})
    body = {"email": "anna@example.com", "code_id": sent.json()["code_id"], "code": await shop.last_code()}
    assert (await client.post("/v1/me/identities", headers=other, json=body)).status_code == 403
    signed_in = await client.post("/v1/auth/sessions", json=body)
    assert signed_in.status_code == 403


async def test_a_profile_names_its_owner_alone(client: httpx.AsyncClient, shop: Shop, services: Services) -> None:
    other = await shop.member(phone="+79990000002", name="Boris Belov")
    me = bearer((await shop.phone_session(PHONE))["access_token"])
    assert "Boris" not in (await client.get("/v1/me", headers=me)).text
    async with services.database.read() as session:
        assert (await read_profile(session, other)).name == "Boris Belov"


async def test_a_repeat_sends_no_second_code(client: httpx.AsyncClient, me: dict[str, str], services: Services) -> None:
    keyed = me | {"Idempotency-Key": "code-1"}
    body = {"email": "anna@example.com"}
    first, again = [await client.post("/v1/me/codes", headers=keyed, json=body) for _ in range(2)]
    assert (first.status_code, again.content) == (202, first.content)
    assert await fetch(services, "SELECT count(*) FROM one_time_code WHERE purpose = 'attach'") == [(1,)]
    (stored,) = await fetch(services, "SELECT body || outcome FROM idempotency_key")
    assert b"anna@" not in stored[0]


async def test_an_identity_is_attached_once_under_its_key_and_not_stored_with_it(
    client: httpx.AsyncClient, shop: Shop, me: dict[str, str], services: Services
) -> None:
    sent = await client.post("/v1/me/codes", headers=me, json={"email": "anna@example.com"})
    body = {"email": "anna@example.com", "code_id": sent.json()["code_id"], "code": await shop.last_code()}
    keyed = me | {"Idempotency-Key": "attach-1"}
    wrong = body | {"code": "000000" if body["code"] != "000000" else "111111"}
    assert (await client.post("/v1/me/identities", headers=keyed, json=wrong)).status_code == 403
    first, again = [await client.post("/v1/me/identities", headers=keyed, json=body) for _ in range(2)]
    assert (first.status_code, again.content) == (201, first.content), "the code was used by the first alone"
    assert first.json() == {"kind": "email", "value": "anna@example.com", "attached": True}
    assert await fetch(services, "SELECT attempts FROM one_time_code WHERE purpose = 'attach'") == [(2,)]
    (stored,) = await fetch(services, "SELECT body || outcome FROM idempotency_key")
    assert b"anna@" not in stored[0]
