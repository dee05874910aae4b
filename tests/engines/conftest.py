"""What the engines' tests share: a data directory, silence, and a launcher in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from api.engines import embedded_postgres, embedded_valkey, scratch_data_dir

_LAUNCHER = """
import json, sys, time
from pathlib import Path
from api.engines import embedded_postgres, embedded_valkey

directory = Path(sys.argv[1])
quiet = lambda line: None
with (
    embedded_postgres(directory, durable=False, say=quiet) as postgres,
    embedded_valkey(directory, say=quiet) as valkey,
):
    print(json.dumps({"url": postgres.owner_url, "postgres": postgres.pid, "valkey": valkey.pid}), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def empty_data_dir() -> Iterator[Path]:
    """A data directory before the first start."""
    with scratch_data_dir() as directory:
        yield directory


@pytest.fixture(scope="session")
def started_once() -> Iterator[Path]:
    """The homes of both engines after a first start; made once, since making them is most of a test's time."""
    with scratch_data_dir() as directory:
        with embedded_postgres(directory, durable=False, say=say_nothing), embedded_valkey(directory, say=say_nothing):
            pass
        yield directory


@pytest.fixture
def data_dir(started_once: Path, empty_data_dir: Path) -> Path:
    """A data directory of the test's own, after a first start."""
    subprocess.run(["cp", "-a", *started_once.iterdir(), empty_data_dir], check=True)
    return empty_data_dir


class Launcher:
    """A process that runs both engines on a directory until it is told to end, or killed."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCHER, str(directory)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        assert self.process.stdout is not None
        with self.process.stdout as said:
            started: dict[str, Any] = json.loads(said.readline())
        self.url: str = started["url"]
        self.engines: tuple[int, int] = (started["postgres"], started["valkey"])

    def end(self, how: signal.Signals) -> None:
        os.kill(self.process.pid, how)
        self.process.wait(30)


@pytest.fixture
def launch() -> Iterator[Callable[[Path], Launcher]]:
    launched: list[Launcher] = []

    def start(directory: Path) -> Launcher:
        launched.append(Launcher(directory))
        return launched[-1]

    yield start
    for launcher in launched:
        if launcher.process.poll() is None:
            launcher.end(signal.SIGKILL)


def say_nothing(line: str) -> None:
    """The engines' announcements are not wanted in a test's output."""


def engines_using(directory: Path) -> list[int]:
    """Every process of any engine that works below `directory`."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(directory):
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


async def ask(url: str, question: str) -> Any:
    """One value from the database at a SQLAlchemy address."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()
