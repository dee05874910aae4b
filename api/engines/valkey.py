"""The embedded Valkey: a cache for the length of a `with` block. It keeps nothing on disk, on purpose.

The service must lose no balance when its cache is lost, so every stop and start shows that it does not.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotListening
from redis.retry import Retry

from api.engines.binaries import engine_version, reachable, wheel_valkey
from api.engines.child import start_child, stop_child
from api.engines.errors import EngineError
from api.engines.home import EngineHome, engine_home
from api.engines.lock import exclusive_lock
from api.engines.logs import last_lines, open_log
from api.engines.passwords import passwords
from api.engines.ports import LOOPBACK, choose_port, remember_port
from api.engines.survivors import stop_survivors

_PROGRAM = "valkey-server"
_START_SECONDS = 30
_TRIES = 5


@dataclass(frozen=True, kw_only=True)
class ValkeyServer:
    """A running embedded Valkey; `url` has its password."""

    url: str
    port: int
    pid: int
    version: str


@contextmanager
def embedded_valkey(data_dir: Path, *, say: Callable[[str], None] = print) -> Iterator[ValkeyServer]:
    """Run Valkey with its home in `data_dir`/valkey. `say` is told which engine is used and where.

    Raises EngineBusyError when another process holds the same home, EngineError when it cannot start.
    """
    home = engine_home(data_dir, "valkey")
    program = reachable(wheel_valkey(), _PROGRAM, account=home.account) / _PROGRAM
    version = engine_version(program)
    with exclusive_lock(home.directory):
        if not home.data.exists():
            home.data.mkdir(mode=0o700)
            home.account.owns(home.data)
        stop_survivors(_PROGRAM, home.data, goodbye=signal.SIGTERM)
        password = passwords(home.directory, ("valkey",))["valkey"]
        process, port = _start(home, program, password)
        try:
            say(f"Valkey {version} (embedded) on {LOOPBACK}:{port}")
            yield ValkeyServer(url=_url(password, port), port=port, pid=process.pid, version=version)
        finally:
            stop_child(process, signal.SIGTERM, patience_seconds=10)


def _start(home: EngineHome, program: Path, password: str) -> tuple[subprocess.Popen[bytes], int]:
    said = ""
    for _ in range(_TRIES):
        port = choose_port(home.directory)
        with open_log(home.log) as log:
            began_at = log.tell()
            process = start_child(
                [program, "-"], account=home.account, output=log, stdin=subprocess.PIPE, environment={"TZ": "UTC"}
            )
        try:
            # The configuration goes through standard input: the password is on no command line and in no second file.
            assert process.stdin is not None
            with process.stdin as configuration:
                configuration.write(_configuration(home, password, port))
            if _becomes_ready(process, _url(password, port)):
                remember_port(home.directory, port)
                return process, port
        except BaseException:
            stop_child(process, signal.SIGTERM, patience_seconds=5)
            raise
        said = last_lines(home.log, since=began_at)
        if "Address already in use" not in said:
            break
    raise EngineError(f"Valkey did not start:\n{said}")


def _configuration(home: EngineHome, password: str, port: int) -> bytes:
    lines = (
        f"bind {LOOPBACK}",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{home.data}"',
        'save ""',
        "appendonly no",
        "maxmemory 256mb",
        "maxmemory-policy volatile-lru",
    )
    return "\n".join(lines).encode() + b"\n"


def _becomes_ready(process: subprocess.Popen[bytes], url: str) -> bool:
    """Wait until the server answers to its password (true) or ends (false)."""
    deadline = time.monotonic() + _START_SECONDS
    with Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as client:
        while process.poll() is None:
            try:
                client.ping()
            except NotListening:
                if time.monotonic() > deadline:
                    raise EngineError(f"Valkey was not ready within {_START_SECONDS} s") from None
                time.sleep(0.01)
            else:
                return True
    return False


def _url(password: str, port: int) -> str:
    return f"redis://:{password}@{LOOPBACK}:{port}/0"
