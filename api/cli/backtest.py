"""`comeback programme backtest`: what recorded purchases would have earned under the programme of a file."""

import asyncio
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from api.cli.backing import application_database
from api.engines import EngineError
from kernel.settings import Settings

if TYPE_CHECKING:
    from loyalty.backtesting.question import Question
    from loyalty.backtesting.report import BacktestReport


def backtest(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A programme document in YAML.")],
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First local day; default: the first.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The local day after the last; default: all.")
    ] = None,
    sample: Annotated[float, typer.Option(min=0.01, max=100, help="Percent of the members.")] = 100,
    processes: Annotated[int | None, typer.Option(min=1, help="Default: one a core, at most four.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Evaluate recorded purchases with the programme in FILE and show the difference to what they earned.

    Reads the database and writes nothing. Ends with 1 when the document has problems.
    """
    from kernel.errors import DomainError

    try:
        question = _question(file, first=_day(first), until=_day(until), sample=sample)
        with application_database(Settings()) as url:
            report = asyncio.run(_run(url, question, processes=processes, show_progress=not as_json))
    except EngineError as problem:
        raise typer.BadParameter(str(problem)) from None
    except DomainError as refusal:
        Console(stderr=True).print(refusal.detail, *_facts(refusal), sep="\n", style="red", markup=False)
        raise typer.Exit(1) from None
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        _print(report, Console())


def _day(instant: datetime | None) -> date | None:
    return None if instant is None else instant.date()


def _question(file: Path, *, first: date | None, until: date | None, sample: float) -> "Question":
    from loyalty.backtesting.question import WHOLE_BP, Question
    from loyalty.programme.decoding import decode_programme_yaml
    from loyalty.programme.problems import errors_among
    from loyalty.programme.publishing import ProgrammeInvalidError
    from loyalty.programme.validation import validate

    document = decode_programme_yaml(file.read_text(encoding="utf-8-sig"))
    if errors := errors_among(validate(document)):
        raise ProgrammeInvalidError(errors)
    return Question(
        document=document,
        recorded_by=datetime.now(UTC),
        first_day=first,
        until_day=until,
        sample_bp=round(sample * WHOLE_BP / 100),
    )


def _facts(refusal: Exception) -> list[str]:
    facts = getattr(refusal, "facts", {})
    problems = facts.get("problems")
    return [f"{each['path']}: {each['message']}" for each in problems] if problems else [str(facts)]


async def _run(url: str, question: "Question", *, processes: int | None, show_progress: bool) -> "BacktestReport":
    from api.backtesting import backtest as relive
    from kernel.database import Database

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    database = Database(url, pool_size=1)
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True, disable=not show_progress) as progress:
            parts = progress.add_task("Parts of the members", total=None)
            return await relive(
                database,
                question,
                lambda done, total: progress.update(parts, completed=done, total=total),
                processes=processes,
            )
    finally:
        await database.close()


def _print(report: "BacktestReport", console: Console) -> None:
    console.print(
        f"{report.purchases:,} purchases of {report.members:,} members; {report.purchases_changed:,} purchases and "
        f"{report.members_changed:,} members would have other points.\n"
    )
    wallets = _table("wallet")
    for wallet in report.wallets:
        wallets.add_row(wallet.wallet, *_figures(wallet.drafted, wallet.happened, wallet.difference))
        if wallet.cost_drafted_minor is not None and wallet.cost_happened_minor is not None:
            cost = (wallet.cost_drafted_minor, wallet.cost_happened_minor)
            wallets.add_row(f"  worth, {report.currency} minor", *_figures(*cost, cost[0] - cost[1]))
        if wallet.liability_drafted_minor is not None and wallet.liability_happened_minor is not None:
            owed = (wallet.liability_drafted_minor, wallet.liability_happened_minor)
            wallets.add_row("  of that not expired by now", *_figures(*owed, owed[0] - owed[1]))
    rules = _table("rule")
    for rule in report.rules:
        rules.add_row(rule.rule, *_figures(rule.drafted, rule.happened, rule.difference))
    members = _table("member")
    for member in report.most_affected:
        members.add_row(member.member_id, *_figures(member.drafted, member.happened, member.difference))
    for table in (wallets, rules, members, _tier_moves(report), _farthest_moved(report)):
        if table.row_count:
            console.print(table, "")


def _tier_moves(report: "BacktestReport") -> Table:
    table = Table("from tier", "to tier", "members", box=None, pad_edge=False)
    for move in report.tier_moves:
        table.add_row(move.from_tier or "none", move.to_tier or "none", f"{move.members:,}")
    return table


def _farthest_moved(report: "BacktestReport") -> Table:
    table = Table("member", "from tier", "to tier", box=None, pad_edge=False)
    for move in report.farthest_moved:
        table.add_row(move.member_id, move.from_tier or "none", move.to_tier or "none")
    return table


def _table(first: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, style="bold")
    for name in ("under the file", "happened", "difference"):
        table.add_column(name, justify="right")
    return table


def _figures(drafted: int, happened: int, difference: int) -> tuple[str, str, str]:
    return f"{drafted:,}", f"{happened:,}", f"{difference:+,}"
