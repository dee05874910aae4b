"""A tier of the other system is kept through its day, comes once, is changed by a later file, and goes as one."""

import pytest

from api.services import Services
from loyalty.imports.problems import ImportRefusedError
from loyalty.tiers.granting import grant_tier
from tests.clocks import MovableClock
from tests.journeys.test_tiers import MONTHS, TIERS
from tests.journeys.tills import fetch
from tests.loyalty.imports.moving import FILES, apply, dry_run, reverse
from tests.programmes import programme, publish
from tests.verified import assert_verified

ROWS = "external_id,tier,retained_until\nc-1,gold,2026-05-31\nc-2,silver,\n"
WITH_TIERS = {name: text for name, text in FILES.items() if name != "totals.csv"} | {"tiers.csv": ROWS}
STANDINGS = """
SELECT granted_tier, granted_until::text, tier FROM tier_standing JOIN member USING (member_id) ORDER BY member_id
"""
GRANTED = [("gold", "2026-05-31 21:00:00+00", "gold"), ("silver", None, "silver")]


@pytest.fixture(autouse=True)
async def _tiers(services: Services) -> None:
    await publish(services, programme(tiers=TIERS, tier_settings=MONTHS))


async def test_it_is_kept_through_its_last_day(services: Services) -> None:
    done = await apply(services, WITH_TIERS)
    assert done.counts.tiers_new == 2
    assert await fetch(services, STANDINGS) == GRANTED
    await assert_verified(services)


async def test_the_same_file_again_changes_nothing_and_another_one_does(services: Services) -> None:
    await apply(services, WITH_TIERS)
    assert (await apply(services, WITH_TIERS)).import_id is None
    later = await apply(services, {"tiers.csv": ROWS.replace("gold,2026-05-31", "silver,2026-06-30")})
    assert later.counts.tiers_new == 1
    assert await fetch(services, STANDINGS) == [("silver", "2026-06-30 21:00:00+00", "silver"), GRANTED[1]]
    await assert_verified(services)


async def test_what_staff_gave_since_then_stays(services: Services, clock: MovableClock) -> None:
    first = await apply(services, WITH_TIERS)
    (boris,) = (await fetch(services, "SELECT member_id FROM tier_standing WHERE granted_tier = 'silver'"))[0]
    plan = services.programmes.at(clock()).tier_plan
    async with services.database.write() as session:
        await grant_tier(
            session, boris, tier="gold", last_day=None, reason="vip", by="staff:olga", plan=plan, now=clock()
        )
        await session.commit()
    assert (await apply(services, WITH_TIERS)).import_id is None
    assert first.import_id is not None
    await reverse(services, first.import_id)
    await assert_verified(services)


async def test_it_goes_with_its_import_and_from_those_who_were_here_before(services: Services) -> None:
    await apply(services, {name: text for name, text in WITH_TIERS.items() if name != "tiers.csv"})
    second = await apply(services, {"tiers.csv": ROWS})
    assert second.import_id is not None
    reversal = await reverse(services, second.import_id)
    assert (reversal.tiers_ended, reversal.members_removed, reversal.kept) == (2, 0, [])
    assert await fetch(services, STANDINGS) == [(None, None, "bronze"), (None, None, "bronze")]
    assert (await apply(services, {"tiers.csv": ROWS})).counts.tiers_new == 2
    await assert_verified(services)


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("c-1,platinum,\n", "tier", "tier_unknown"),
        ("c-1,gold,2026-02-28\n", "retained_until", "tier_expired"),
        ("c-1,gold,2226-02-28\n", "retained_until", "tier_expired"),
        ("c-1,gold,2026-02-30\n", "retained_until", "day_malformed"),
        ("c-9,gold,\n", "external_id", "member_unknown"),
        ("c-1,,\n", "tier", "value_missing"),
        ("c-2,gold,\nc-2,silver,\n", "external_id", "tier_twice"),
    ],
)
async def test_what_cannot_be_is_told_at_its_line(services: Services, row: str, column: str, code: str) -> None:
    files = WITH_TIERS | {"tiers.csv": "external_id,tier,retained_until\n" + row}
    problems = await dry_run(services, files)
    assert ("tiers.csv", row.count("\n") + 1, column, code) in {
        (each.file, each.line, each.column, each.code) for each in problems
    }
    with pytest.raises(ImportRefusedError):
        await apply(services, files)
    assert await fetch(services, "SELECT count(*) FROM member") == [(0,)]


async def test_a_programme_without_tiers_has_no_place_for_them(services: Services) -> None:
    await publish(services)
    (problem,) = await dry_run(services, WITH_TIERS)
    assert (problem.line, problem.code) == (0, "tiers_not_earned")
