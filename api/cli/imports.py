"""`comeback import`: moving in from another system, and comparing with it before the switch."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from api.cli.backing import application_database
from kernel.settings import Settings

if TYPE_CHECKING:
    from kernel.database import Database
    from loyalty.imports.problems import ImportProblem

T = TypeVar("T")
ACTOR = "operator"
_SHOWN = 20

Problems = Annotated[
    Path | None, typer.Option("--errors", help="Write every problem into this CSV file.", dir_okay=False)
]


def import_files(
    path: Annotated[
        Path | None, typer.Argument(help="A directory with members.csv, lots.csv, ..., or one of these files.")
    ] = None,
    source: Annotated[str, typer.Option(help="The other system's name; its ids are kept under it.")] = "old",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count; write nothing.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Write everything; nothing where there is a problem.")] = False,
    reverse: Annotated[int | None, typer.Option(metavar="ID", min=1, help="Take this import back.")] = None,
    shadow: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Compare this file of balances with ours.")
    ] = None,
    shadow_receipts: Annotated[
        Path | None, typer.Option(exists=True, help="Compare what these receipts earned with what our rules would pay.")
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write each of them here.", dir_okay=False)] = None,
    zone: Annotated[str, typer.Option(help="Zone of members whose own is not given.")] = "UTC",
    language: Annotated[str | None, typer.Option(help="Their language. Default: the programme's fallback.")] = None,
    errors: Problems = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Move members, identities, consents and points in; again for what is new; or back out.

    Ends with 1 when there are problems, or differences with --shadow.
    """
    if [dry_run, apply, *(each is not None for each in (reverse, shadow, shadow_receipts))].count(True) != 1:
        raise typer.BadParameter("name one of --dry-run, --apply, --reverse, --shadow and --shadow-receipts")
    if reverse is not None:
        _tell(_in_database(lambda database: _reverse(database, reverse)), as_json=as_json)
        return
    if shadow is not None:
        content = shadow.read_bytes()
        compared = _in_database(lambda database: _compare(database, content, shadow.name, source), errors)
        _tell(compared, as_json=as_json)
        raise typer.Exit(1 if compared["differences"] else 0)
    if shadow_receipts is not None:
        files = _files(shadow_receipts)
        told = _in_database(lambda database: _shadow(database, files, source, zone=zone, language=language), errors)
        if csv is not None:
            _write_receipts(csv, told["receipts"])
        _tell(told, as_json=as_json)
        raise typer.Exit(1 if told["differences"] else 0)
    if path is None or not path.exists():
        raise typer.BadParameter("name the directory, or the file, to be imported")
    files = _files(path)
    _tell(
        _in_database(
            lambda database: _import(database, files, source, zone=zone, language=language, write=apply), errors
        ),
        as_json=as_json,
    )


def _files(path: Path) -> dict[str, bytes]:
    paths = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    return {each.name: each.read_bytes() for each in paths}


async def _import(
    database: "Database", files: Mapping[str, bytes], source: str, *, zone: str, language: str | None, write: bool
) -> dict[str, Any]:
    from api.importing import apply_noted, examine, import_terms, read_files
    from kernel.clock import system_clock
    from loyalty.imports.consistency import totals_of
    from loyalty.imports.problems import ImportRefusedError

    began, settings = time.perf_counter(), Settings()
    terms = await import_terms(database, settings, source=source, zone=zone, language=language, now=system_clock())
    delivery, problems = await read_files(settings, files, terms)
    told: dict[str, Any] = {"source": source, "applied": False, "files": totals_of(delivery)}
    if problems or not write:
        if problems := await examine(database, delivery, terms, problems):
            raise ImportRefusedError(problems)
        return told
    async with database.write() as session:
        done = await apply_noted(session, delivery, terms, actor=ACTOR)
        await session.commit()
    seconds = time.perf_counter() - began
    counts: dict[str, Any] = msgspec.to_builtins(done.counts)
    return told | {"applied": True, "import_id": done.import_id, "seconds": round(seconds, 1)} | counts


async def _reverse(database: "Database", import_id: int) -> dict[str, Any]:
    from api.importing import reverse_noted
    from kernel.clock import system_clock

    async with database.write() as session:
        done = await reverse_noted(session, import_id, actor=ACTOR, now=system_clock())
        await session.commit()
    told: dict[str, Any] = msgspec.to_builtins(done)
    return told


async def _shadow(
    database: "Database", files: Mapping[str, bytes], source: str, *, zone: str, language: str | None
) -> dict[str, Any]:
    from api.importing import import_terms
    from kernel.clock import system_clock
    from kernel.database import driver
    from loyalty.imports.problems import ImportRefusedError
    from loyalty.imports.reading import read_delivery
    from loyalty.imports.shadow_receipts import FILES, compare_receipts

    terms = await import_terms(database, Settings(), source=source, zone=zone, language=language, now=system_clock())
    named = {name: content for name, content in files.items() if name in FILES}
    delivery, problems = read_delivery(named, source=source, region=None, now=terms.now)
    if problems:
        raise ImportRefusedError(problems)
    async with database.read() as session:
        compared = await compare_receipts(await driver(session), delivery, terms)
    told: dict[str, Any] = msgspec.to_builtins(compared)
    return told | {"differences": msgspec.to_builtins(compared.differences)}


def _write_receipts(path: Path, receipts: Sequence[Mapping[str, Any]]) -> None:
    """A line for each receipt; its rules as JSON."""
    from api.csv_files import csv_text

    columns = ("receipt_id", "external_id", "theirs", "ours", "rules")
    rows = [(*(each[name] for name in columns[:-1]), msgspec.json.encode(each["rules"]).decode()) for each in receipts]
    path.write_text(csv_text(columns, rows), encoding="utf-8", newline="")


async def _compare(database: "Database", content: bytes, file: str, source: str) -> dict[str, Any]:
    from api.opening import lookup_key_of
    from kernel.clock import system_clock
    from kernel.database import driver
    from loyalty.imports.shadow import compare_balances

    async with database.read() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        comparison = await compare_balances(
            await driver(session),
            content,
            file=file,
            source=source,
            lookup_key=lookup_key_of(Settings()),
            now=system_clock(),
        )
    told: dict[str, Any] = msgspec.to_builtins(comparison)
    return told


def _in_database(act: "Callable[[Database], Awaitable[T]]", errors: Path | None = None) -> T:
    from api.engines import EngineError
    from kernel.database import Database
    from kernel.errors import DomainError
    from loyalty.imports.problems import ImportRefusedError

    async def run(url: str) -> T:
        database = Database(url, pool_size=1)
        try:
            return await act(database)
        finally:
            await database.close()

    try:
        with application_database(Settings()) as url:
            return asyncio.run(run(url))
    except ImportRefusedError as refused:
        _show(refused.problems, errors)
    except (DomainError, EngineError) as problem:
        Console(stderr=True).print(str(problem), style="red", markup=False)
    raise typer.Exit(1)


def _show(problems: "Sequence[ImportProblem]", errors: Path | None) -> None:
    """The first problems on the screen; all of them in the file."""
    from api.csv_files import csv_text

    columns = ("file", "line", "column", "code", "message")
    rows = [(each.file, each.line, each.column, each.code, each.message) for each in problems]
    if errors is not None:
        errors.write_text(csv_text(columns, rows), encoding="utf-8", newline="")
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows[:_SHOWN]:
        table.add_row(*(str(cell) for cell in row))
    console = Console(stderr=True)
    console.print(table)
    console.print(f"{len(rows):,} problems; nothing was imported.", style="red", highlight=False)


def _tell(facts: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(facts).decode())
        return
    console = Console(soft_wrap=True)
    for name, value in facts.items():
        if isinstance(value, list):
            console.print(f"{name.replace('_', ' '):18} {len(value):,}", highlight=False)
            for each in value[:_SHOWN]:
                console.print("  " + "  ".join(f"{key} {item}" for key, item in each.items()), highlight=False)
        else:
            console.print(f"{name.replace('_', ' '):18} {value}", markup=False, highlight=False)
