"""`comeback programme diff`: what differs between two documents."""

from typing import Annotated

import msgspec
import typer
from rich.text import Text

from api.cli.programme.documents import NAMING, read_document
from api.cli.programme.opening import REFUSED
from api.cli.programme.telling import print_json, print_table


def diff(
    before: Annotated[str, typer.Argument(help=NAMING)],
    after: Annotated[str | None, typer.Argument(help="The same. Left out: BEFORE is compared with current.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Compare two documents, rules by their codes. Ends with 1 when they differ; two files need no database.

    With one name: what it would change of the version in force.
    """
    from loyalty.programme.differences import differences

    first, second = ("current", before) if after is None else (before, after)
    found = differences(read_document(first), read_document(second))
    if as_json:
        print_json({"differences": found})
    elif found:
        print_table(
            ("where", "before", "after"),
            [(Text(each.path), Text(_shown(each.before)), Text(_shown(each.after))) for each in found],
        )
    else:
        print("No difference.")
    if found:
        raise typer.Exit(REFUSED)


def _shown(value: object) -> str:
    return "" if value is None else msgspec.json.encode(value).decode()
