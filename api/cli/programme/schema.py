"""`comeback programme schema`: the JSON Schema of a programme document, for editors."""

from typing import Annotated

import msgspec
import typer


def schema(
    as_json: Annotated[bool, typer.Option("--json", help="On one line.")] = False,
) -> None:
    """Print the JSON Schema. An editor that knows it completes and checks a programme while it is written."""
    from loyalty.programme.schema import PROGRAMME_SCHEMA

    text = msgspec.json.encode(PROGRAMME_SCHEMA)
    print((text if as_json else msgspec.json.format(text, indent=2)).decode())
