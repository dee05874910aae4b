"""`comeback programme`: a programme as a file, checked, compared, tried on the past, published and rolled back."""

import typer

from api.cli.backtest import backtest
from api.cli.programme.comparing import diff
from api.cli.programme.exporting import export
from api.cli.programme.publishing import publish, rollback
from api.cli.programme.schema import schema
from api.cli.programme.validating import validate

programme = typer.Typer(help="Check, compare, try out, publish and roll back programmes.", no_args_is_help=True)

for command in (validate, diff, backtest, export, publish, rollback, schema):
    programme.command()(command)
