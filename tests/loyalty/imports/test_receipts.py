"""Past receipts are purchases that earn nothing: counted by tiers and facts, refunded for money, removed as one."""

import httpx
import pytest

from api.services import Services
from kernel.database import driver
from loyalty.imports.problems import ImportRefusedError
from loyalty.imports.reading import read_delivery
from loyalty.imports.shadow_receipts import compare_receipts
from loyalty.members.ids import member_public_id
from loyalty.members.merging import merge_members
from tests.journeys.test_goals import aiming
from tests.journeys.test_tiers import MONTHS, TIERS
from tests.journeys.tills import balances, done, fetch, line, refund, sale, send
from tests.loyalty.imports.moving import FILES, apply, dry_run, reverse, stock, terms_of
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till
from tests.verified import assert_verified
from tests.worker.delivered import deliver_everything

LINES = """receipt_id,sku,quantity,amount_minor,discount_minor
r-1,espresso,2,4500,500
r-1,tea,1,1000,
"""
COLUMNS = "receipt_id,external_id,store_id,terminal_id,number,business_date,occurred_at,total_minor,currency,points\n"
PEOPLE = {name: text for name, text in FILES.items() if name != "totals.csv"}
FACTS = """
SELECT purchases_count, spend_minor, last_purchase_on::text FROM member_fact
WHERE purchases_count > 0 ORDER BY member_id
"""


@pytest.fixture
async def till(services: Services, shop: Shop) -> Till:
    await publish(services, programme(rate(), tiers=TIERS, tier_settings=MONTHS))
    await stock(services, "espresso", "tea")
    return await shop.till(store_id=await shop.store("s-1"))


def files_for(till: Till, **more: str) -> dict[str, str]:
    rows = (
        f"r-1,c-1,s-1,{till.terminal_id},0001,2026-03-02,2026-03-02T08:00:00Z,5000,RUB,50\n"
        f"r-2,c-1,s-1,{till.terminal_id},0001,2026-03-01,2026-03-01T12:00:00+03:00,15000,RUB,7\n"
        "r-3,c-2,s-1,,0002,2025-12-01,2025-12-01T12:00:00Z,100,RUB,\n"
    )
    return PEOPLE | {"receipts.csv": COLUMNS + rows, "receipt_lines.csv": LINES} | more


async def test_they_earn_nothing_and_count_for_tiers_and_facts(services: Services, till: Till) -> None:
    imported = await apply(services, files_for(till))
    assert imported.counts.receipts_new == 3
    assert await balances(services) == [150, 30]
    assert await fetch(services, FACTS) == [(2, 20_000, "2026-03-02"), (1, 100, "2025-12-01")]
    assert await fetch(services, "SELECT tier FROM member ORDER BY member_id") == [("gold",), ("bronze",)]
    assert await fetch(services, "SELECT DISTINCT cause_kind FROM tier_change WHERE to_tier = 'gold'") == [("import",)]
    assert await fetch(services, "SELECT points FROM imported_receipt ORDER BY 1") == [(7,), (50,), (None,)]
    assert await fetch(services, "SELECT count(*) FROM outbox_event WHERE type LIKE '%purchase%'") == [(0,)]
    await assert_verified(services)


async def test_the_same_files_again_change_nothing_and_a_later_one_adds(services: Services, till: Till) -> None:
    files = files_for(till)
    await apply(services, files)
    again = await apply(services, files)
    assert (again.import_id, again.counts.receipts_new) == (None, 0)
    more = files["receipts.csv"] + "r-4,c-2,s-1,,0003,2025-12-01,2025-12-01T12:05:00Z,100,RUB,1\n"
    assert (await apply(services, files | {"receipts.csv": more})).counts.receipts_new == 1
    (problem,) = await dry_run(services, files | {"receipts.csv": files["receipts.csv"].replace("15000", "15001")})
    assert (problem.file, problem.line, problem.code) == ("receipts.csv", 3, "receipt_changed")
    await assert_verified(services)


async def test_a_till_that_sends_one_of_them_is_told_and_nothing_is_paid(
    services: Services, client: httpx.AsyncClient, till: Till
) -> None:
    await apply(services, files_for(till))
    for _ in range(2):
        answer = await send(client, till, "purchases", sale("0001", line("1", 5_000)))
        assert (answer.status_code, answer.json()["code"]) == (409, "receipt_imported")
    assert await balances(services) == [150, 30]
    await assert_verified(services)


async def test_one_that_a_till_has_sent_is_passed_over_and_a_guests_is_told(
    services: Services, client: httpx.AsyncClient, shop: Shop, till: Till
) -> None:
    member = await shop.member()
    await done(client, till, "purchases", sale("0001", line("1", 5_000), member={"id": member_public_id(member)}))
    assert (await apply(services, files_for(till))).counts.receipts_new == 2
    await done(client, till, "purchases", sale("0005", line("1", 5_000)))
    guests = COLUMNS + f"r-5,c-1,s-1,{till.terminal_id},0005,2026-03-02,2026-03-02T08:00:00Z,5000,RUB,50\n"
    (problem,) = await dry_run(services, {"receipts.csv": guests})
    assert (problem.line, problem.column, problem.code) == (2, "number", "receipt_taken")


async def test_its_refund_gives_the_money_and_takes_no_points(
    services: Services, client: httpx.AsyncClient, till: Till
) -> None:
    first = await apply(services, files_for(till))
    part = await done(client, till, "refunds", refund("0001", lines=[{"id": "1", "quantity": "1"}]))
    rest = await done(client, till, "refunds", refund("0001", "r2"))
    assert (part["cash_minor"], rest["cash_minor"]) == (2_000, 3_000)
    assert await balances(services) == [150, 30]
    assert await fetch(services, "SELECT tier FROM member ORDER BY member_id LIMIT 1") == [("silver",)]
    assert first.import_id is not None
    reversal = await reverse(services, first.import_id)
    assert ([kept.why for kept in reversal.kept], reversal.receipts_removed) == (["receipt_used"], 1)


async def test_they_go_with_their_import_and_can_come_again(services: Services, till: Till) -> None:
    await apply(services, PEOPLE)
    for _ in range(2):
        second = await apply(services, files_for(till))
        assert second.import_id is not None
        assert second.counts.receipts_new == 3
        reversal = await reverse(services, second.import_id)
        assert (reversal.receipts_removed, reversal.members_removed, reversal.kept) == (3, 0, [])
        assert await fetch(services, FACTS) == []
        assert await fetch(services, "SELECT DISTINCT tier FROM member") == [("bronze",)]
        for table in ("purchase", "purchase_line", "receipt_key", "imported_receipt"):
            assert await fetch(services, f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608 - our tables
        await assert_verified(services)


async def test_no_goal_pays_for_what_the_earlier_system_has_paid(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, aiming())
    await stock(services, "espresso", "tea")
    till = await shop.till(store_id=await shop.store("s-1"))
    moved_in = await apply(services, files_for(till))
    await assert_verified(services)
    (owner,), _ = await fetch(services, "SELECT member_id FROM member ORDER BY 1")
    own, card = {"id": member_public_id(owner)}, await shop.member()
    await done(client, till, "purchases", sale("own", line("1", 5_000), member={"id": member_public_id(card)}))
    async with services.database.write() as session:
        await merge_members(
            session, source_id=owner, target_id=card, actor="staff:boris", reason="same", now=services.clock()
        )
        await session.commit()
    await deliver_everything(services)
    assert await fetch(services, "SELECT * FROM goal_award") == []
    await done(client, till, "purchases", sale("more", line("1", 15_000), member=own))
    await deliver_everything(services)
    assert await fetch(services, "SELECT threshold, amount FROM goal_award") == [("first", 20_000)]
    await assert_verified(services)
    assert moved_in.import_id is not None
    await reverse(services, moved_in.import_id)
    await assert_verified(services)


ROW = "r-9,c-1,s-1,t,9,2026-02-10,2026-02-10T12:00:00Z,10,RUB,1\n"


@pytest.mark.parametrize(
    ("file", "row", "column", "code"),
    [
        ("receipts.csv", ROW.replace("s-1", "s-9"), "store_id", "store_unknown"),
        ("receipts.csv", ROW.replace("RUB", "EUR"), "currency", "currency_refused"),
        ("receipts.csv", ROW.replace("RUB", "rub"), "currency", "value_malformed"),
        ("receipts.csv", ROW.replace("c-1", "c-9"), "external_id", "member_unknown"),
        ("receipts.csv", ROW.replace(",10,", ",-10,"), "total_minor", "amount_negative"),
        ("receipts.csv", ROW.replace(",10,", ",9223372036854775808,"), "total_minor", "number_malformed"),
        ("receipts.csv", ROW.replace(",10,", ",9007199254740991,"), "total_minor", "spend_out_of_range"),
        ("receipts.csv", ROW.replace("10T12", "10t12"), "occurred_at", "value_malformed"),
        ("receipts.csv", ROW.replace("10T12", "30T12"), "occurred_at", "instant_malformed"),
        ("receipts.csv", ROW.replace("2026-02-10T", "2026-03-03T"), "occurred_at", "instant_impossible"),
        ("receipts.csv", ROW.replace("2026-02-10T", "1999-12-31T"), "occurred_at", "instant_impossible"),
        ("receipts.csv", ROW.replace("2026-02-10,", "2026-03-05,"), "business_date", "day_impossible"),
        ("receipts.csv", ROW.replace("2026-02-10,", ","), "business_date", "value_missing"),
        ("receipts.csv", ROW.replace("r-9", "r-1"), "receipt_id", "receipt_twice"),
        ("receipts.csv", ROW + ROW.replace("r-9", "r-8"), "number", "receipt_number_twice"),
        ("receipt_lines.csv", "r-3,espresso,1,99,\n", "total_minor", "receipt_total_differs"),
        ("receipt_lines.csv", "r-7,espresso,1,99,\n", "receipt_id", "receipt_unknown"),
        ("receipt_lines.csv", "r-3,cocoa,1,100,\n", "sku", "sku_unknown"),
        ("receipt_lines.csv", "r-3,espresso,-1,100,\n", "quantity", "value_malformed"),
        ("receipt_lines.csv", "r-3,espresso,1,100,101\n", "discount_minor", "discount_above_amount"),
        ("totals.csv", "receipts:RUB,20101\n", "total", "total_differs"),
        ("totals.csv", "receipts,2\n", "total", "total_differs"),
    ],
)
async def test_what_cannot_be_is_told_at_its_line_and_nothing_comes(
    services: Services, till: Till, file: str, row: str, column: str, code: str
) -> None:
    files = files_for(till, **{"totals.csv": "name,total\nreceipt_lines,2\n"} if file == "totals.csv" else {})
    files[file] += row
    place = ("receipts.csv", 4) if code == "receipt_total_differs" else (file, files[file].count("\n"))
    problems = await dry_run(services, files)
    assert (*place, column, code) in {(each.file, each.line, each.column, each.code) for each in problems}
    with pytest.raises(ImportRefusedError):
        await apply(services, files)
    assert await fetch(services, "SELECT count(*) FROM member") == [(0,)]
    assert await fetch(services, "SELECT count(*) FROM purchase") == [(0,)]


async def test_the_shadow_of_receipts_shows_what_ours_would_have_paid(services: Services, till: Till) -> None:
    terms = terms_of(services)
    contents = {name: text.encode() for name, text in files_for(till).items() if name.startswith("receipt")}
    delivery, _ = read_delivery(contents, source="old", region=None, now=terms.now)
    async with services.database.read() as session:
        compared = await compare_receipts(await driver(session), delivery, terms)
    assert [(each.receipt_id, each.theirs, each.ours) for each in compared.receipts] == [
        ("r-1", 50, 50),
        ("r-2", 7, 150),
        ("r-3", None, 1),
    ]
    assert (compared.compared, compared.theirs, compared.ours) == (2, 57, 200)
    assert [each.receipt_id for each in compared.differences] == ["r-2"]
    assert list(compared.by_rule.values()) == [201]
    assert await fetch(services, "SELECT count(*) FROM purchase") == [(0,)]
