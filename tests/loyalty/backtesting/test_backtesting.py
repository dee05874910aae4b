"""Back-tests against a shop's recorded weeks: the version in force changes nothing, another one what it says."""

from datetime import date, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from api.programmes import refresh_programmes
from api.services import Services
from kernel.database import driver
from loyalty.backtesting.question import Part, Question, divide
from loyalty.backtesting.report import BacktestReport, report_of
from loyalty.backtesting.running import DRAFT_VERSION, add_up
from loyalty.backtesting.totals import Totals, class_of
from loyalty.members.ids import member_public_id
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.snapshot import ProgrammeSnapshot
from tests.clocks import MovableClock
from tests.journeys.tills import fetch, line
from tests.loyalty.verification.history import PROGRAMME, History, begin
from tests.programmes import POINTS, fixed, programme, rate
from tests.shop import Shop

FREE = programme(
    rate(points=1, per_minor=100, caps={"day": 400, "month": 5_000}),
    wallets=[POINTS],
    spending={"value": {"points": 2, "minor": 1}},
)


@pytest.fixture
async def weeks(services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock) -> History:
    """Two members who reach caps, return goods and buy again, so that limits are used and given back."""
    history = await begin(services, client, shop, clock)
    for day in range(4):
        await history.passes(days=1)
        await history.buys("anna", f"a{day}", line("x", 12_000, quantity="3"), line("y", 5_000 + day))
        await history.buys("boris", f"b{day}", line("x", 30_000), line("y", 25_000))
        await history.passes(minutes=2)
        if day:
            await history.returns(f"a{day}", f"ra{day}", x="1")
            await history.returns(f"b{day}", f"rb{day}", x="1")
        await history.buys("boris", f"b-again{day}", line("x", 20_000))
    await history.passes(days=1)
    await history.voids(receipt={"number": "a0", "business_date": "2026-03-02"})
    await history.passes(minutes=1)
    await history.buys("anna", "a-last", line("x", 9_000))
    return history


async def tried(services: Services, document: ProgrammeDocument, **more: Any) -> BacktestReport:
    """The report of all parts."""
    question = Question(document=document, recorded_by=services.clock(), **more)
    totals = Totals()
    for part in await parts_of(services, question):
        totals.add(await added(services, question, part))
    return report_of(totals, document)


async def parts_of(services: Services, question: Question) -> list[Part]:
    async with services.database.read() as session:
        return list(await divide(await driver(session), question))


async def added(services: Services, question: Question, part: Part) -> Totals:
    await refresh_programmes(services)
    draft = ProgrammeSnapshot(DRAFT_VERSION, question.document)
    async with services.database.read() as session:
        return await add_up(await driver(session), question, part, draft, services.programmes)


async def kept_points(services: Services) -> dict[str, int]:
    """By wallet: what the journal says that purchases have earned, less what refunds have taken."""
    rows = await fetch(
        services,
        """SELECT wallet, sum(CASE WHEN debit = 'issued' THEN amount ELSE -amount END)::bigint FROM journal
        WHERE 'issued' IN (debit, credit) AND cause_kind IN ('purchase', 'refund') GROUP BY wallet""",
    )
    return dict(rows)


def by_rule(report: BacktestReport) -> dict[str, tuple[int, int]]:
    return {rule.rule: (rule.drafted, rule.happened) for rule in report.rules}


async def test_the_version_in_force_gives_exactly_what_was_issued(services: Services, weeks: History) -> None:
    report = await tried(services, PROGRAMME)
    issued = await kept_points(services)
    assert {wallet.wallet: (wallet.drafted, wallet.happened) for wallet in report.wallets} == {
        wallet: (points, points) for wallet, points in issued.items()
    }
    assert (report.difference, report.purchases_changed, report.members_changed) == (0, 0, 0)
    assert report.most_affected == []
    assert issued["points"] > 0


async def test_any_part_of_the_past_does_so_too(services: Services, weeks: History) -> None:
    """A month's cap and a budget are partly used up when the period begins."""
    for first in (date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 6)):
        for days in (1, 2, 30):
            report = await tried(services, PROGRAMME, first_day=first, until_day=first + timedelta(days=days))
            assert report.purchases > 0
            assert (report.difference, report.purchases_changed) == (0, 0)
            assert all(rule.difference == 0 for rule in report.rules)


async def test_periods_that_follow_each_other_add_up_to_the_whole(services: Services, weeks: History) -> None:
    draft = programme(rate(points=3, per_minor=100), fixed("extra", 11))
    middle = date(2026, 3, 5)
    whole = await tried(services, draft)
    before, after = await tried(services, draft, until_day=middle), await tried(services, draft, first_day=middle)
    assert before.purchases + after.purchases == whole.purchases
    assert before.difference + after.difference == whole.difference


async def test_another_programme_is_told_rule_by_rule(services: Services, weeks: History) -> None:
    report = await tried(services, programme(rate(points=2, per_minor=100), fixed("welcome", 5)))
    happened = {rule.rule: rule.happened for rule in (await tried(services, PROGRAMME)).rules}
    purchases = report.purchases
    assert by_rule(report)["hello"] == (0, happened["hello"])
    assert by_rule(report)["welcome"][1] == 0
    assert 0 < by_rule(report)["welcome"][0] <= 5 * purchases
    assert by_rule(report)["base"][0] > by_rule(report)["base"][1]
    assert report.difference == sum(r.difference for r in report.rules if r.rule != "cups")
    top = report.most_affected[0]
    assert top.member_id == member_public_id(weeks.members["boris"])


def tiers(**thresholds: dict[str, int]) -> list[dict[str, Any]]:
    """The history's tiers, and one more; those that are named need so much, the others are given by hand."""
    codes = ("bronze", "silver", "gold", "platinum")
    return [{"code": code, "names": {"en": code}, "thresholds": thresholds.get(code)} for code in codes]


def moves(report: BacktestReport) -> dict[tuple[str | None, str | None], int]:
    return {(move.from_tier, move.to_tier): move.members for move in report.tier_moves}


async def test_who_would_be_in_another_tier_is_counted_and_named(services: Services, weeks: History) -> None:
    same = await tried(services, PROGRAMME)
    assert (moves(same), same.farthest_moved) == ({}, [])
    dearer = msgspec.structs.replace(PROGRAMME, tiers=programme(tiers=tiers(silver={"spend_minor": 10**9})).tiers)
    report = await tried(services, dearer)
    assert moves(report) == {("silver", "bronze"): 1}
    assert [each.member_id for each in report.farthest_moved] == [member_public_id(weeks.members["boris"])]


async def test_tiers_go_by_the_points_that_a_draft_would_have_given(services: Services, weeks: History) -> None:
    thresholds = tiers(silver={"points": 100}, platinum={"points": 30_000})
    plenty = await tried(services, programme(rate(points=100, per_minor=100), tiers=thresholds))
    assert moves(plenty) == {("bronze", "platinum"): 1, ("silver", "platinum"): 1}
    names = [member_public_id(weeks.members[who]) for who in ("anna", "boris")]
    assert [each.member_id for each in plenty.farthest_moved] == names, "three steps, and two"
    few = programme(rate(points=1, per_minor=10_000), tiers=thresholds)
    assert moves(await tried(services, few)) == {("silver", "bronze"): 1}
    in_part = await tried(services, few, until_day=date(2026, 3, 4))
    assert moves(in_part) == {("bronze", "silver"): 1}, "what is not asked about stays as it happened"


async def test_a_draft_that_has_nothing_to_earn_moves_nobody(services: Services, weeks: History) -> None:
    assert moves(await tried(services, FREE)) == {}


async def test_caps_are_counted_anew_member_by_member(services: Services, weeks: History) -> None:
    report = await tried(services, programme(rate(points=1, per_minor=1, caps={"lifetime": 100})))
    assert by_rule(report)["base"][0] == 200, "anna and boris reach it, though some of it came back and was paid again"


async def test_a_budget_is_never_exceeded_and_what_comes_back_is_given_out_again(
    services: Services, weeks: History
) -> None:
    report = await tried(services, programme(rate(points=1, per_minor=1, budget_points=1_600)))
    assert by_rule(report)["base"][0] == 200, "a sixteenth for each of two members, who have slices of their own"


async def test_money_is_by_the_documents_point_value(services: Services, weeks: History) -> None:
    (points,) = [wallet for wallet in (await tried(services, FREE)).wallets if wallet.wallet == "points"]
    assert (points.cost_drafted_minor, points.cost_happened_minor) == (points.drafted // 2, points.happened // 2)
    assert points.living_drafted == points.drafted, "they never expire"
    weeks.clock.advance(days=60)
    (later,) = [wallet for wallet in (await tried(services, FREE)).wallets if wallet.wallet == "points"]
    assert (later.living_drafted, later.living_happened) == (points.drafted, 0), "the others lived for thirty days"


async def test_a_sample_is_of_whole_members_and_the_same_every_time(services: Services, weeks: History) -> None:
    draft = programme(rate(points=2, per_minor=100))
    halves = [await tried(services, draft, sample_bp=5_000, salt=f"salt {number}") for number in range(8)]
    again = [await tried(services, draft, sample_bp=5_000, salt=f"salt {number}") for number in range(8)]
    assert halves == again
    assert {half.members for half in halves} <= {0, 1, 2}
    assert len({half.members for half in halves}) > 1


async def test_listed_members_are_looked_at_alone(services: Services, weeks: History) -> None:
    report = await tried(services, programme(rate(points=2)), members=(weeks.members["anna"],))
    assert (report.members, report.purchases) == (1, 5)


async def test_parts_are_independent_of_how_the_members_are_divided(services: Services, weeks: History) -> None:
    question = Question(document=FREE, recorded_by=services.clock())
    whole = await added(services, question, Part())
    divided = Totals()
    for part in reversed(await parts_of(services, question)):
        divided.add(await added(services, question, part))
    assert report_of(divided, FREE) == report_of(whole, FREE)


async def test_what_is_recorded_later_is_left_out(services: Services, weeks: History) -> None:
    before = await tried(services, FREE)
    question = Question(document=FREE, recorded_by=services.clock())
    await weeks.passes(minutes=1)
    await weeks.buys("anna", "late", line("x", 50_000))
    await weeks.returns("b0", "rb-late")
    assert report_of(await added(services, question, Part()), FREE) == before


async def test_a_sale_that_could_not_earn_is_not_among_them(services: Services, weeks: History) -> None:
    before = await tried(services, FREE)
    async with services.database.write() as session:
        await (await driver(session)).execute("UPDATE member SET earning_frozen = true")
        await session.commit()
    await weeks.buys("anna", "frozen", line("x", 50_000))
    assert (await tried(services, FREE)).purchases == before.purchases


@pytest.mark.parametrize(
    ("difference", "expected"), [(0, 0), (1, 1), (9, 1), (10, 10), (-1, -1), (-99, -10), (2_000_000, 100_000)]
)
def test_differences_fall_into_classes(difference: int, expected: int) -> None:
    assert class_of(difference) == expected


async def test_classes_count_every_member_once(services: Services, weeks: History) -> None:
    report = await tried(services, replace_rate())
    of_points = [each for each in report.distribution if each.wallet == "points"]
    assert sum(each.members for each in of_points) == report.members
    assert all((each.from_points or -(10**9)) <= (each.to_points or 10**9) for each in of_points)


def replace_rate() -> ProgrammeDocument:
    return programme(rate(points=10, per_minor=100))
