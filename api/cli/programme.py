"""`comeback programme`: working on the programme from the command line."""

import typer

from api.cli.backtest import backtest

programme = typer.Typer(help="Work on the programme: what is in a file, against what is in the database.")
programme.command()(backtest)


@programme.callback()
def _group() -> None:
    """Keeps the command's name in the call while it is the only one."""
