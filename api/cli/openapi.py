"""`comeback openapi`: the API's document, as it is committed."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

COMMITTED = Path("openapi/openapi.json")


def openapi(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when the file is out of date.")] = False,
    output: Annotated[Path, typer.Option(help="The file.", dir_okay=False)] = COMMITTED,
) -> None:
    """Write the OpenAPI document from the routes. It needs no database."""
    from api.app import create_app
    from api.openapi_document.document import openapi_document, written
    from kernel.settings import Settings

    console = Console(soft_wrap=True)
    text = written(openapi_document(create_app(Settings())))
    if not check:
        output.write_text(text, encoding="utf-8")
        console.print(f"Wrote {output}.", markup=False)
    elif not output.exists() or output.read_text(encoding="utf-8") != text:
        console.print(f"{output} is not what the routes say. Run `make openapi` and commit it.", markup=False)
        raise typer.Exit(1)
    else:
        console.print(f"{output} is what the routes say.", markup=False)
