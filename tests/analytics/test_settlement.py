"""What one store issued and another took, with refunds undone."""

from datetime import timedelta

import httpx
import pytest

from analytics.point_value import worth_of_points
from analytics.settlement import SettlementRow, settlement
from api.services import Services
from kernel.database import driver
from loyalty.accounting.roll_forward import BEGINNING
from loyalty.members.ids import member_public_id
from tests.clocks import MovableClock
from tests.journeys.tills import basket, done, line, receipt, refund, sale
from tests.loyalty.verification.history import PROGRAMME, History
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till

TWO_TO_ONE = programme(
    rate(points=1, per_minor=100), spending={"value": {"points": 2, "minor": 100}, "maximum_share_bp": 5_000}
)


async def matrix(services: Services, *, between: str = "store") -> dict[tuple[str, str], tuple[int, int | None]]:
    """(Issued at, spent at) -> points and minor units of everything until now."""
    rows = await ask(services, between=between)
    return {(row.issued_at, row.spent_at): (row.points, row.minor) for row in rows}


async def ask(services: Services, *, between: str = "store") -> list[SettlementRow]:
    now = services.clock()
    async with services.database.read() as session:
        return await settlement(
            session,
            from_at=BEGINNING,
            until_at=now + timedelta(days=1),
            between=between,  # type: ignore[arg-type]
            basis="business",
            worth=worth_of_points(services.programmes.at(now).document),
        )


async def pays(client: httpx.AsyncClient, shop: Shop, till: Till, member_id: int, number: str, points: int) -> None:
    """A sale of two equal lines, half of which ``points`` pay."""
    lines = (line("x", points * 50), line("y", points * 50))
    found = await done(client, till, "lookups", {"qr": await shop.qr(member_id)})
    token = {"token": found["member_token"]}
    hold = await done(client, till, "holds", basket(*lines, member=token, points=points))
    await done(client, till, "purchases", sale(number, *lines, member=token, hold_id=hold["id"]))


async def test_points_spent_elsewhere_are_owed_until_they_come_back(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    await publish(services, TWO_TO_ONE)
    here, there = (
        await shop.till(store_id=await shop.store("here")),
        await shop.till(store_id=await shop.store("there")),
    )
    anna = await shop.member()
    await done(client, here, "purchases", sale("e1", line("x", 10_000), member={"id": member_public_id(anna)}))
    await pays(client, shop, there, anna, "p1", 40)
    assert await matrix(services) == {("here", "there"): (40, 2_000)}
    assert await matrix(services, between="legal_entity") == {("Coffee LLC", "Coffee LLC"): (40, 2_000)}
    await done(client, there, "refunds", refund("p1", lines=[{"id": "x", "quantity": "1"}]))
    assert await matrix(services) == {("here", "there"): (20, 1_000)}
    await done(client, there, "voids", {"receipt": receipt("p1")})
    assert await matrix(services) == {}


async def test_the_matrix_sums_to_what_was_redeemed_and_not_put_back(history: History) -> None:
    services = history.services
    async with services.database.read() as session:
        rows = await settlement(
            session,
            from_at=BEGINNING,
            until_at=history.clock(),
            between="store",
            basis="business",
            worth=worth_of_points(PROGRAMME),
        )
        redeemed = await (await driver(session)).fetchval(
            "SELECT sum(CASE 'redeemed' WHEN credit THEN amount WHEN debit THEN -amount END) FROM journal "
            "WHERE wallet = 'points'"
        )
    assert sum(row.points for row in rows) == redeemed > 0


@pytest.mark.parametrize("path", ["liability", "liability/csv", "settlement", "settlement/csv"])
async def test_a_period_that_ends_before_it_begins_is_refused(
    services: Services, client: httpx.AsyncClient, shop: Shop, path: str
) -> None:
    await publish(services)
    headers = await shop.staff("analyst")
    query = {"from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    answer = await client.get(f"/v1/admin/reports/{path}", params=query, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "period_backwards")
    assert (await client.get(f"/v1/admin/reports/{path}", params={"from": "soon"}, headers=headers)).status_code == 400


async def test_reports_are_read_as_tables_and_as_files(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    await publish(services, TWO_TO_ONE)
    here = await shop.till(store_id=await shop.store("here"))
    anna = await shop.member()
    await done(client, here, "purchases", sale("e1", line("x", 10_001), member={"id": member_public_id(anna)}))
    await pays(client, shop, here, anna, "p1", 41 - 1)
    clock.advance(seconds=1)
    headers = await shop.staff("analyst")
    report = (await client.get("/v1/admin/reports/liability", params={"by": "store"}, headers=headers)).json()
    (row,) = report["rows"]
    assert (row["group"], row["points"]["redeemed"], row["minor"]["redeemed"]) == ("here", -40, -2_000)
    assert row["points"]["closing"] == row["points"]["issued"] - 40
    assert report["totals"] == [row | {"group": ""}]
    file = await client.get("/v1/admin/reports/liability/csv", params={"by": "store"}, headers=headers)
    assert file.headers["content-type"].startswith("text/csv")
    first, second = file.content.decode("utf-8-sig").splitlines()
    assert first.startswith("wallet,group,opening,issued,clawed_back,redeemed")
    assert second.startswith(f"points,here,0,{row['points']['issued']},0,-40,")
    settled = (await client.get("/v1/admin/reports/settlement", headers=headers)).json()["rows"]
    assert settled == [{"wallet": "points", "issued_at": "here", "spent_at": "here", "points": 40, "minor": 2_000}]
    file = await client.get("/v1/admin/reports/settlement/csv", headers=headers)
    assert file.content.decode("utf-8-sig").splitlines()[1] == "points,here,here,40,2000"
