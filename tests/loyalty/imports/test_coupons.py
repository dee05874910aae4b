"""A coupon of the other system is a reward under the code that its holder knows: used once at the till, gone as one."""

import httpx
import pytest

from api.services import Services
from loyalty.imports.problems import ImportRefusedError
from loyalty.members.ids import member_public_id
from loyalty.members.merging import merge_members
from tests.journeys.counter import discount, reward, with_rewards
from tests.journeys.tills import done, fetch, line, sale
from tests.loyalty.imports.moving import FILES, apply, dry_run, reverse
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

ROWS = "coupon,external_id,reward,expires_on\nsummer-1,c-1,tenth,2026-05-31\nSUMMER-2,c-2,tenth,\n"
WITH_COUPONS = {name: text for name, text in FILES.items() if name != "totals.csv"} | {"coupons.csv": ROWS}
HELD = "SELECT shown_code, state, expires_at::text, prices::text FROM redemption ORDER BY member_id, redemption_no"


@pytest.fixture(autouse=True)
async def _rewards(services: Services) -> None:
    await publish(services, with_rewards(discount("tenth", 30, stock=3), reward("mug"), discount("rare", stock=0)))


async def test_it_keeps_its_code_and_its_end_and_costs_nothing(services: Services) -> None:
    done_ = await apply(services, WITH_COUPONS)
    assert done_.counts.coupons_new == 2
    assert await fetch(services, HELD) == [
        ("SUMMER-1", "issued", "2026-05-31 21:00:00+00", "[]"),
        ("SUMMER-2", "issued", "2026-04-01 21:00:00+00", "[]"),
    ]
    assert (await apply(services, WITH_COUPONS)).import_id is None
    await assert_verified(services)


async def test_a_till_takes_it_by_the_code_its_holder_knows(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    first = await apply(services, WITH_COUPONS)
    till = await shop.till()
    shown = await done(client, till, "redemptions/lookups", {"code": "summer-1"})
    assert (shown["reward"], shown["state"]) == ("tenth", "issued")
    (anna,) = (await fetch(services, "SELECT min(member_id) FROM member"))[0]
    bought = sale("1", line("a", 900), member={"id": member_public_id(anna)}, redemptions=["Summer-1"])
    receipt = await done(client, till, "purchases", bought)
    assert "redemption_unknown" not in receipt["flags"]
    assert [row[1] for row in await fetch(services, HELD)] == ["used", "issued"]
    assert first.import_id is not None
    reversal = await reverse(services, first.import_id)
    assert (reversal.coupons_withdrawn, [kept.why for kept in reversal.kept]) == (1, ["has_bought"])
    await assert_verified(services)


async def test_the_same_file_again_finds_it_with_the_member_whom_its_holder_was_merged_into(
    services: Services, shop: Shop
) -> None:
    await apply(services, WITH_COUPONS)
    (anna,) = (await fetch(services, "SELECT min(member_id) FROM member"))[0]
    twin = await shop.member(phone="+79990009999")
    async with services.database.write() as session:
        await merge_members(
            session, source_id=anna, target_id=twin, actor="staff:x", reason="twins", now=services.clock()
        )
        await session.commit()
    again = await apply(services, {"coupons.csv": ROWS})
    assert (again.import_id, again.counts.coupons_new) == (None, 0)
    await assert_verified(services)


async def test_it_goes_with_its_import_and_can_come_again(services: Services) -> None:
    await apply(services, {name: text for name, text in WITH_COUPONS.items() if name != "coupons.csv"})
    second = await apply(services, {"coupons.csv": ROWS})
    assert second.import_id is not None
    reversal = await reverse(services, second.import_id)
    assert (reversal.coupons_withdrawn, reversal.members_removed, reversal.kept) == (2, 0, [])
    assert {row[1] for row in await fetch(services, HELD)} == {"cancelled"}
    assert (await apply(services, {"coupons.csv": ROWS})).counts.coupons_new == 2
    await assert_verified(services)


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("S-1,c-1,nothing,\n", "reward", "reward_unknown"),
        ("S-1,c-1,mug,\n", "reward", "reward_unsuitable"),
        ("S-1,c-1,rare,\n", "reward", "reward_out_of_stock"),
        ("S-1,c-1,tenth,2026-02-28\n", "expires_on", "coupon_expired"),
        ("S-1,c-1,tenth,2026-02-30\n", "expires_on", "day_malformed"),
        ("S-1,c-9,tenth,\n", "external_id", "member_unknown"),
        (",c-1,tenth,\n", "coupon", "redemption_not_found"),
        ("s-1,c-1,tenth,\nS-1,c-2,tenth,\n", "coupon", "coupon_twice"),
    ],
)
async def test_what_cannot_be_is_told_at_its_line(services: Services, row: str, column: str, code: str) -> None:
    files = WITH_COUPONS | {"coupons.csv": "coupon,external_id,reward,expires_on\n" + row}
    problems = await dry_run(services, files)
    assert ("coupons.csv", row.count("\n") + 1, column, code) in {
        (each.file, each.line, each.column, each.code) for each in problems
    }
    with pytest.raises(ImportRefusedError):
        await apply(services, files)
    assert await fetch(services, "SELECT count(*) FROM member") == [(0,)]


async def test_a_code_that_is_another_members_is_told(services: Services) -> None:
    await apply(services, WITH_COUPONS)
    (problem,) = await dry_run(services, {"coupons.csv": ROWS.replace("summer-1,c-1", "summer-1,c-2")})
    assert (problem.line, problem.code) == (2, "coupon_taken")
