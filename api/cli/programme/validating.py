"""`comeback programme validate`: everything that is wrong with a file, at its line and column."""

from typing import Annotated

import typer

from api.cli.programme.opening import REFUSED, read_file
from api.cli.programme.telling import print_json, print_problems


def validate(
    file: Annotated[str, typer.Argument(help="A programme as YAML; - for standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Take warnings for errors.")] = False,
) -> None:
    """Check a programme without any database. Ends with 1 when it has errors."""
    from loyalty.programme.inspection import inspect_yaml
    from loyalty.programme.problems import errors_among

    problems = inspect_yaml(read_file(file))
    errors = problems if strict else errors_among(problems)
    if as_json:
        print_json({"problems": problems})
    else:
        print_problems(problems)
        print(f"{len(errors)} errors, {len(problems) - len(errors)} warnings.")
    if errors:
        raise typer.Exit(REFUSED)
