"""The command line `comeback`: one file for each command, all of them on this page."""

import typer

from api.cli.imports import import_files
from api.cli.keys import keys
from api.cli.migrate import migrate
from api.cli.openapi import openapi
from api.cli.programme import programme
from api.cli.replay import replay
from api.cli.serve import serve
from api.cli.up import up
from api.cli.verify import verify
from api.cli.worker import worker

app = typer.Typer(
    name="comeback",
    help="A loyalty and points service.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # A plain traceback fits a log, and shows no variables with passwords.
)

for command in (up, serve, worker, migrate, replay, verify, openapi):
    app.command()(command)
app.command("import")(import_files)
app.add_typer(keys, name="keys")
app.add_typer(programme, name="programme")


def main() -> None:
    """What the installed program `comeback` calls."""
    app()
