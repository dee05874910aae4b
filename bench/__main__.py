"""``python -m bench [PART ...]``: measure, write ``bench/latest.json`` and ``docs/performance.md``."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import structlog
import typer

from api.cli.serve import one_a_core
from bench.backtesting import measure_backtest
from bench.batches import measure_batches
from bench.earning import measure_earning
from bench.growth import measure_growth
from bench.importing import measure_import
from bench.machine import machine
from bench.purchases import measure_purchases
from bench.quotes import measure_quotes
from bench.redemptions import measure_redemptions
from bench.replaying import measure_replay
from bench.report import keep, write_page
from bench.servers import measure_servers

PARTS: Final = (
    "rules",
    "purchases",
    "quotes",
    "batches",
    "redemptions",
    "growth",
    "replay",
    "backtest",
    "import",
    "servers",
)


def main(
    parts: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(PARTS)}; all of them by default.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Runs of each load.")] = 3,
    seconds: Annotated[int, typer.Option(min=1, help="Length of a run.")] = 20,
    members: Annotated[int, typer.Option(min=1_000, help="Members that the loads draw from.")] = 100_000,
    processes: Annotated[int, typer.Option(min=1, help="Server processes; as many as `comeback serve` by default.")] = (
        one_a_core()
    ),
    households: Annotated[int | None, typer.Option(min=1, help="Replay only so many households.")] = None,
    large: Annotated[bool, typer.Option(help="Let the journal grow to ten million rows.")] = False,
) -> None:
    """Measure on this machine. Nothing else should run on it meanwhile: the load before is kept with the figures."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    load: dict[str, Any] = {"rounds": rounds, "seconds": seconds, "members": members}
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "rules": measure_earning,
        "purchases": lambda: measure_purchases(**load, processes=processes),
        "quotes": lambda: measure_quotes(**load, processes=processes),
        "batches": lambda: measure_batches(**load, processes=processes),
        "redemptions": lambda: measure_redemptions(rounds=rounds, seconds=seconds, processes=processes),
        "growth": lambda: measure_growth(large=large),
        "replay": lambda: measure_replay(households=households),
        "backtest": lambda: measure_backtest(processes=processes, households=households),
        "import": lambda: measure_import(members=min(members, 20_000)),
        "servers": lambda: measure_servers(**load),
    }
    for part in parts or PARTS:
        if part not in measures:
            raise typer.BadParameter(f"{part} is none of {', '.join(PARTS)}")
    for part in parts or PARTS:
        print(f"{part}:", flush=True)
        where = machine()
        keep(part, where, measures[part]())
        write_page()


if __name__ == "__main__":
    typer.run(main)
