"""`comeback programme export`: a document of the database as YAML."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.programme.documents import read_document
from api.cli.programme.telling import print_json


def export(
    name: Annotated[str, typer.Argument(help="version:4, draft:spring or current.")] = "current",
    file: Annotated[Path | None, typer.Option("--output", "-o", help="Write it here.", dir_okay=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON instead of YAML.")] = False,
) -> None:
    """Print a document with everything written out, to be kept, compared, or published in another installation."""
    from loyalty.programme.decoding import encode_programme, encode_programme_yaml

    document = read_document(name)
    if as_json:
        print_json(encode_programme(document))
    elif file is not None:
        file.write_text(encode_programme_yaml(document), encoding="utf-8")
    else:
        print(encode_programme_yaml(document), end="")
