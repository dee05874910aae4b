"""`comeback replay`: real baskets through the tills' own function, every point accounted for."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import msgspec
import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from api.cli.backing import with_backing_services
from api.cli.migrate import addresses_of
from api.engines import EngineError
from kernel.settings import Settings

if TYPE_CHECKING:
    from api.replay.complete_journey import CompleteJourney
    from api.replay.sending import Replayed, Watch


class Source(StrEnum):
    """What can be replayed."""

    COMPLETE_JOURNEY = "complete-journey"


def replay(
    source: Annotated[Source, typer.Argument(help="Which baskets.")],
    households: Annotated[int | None, typer.Option(min=1, help="Only those of the first so many households.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the totals as JSON.")] = False,
) -> None:
    """Send a year of real baskets, check every invariant, and count each household's points a second time in SQL.

    Uses the database at DATABASE_URL and APP_DATABASE_URL, or the embedded one, which nobody else may be using then.
    Sending them again changes nothing.
    """
    from api.replay.complete_journey import CompleteJourney, JourneyMissingError
    from api.replay.recount import points_by_household
    from api.replay.sending import ReplayRefusedError

    console = Console(stderr=True)
    # Standard output is for the totals alone.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    assert source is Source.COMPLETE_JOURNEY, "there is one source"
    try:
        journey = CompleteJourney(households=households)
        with ExitStack() as running:
            replayed, broken = _replay(running, console, journey)
        counted = points_by_household(journey.duckdb)
    except (EngineError, JourneyMissingError, ReplayRefusedError) as problem:
        console.print(str(problem), style="red", markup=False)
        raise typer.Exit(1) from None
    differing = sum(counted[household] != points for household, points in replayed.points_by_household.items())
    proof = {"households_counted_otherwise": differing, "invariants_broken": len(broken)}
    _tell(_totals(replayed) | proof, as_json=as_json)
    if broken:
        console.print("Broken, as `comeback verify` shows: " + "; ".join(broken), style="red", markup=False)
    if differing or broken:
        raise typer.Exit(1)


def _replay(running: ExitStack, console: Console, journey: "CompleteJourney") -> "tuple[Replayed, list[str]]":
    """What was sent, and the invariants that do not hold afterwards."""
    from api.replay.sending import replay as send
    from migrations.running import migrate

    settings = with_backing_services(Settings(), running, say=lambda line: console.print(line, markup=False))
    owner_url, app_role = addresses_of(settings)
    asyncio.run(migrate(owner_url, app_role=app_role))
    with _progress(console, journey) as watch:
        replayed = asyncio.run(send(settings, journey, watch))
    return replayed, asyncio.run(_broken_invariants(settings))


async def _broken_invariants(settings: Settings) -> list[str]:
    from kernel.clock import system_clock
    from kernel.database import Database
    from loyalty.verification.invariant import Scope
    from loyalty.verification.running import verify

    assert settings.app_database_url is not None, "the replay has just used it"
    database = Database(settings.app_database_url.get_secret_value(), pool_size=1)
    try:
        results = await verify(database, Scope(now=system_clock()))
    finally:
        await database.close()
    return [f"{result.invariant.code} {result.invariant.title}" for result in results if result.violations]


def _totals(replayed: "Replayed") -> dict[str, int | float]:
    sent = replayed.sent
    return {
        "baskets": sent.baskets,
        "baskets_recorded_now": replayed.recorded,
        "lines": sent.lines,
        "households": sent.households,
        "sales_minor": sent.sales_minor,
        "points_issued": replayed.points_issued,
        "seconds": round(replayed.seconds, 1),
        "baskets_per_second": round(replayed.baskets_per_second),
    }


def _tell(totals: dict[str, int | float], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(totals) + b"\n")
        return
    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, value in totals.items():
        table.add_row(name.replace("_", " "), f"{value:,}")
    Console().print(table)


@contextmanager
def _progress(console: Console, journey: "CompleteJourney") -> "Iterator[Watch]":
    from api.replay.sending import Watch

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        enrolling = progress.add_task("Households", total=journey.sizes.households)
        sending = progress.add_task("Baskets", total=journey.sizes.baskets)
        yield Watch(
            enrolled=lambda count: progress.advance(enrolling, count),
            sent=lambda count: progress.advance(sending, count),
        )


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="progress.data.speed")
