"""A slice of the real baskets: every one recorded, every point accounted for, and twice is once."""

from api.replay.complete_journey import CompleteJourney
from api.replay.recount import points_by_household
from api.replay.sending import Watch, replay
from api.services import Services
from kernel.database import driver
from kernel.settings import Settings
from loyalty.verification.invariant import Scope
from loyalty.verification.running import verify

HOUSEHOLDS = 12


async def test_points_per_household_equal_a_count_in_sql_over_the_raw_lines(
    services: Services, settings: Settings
) -> None:
    journey = CompleteJourney(households=HOUSEHOLDS)
    sent: list[int] = []
    replayed = await replay(settings, journey, Watch(sent=sent.append), at_once=40)
    assert replayed.points_by_household == points_by_household(journey.duckdb)
    assert len(replayed.points_by_household) == HOUSEHOLDS
    assert replayed.recorded == sum(sent) == journey.sizes.baskets
    async with services.database.read() as session:
        kept = await (await driver(session)).fetchrow(
            "SELECT count(*) AS lines, sum(amount_minor)::bigint AS minor FROM purchase_line"
        )
        expired = await (await driver(session)).fetchval("SELECT count(*) FROM journal WHERE kind = 'expired'")
    assert kept is not None
    assert (kept["lines"], kept["minor"]) == (journey.sizes.lines, journey.sizes.sales_minor)
    assert expired > 0, "the replay's clock moves with the data"
    results = await verify(services.database, Scope(now=services.clock()))
    assert [result.invariant.title for result in results if result.violations] == []


async def test_replaying_twice_changes_nothing(services: Services, settings: Settings) -> None:
    journey = CompleteJourney(households=2)
    first = await replay(settings, journey, Watch())
    again = await replay(settings, journey, Watch())
    assert (first.recorded, again.recorded) == (journey.sizes.baskets, 0)
    assert again.points_by_household == first.points_by_household
    async with services.database.read() as session:
        versions = await (await driver(session)).fetchval("SELECT count(*) FROM programme_version")
    assert versions == 1


def test_the_whole_data_is_what_it_was_published_as() -> None:
    sizes = CompleteJourney().sizes
    assert (sizes.baskets, sizes.lines, sizes.households) == (155_848, 1_469_307, 2_469)
    assert sizes.sales_minor == 459_603_958
