"""However the last run ended, nothing is left running and the next start works."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from api.engines import embedded_postgres, embedded_valkey
from api.engines.account import engine_account
from api.engines.binaries import reachable, wheel_postgres
from api.engines.ports import choose_port
from tests.engines.conftest import Launcher, ask, engines_using, say_nothing


def test_a_killed_launcher_leaves_no_orphan_and_no_loss(data_dir: Path, launch: Callable[[Path], Launcher]) -> None:
    launcher = launch(data_dir)
    asyncio.run(ask(launcher.url, "CREATE TABLE kept AS SELECT 42 AS answer"))
    launcher.end(signal.SIGKILL)
    with embedded_postgres(data_dir, durable=False, say=say_nothing) as server:
        with embedded_valkey(data_dir, say=say_nothing) as cache:
            running = set(engines_using(data_dir))
            assert {server.pid, cache.pid} < running
            assert running.isdisjoint(launcher.engines)
        assert asyncio.run(ask(server.owner_url, "SELECT answer FROM kept")) == 42


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stops a child when its parent dies")
def test_linux_stops_the_engines_of_a_killed_launcher_by_itself(
    data_dir: Path, launch: Callable[[Path], Launcher]
) -> None:
    launcher = launch(data_dir)
    launcher.end(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while engines_using(data_dir) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert engines_using(data_dir) == []


def test_ctrl_c_stops_both_engines(data_dir: Path, launch: Callable[[Path], Launcher]) -> None:
    launcher = launch(data_dir)
    launcher.end(signal.SIGINT)
    assert engines_using(data_dir) == []


def test_an_engine_that_outlived_its_launcher_is_stopped_by_the_next_start(data_dir: Path) -> None:
    data = data_dir / "postgres" / "data"
    account = engine_account(data)
    programs = reachable(wheel_postgres(), "postgres", account=account)
    # Started by hand with no launcher: as after a crash on a system that does not stop it.
    orphan = subprocess.Popen(
        [programs / "postgres", "-D", data, "-k", "", "-h", "127.0.0.1", "-p", str(choose_port(data))],
        user=account.uid,
        group=account.gid,
        stderr=subprocess.DEVNULL,
    )
    try:
        while "ready" not in _state(data):
            assert orphan.poll() is None
            time.sleep(0.01)
        with embedded_postgres(data_dir, durable=False, say=say_nothing) as next_one:
            assert orphan.wait(10) == 0
            assert asyncio.run(ask(next_one.owner_url, "SELECT 1")) == 1
    finally:
        orphan.kill()
        orphan.wait()


def _state(data: Path) -> str:
    file = data / "postmaster.pid"
    return file.read_text() if file.exists() else ""


def test_a_killed_postgresql_recovers_what_was_committed(data_dir: Path) -> None:
    with embedded_postgres(data_dir, say=say_nothing) as server:
        asyncio.run(ask(server.owner_url, "CREATE TABLE kept AS SELECT 42 AS answer"))
        os.kill(server.pid, signal.SIGKILL)
    with embedded_postgres(data_dir, say=say_nothing) as server:
        assert asyncio.run(ask(server.owner_url, "SELECT answer FROM kept")) == 42


def test_a_lock_file_that_names_a_strangers_process_is_recognised_as_stale(data_dir: Path) -> None:
    data = data_dir / "postgres" / "data"
    stranger = subprocess.Popen(["sleep", "60"], user=data.stat().st_uid)
    try:
        (data / "postmaster.pid").write_text(f"{stranger.pid}\n{data}\n1\n5432\n\n127.0.0.1\n\nready\n")
        with embedded_postgres(data_dir, durable=False, say=say_nothing) as server:
            assert asyncio.run(ask(server.owner_url, "SELECT 1")) == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupted_first_start_is_begun_again(empty_data_dir: Path) -> None:
    half_made = empty_data_dir / "postgres" / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    for path in (half_made.parent, empty_data_dir):
        path.chmod(0o711)
    with embedded_postgres(empty_data_dir, durable=False, say=say_nothing) as server:
        assert asyncio.run(ask(server.owner_url, "SELECT 1")) == 1
    assert not half_made.exists()
