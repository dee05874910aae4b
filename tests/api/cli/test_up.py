"""`comeback up`, as a person meets it: one command, an address, Ctrl-C."""

import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from api.engines import scratch_data_dir

_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/docs")
_PATIENCE_SECONDS = 90
_NOT_INHERITED = ("DATABASE_URL", "APP_DATABASE_URL", "REDIS_URL", "COMEBACK_PORT", "COMEBACK_INTERNAL_PORT")


class Up:
    """A running `comeback up` and everything that it has said so far."""

    def __init__(self, data_dir: Path, ports: dict[str, str]) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "up"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment | ports | {"COMEBACK_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"},
        )
        self.said = ""
        self.url = ""

    def wait_for_the_address(self) -> None:
        """Read on until the documentation's address is said; everything heard is in `said`."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        assert self.process.stdout is not None
        while (found := _ADDRESS.search(self.said)) is None:
            assert time.monotonic() < deadline, self.said
            if select.select([self.process.stdout], [], [], 1)[0]:
                heard = os.read(self.process.stdout.fileno(), 65_536)
                assert heard, self.said
                self.said += heard.decode()
        self.url = f"http://127.0.0.1:{found.group(1)}"

    def family(self) -> list[psutil.Process]:
        """Its children and theirs: engines, server, worker."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, how: signal.Signals) -> str:
        self.process.send_signal(how)
        rest, _ = self.process.communicate(timeout=_PATIENCE_SECONDS)
        return rest.decode()


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with scratch_data_dir() as directory:
        yield directory


def _own_ports() -> dict[str, str]:
    """Two free ports, so that tests which run side by side do not both take the usual ones."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return {
            "COMEBACK_PORT": str(one.getsockname()[1]),
            "COMEBACK_INTERNAL_PORT": str(other.getsockname()[1]),
        }


@pytest.fixture
def start(data_dir: Path) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start_another(*, usual_ports: bool = False) -> Up:
        started.append(Up(data_dir, {} if usual_ports else _own_ports()))
        started[-1].wait_for_the_address()
        return started[-1]

    yield start_another
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGTERM)


def test_one_command_serves_and_ctrl_c_stops_all_of_it(start: Callable[..., Up]) -> None:
    up = start()
    assert "PostgreSQL" in up.said
    assert "Valkey" in up.said
    assert httpx.get(f"{up.url}/docs").status_code == 200
    family = up.family()
    assert {"postgres", "valkey-server"} < {process.name() for process in family}
    assert "Stopped." in up.end(signal.SIGINT)
    assert up.process.returncode == 0
    assert not any(process.is_running() for process in family)


def test_the_printed_line_earns_points_once_and_so_does_that_of_the_next_start(
    start: Callable[..., Up], data_dir: Path
) -> None:
    balances = []
    for _ in range(2):
        up = start()
        first, again = paste(up.said), paste(up.said)
        assert (first.status_code, again.content) == (201, first.content), first.text
        balances.append(first.json()["balances"][0]["balance"])
        assert sum(lot["points"] for lot in first.json()["earned"] if lot["wallet"] == "beans") > 0
        assert len(unrevoked_keys(data_dir)) == 4, "the commands reach the database while it runs"
        assert told(data_dir, "verify")["ok"]
        up.end(signal.SIGINT)
    assert balances[0] < balances[1]


def unrevoked_keys(data_dir: Path) -> list[str]:
    return [key["key_id"] for key in told(data_dir, "keys", "list") if key["revoked_at"] is None]


def told(data_dir: Path, *command: str) -> Any:
    """What a command says to programs, run beside the service in its directory."""
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    said = subprocess.run(
        [sys.executable, "-m", "api.cli", *command, "--json"],
        stdout=subprocess.PIPE,
        env=environment | {"COMEBACK_DATA_DIR": str(data_dir)},
        check=True,
    )
    return json.loads(said.stdout)


def paste(said: str) -> httpx.Response:
    """What the printed `curl` would do, where there may be none."""
    (line,) = (line for line in said.splitlines() if line.startswith("curl "))
    words = shlex.split(line)
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    (url,) = (word for word in words if word.startswith("http://"))
    return httpx.post(url, headers=headers, content=words[words.index("-d") + 1].encode())


def test_a_busy_port_is_not_fought_over(start: Callable[..., Up]) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # Should somebody else have it, that serves as well.
            taken.bind(("127.0.0.1", 8080))
            taken.listen()
        up = start(usual_ports=True)
        assert not up.url.endswith(":8080")
        assert httpx.get(f"{up.url}/docs").status_code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stops a child when its parent dies")
def test_a_killed_up_takes_its_family_along_and_can_be_started_again(start: Callable[..., Up]) -> None:
    up = start()
    family = up.family()
    up.end(signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert [process.name() for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
    assert httpx.get(f"{start().url}/docs").status_code == 200
