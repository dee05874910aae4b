"""`comeback verify`: the proof that the books are right."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from api.cli.backing import application_database
from api.engines import EngineError
from kernel.settings import Settings

if TYPE_CHECKING:
    from loyalty.verification.invariant import Invariant, Scope
    from loyalty.verification.running import Result


def verify(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    members: Annotated[
        str | None, typer.Option(metavar="FROM:TO", help="Only these members, by number, both included.")
    ] = None,
    examples: Annotated[int, typer.Option(min=0, max=1_000, help="Most violations shown of each invariant.")] = 5,
) -> None:
    """Check every invariant of the ledger in one snapshot, while sales go on. Ends with 1 when one is broken."""
    scope = _scope(members)
    try:
        with application_database(Settings()) as url:
            results = asyncio.run(_run(url, scope, examples=examples, show_progress=not as_json))
    except EngineError as problem:
        raise typer.BadParameter(str(problem)) from None
    if as_json:
        print(_as_json(results, scope).decode())
    else:
        _print(results, Console())
    if any(result.violations for result in results):
        raise typer.Exit(1)


def _scope(members: str | None) -> "Scope":
    from kernel.clock import system_clock
    from loyalty.verification.invariant import Scope

    if members is None:
        return Scope(now=system_clock())
    try:
        first, last = (int(number) for number in members.split(":"))
    except ValueError:
        raise typer.BadParameter("write two member numbers as FROM:TO") from None
    if not 1 <= first <= last < 2**63:
        raise typer.BadParameter("FROM is at least 1 and at most TO")
    return Scope(now=system_clock(), first_member=first, last_member=last)


async def _run(url: str, scope: "Scope", *, examples: int, show_progress: bool) -> "list[Result]":
    from kernel.database import Database
    from loyalty.verification.catalogue import INVARIANTS
    from loyalty.verification.running import verify as verify_database

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    database = Database(url, pool_size=1)
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True, disable=not show_progress) as progress:
            task = progress.add_task("", total=len(INVARIANTS), completed=-1)

            def on_begin(invariant: "Invariant") -> None:
                progress.update(task, advance=1, description=f"{invariant.code} {invariant.title}")

            return await verify_database(database, scope, examples=examples, on_begin=on_begin)
    finally:
        await database.close()


def _print(results: "list[Result]", console: Console) -> None:
    from loyalty.verification.catalogue import ELSEWHERE

    table = Table("", "invariant", "violations", "seconds", box=None, pad_edge=False)
    for result in results:
        found = Text("skipped", "yellow") if result.skipped else Text("0", "green")
        if result.violations:
            found = Text(f"{result.violations:,}", "bold red")
        table.add_row(result.invariant.code, result.invariant.title, found, f"{result.seconds:.2f}")
    for code, reason in ELSEWHERE.items():
        table.add_row(code, Text(reason, "dim"), Text("-", "dim"), "")
    console.print(table)
    for result in results:
        if result.violations:
            console.print(f"\n{result.invariant.code} {result.invariant.title}", style="bold red", markup=False)
            console.print(_examples(result))
    broken = sum(1 for result in results if result.violations)
    seconds = sum(result.seconds for result in results)
    verdict = Text(f"{broken} broken", "bold red") if broken else Text("all hold", "bold green")
    console.print(Text.assemble(f"\n{len(results)} invariants in {seconds:.1f} s: ", verdict))


def _examples(result: "Result") -> Table:
    table = Table("member", "what", "expected", "found", box=None, pad_edge=False)
    for violation in result.examples:
        member = "" if violation.member_id is None else str(violation.member_id)
        table.add_row(
            member, *(Text(part or "nothing") for part in (violation.what, violation.expected, violation.found))
        )
    return table


def _as_json(results: "list[Result]", scope: "Scope") -> bytes:
    from loyalty.verification.catalogue import ELSEWHERE

    report = {
        "ok": not any(result.violations for result in results),
        "verified_at": scope.now,
        "members": None if scope.is_whole else [scope.first_member, scope.last_member],
        "seconds": round(sum(result.seconds for result in results), 3),
        "invariants": [
            {
                "code": result.invariant.code,
                "title": result.invariant.title,
                "violations": None if result.skipped else result.violations,
                "seconds": round(result.seconds, 3),
                "examples": result.examples,
            }
            for result in results
        ],
        "elsewhere": ELSEWHERE,
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=2)
