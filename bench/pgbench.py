"""pgbench, as it came with the PostgreSQL that is running: sixteen clients, prepared statements, one call at a time."""

import os
import re
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct
from sqlalchemy import make_url

from bench.posting_function import FUNCTION
from bench.stand import Stand

CLIENTS: Final = 16
_THREADS: Final = 2


class PgbenchError(Exception):
    """pgbench stopped; its own words say why."""


class Calls(Struct, frozen=True, kw_only=True):
    """What one run measured."""

    per_second: float
    mean_ms: float
    p99_ms: float
    failed: int


def call_postings(stand: Stand, *, members: int, seconds: int, clients: int = CLIENTS) -> Calls:
    """Post sales of random members by the function of ``posting_function``, each in a transaction of its own."""
    return call_function(stand, FUNCTION, first_member=1, last_member=members, seconds=seconds, clients=clients)


def call_function(
    stand: Stand, name: str, *, first_member: int, last_member: int, seconds: int, clients: int = CLIENTS
) -> Calls:
    """Call a function of ``plpgsql`` for random members, each in a transaction of its own."""
    script = stand.directory / "pgbench.sql"
    script.write_text(f"\\set member random({first_member}, {last_member})\nSELECT {name}(:member);\n")
    script.chmod(0o644)
    return run_script(stand, script, seconds=seconds, clients=clients)


def run_script(stand: Stand, script: Path, *, seconds: int, clients: int = CLIENTS) -> Calls:
    """Run ``script`` as the application's role on the copy of the database."""
    url = make_url(stand.pgbench_url)
    log = stand.directory / "pgbench.log"
    command = [str(stand.postgres.bin_dir / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", str(_THREADS)]
    command += [
        "-l",
        f"--log-prefix={log}",
        "-T",
        str(seconds),
        "-f",
        str(script),
        "-h",
        str(url.host),
        "-p",
        str(url.port),
        "-U",
        str(url.username),
    ]
    # The best that pgbench can do: left to itself PostgreSQL plans half of these statements anew for every call.
    environment = os.environ | {"PGPASSWORD": str(url.password), "PGOPTIONS": "-c plan_cache_mode=force_generic_plan"}
    ended = subprocess.run([*command, str(url.database)], capture_output=True, text=True, env=environment, check=False)
    if ended.returncode:
        raise PgbenchError(ended.stderr)
    said = ended.stdout
    return Calls(
        per_second=_figure(said, r"tps = ([\d.]+)"),
        mean_ms=_figure(said, r"latency average = ([\d.]+)"),
        p99_ms=round(statistics.quantiles(_latencies_ms(log), n=100)[-1], 1),
        failed=int(_figure(said, r"failed transactions: (\d+)")),
    )


def _latencies_ms(log: Path) -> Iterator[float]:
    """What each call took; each thread wrote a log of its own. The logs are removed."""
    for path in log.parent.glob(f"{log.name}.*"):
        for line in path.read_text().splitlines():
            yield int(line.split(" ", 3)[2]) / 1e3  # client, number, microseconds, ...
        path.unlink()


def _figure(said: str, pattern: str) -> float:
    found = re.search(pattern, said)
    if found is None:
        raise ValueError(f"pgbench did not say {pattern}: {said}")
    return float(found[1])
