"""Root's engines run as somebody else, without opening what root keeps shut; a normal user's run as that user."""

import asyncio
import os
import pwd
import stat
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from api.engines import EngineError, embedded_postgres, embedded_valkey
from api.engines.account import Account, can_reach, engine_account
from api.engines.binaries import engine_version, reachable, wheel_postgres
from api.engines.home import engine_home
from tests.engines.conftest import ask, say_nothing

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@needs_root
def test_root_starts_both_engines_as_nobody(data_dir: Path) -> None:
    with (
        embedded_postgres(data_dir, durable=False, say=say_nothing) as server,
        embedded_valkey(data_dir, say=say_nothing) as cache,
    ):
        for pid in (server.pid, cache.pid):
            process = psutil.Process(pid)
            assert process.username() == "nobody"
            assert set(process.gids()) == {pwd.getpwnam("nobody").pw_gid}


@needs_root
def test_root_serves_a_users_data_as_that_user(empty_data_dir: Path) -> None:
    daemon = pwd.getpwnam("daemon")
    (empty_data_dir / "data").mkdir()
    os.chown(empty_data_dir / "data", daemon.pw_uid, daemon.pw_gid)
    assert engine_account(empty_data_dir / "data") == Account(uid=daemon.pw_uid, gid=daemon.pw_gid)


@pytest.fixture
def shut_directory() -> Iterator[Path]:
    """A directory that only we may enter, like /root."""
    with tempfile.TemporaryDirectory() as directory:
        assert stat.S_IMODE(Path(directory).stat().st_mode) == 0o700
        yield Path(directory)


@needs_root
def test_a_shut_directory_stays_shut_and_the_home_moves(shut_directory: Path, data_dir: Path) -> None:
    place = data_dir / "place"
    first = engine_home(shut_directory, "postgres", roots_own_place=place)
    again = engine_home(shut_directory, "postgres", roots_own_place=place)
    assert first == again
    assert first.directory.parent == place
    assert first.moved_from == shut_directory.resolve() / "postgres"
    assert stat.S_IMODE(shut_directory.stat().st_mode) == 0o700


@needs_root
def test_a_place_that_others_can_write_to_is_refused(shut_directory: Path, data_dir: Path) -> None:
    place = data_dir / "place"
    place.mkdir()
    place.chmod(0o777)
    with pytest.raises(EngineError, match="can be written by"):
        engine_home(shut_directory, "postgres", roots_own_place=place)


@needs_root
def test_programs_in_a_shut_directory_are_copied_once(shut_directory: Path, data_dir: Path) -> None:
    nobody = engine_account(shut_directory)
    package = shut_directory / "some_wheel"
    program = package / "bin" / "postgres"
    library = shut_directory / "some_wheel.libs" / "libpq.so"
    for file in (program, library, package / "__init__.py"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.6'\n")
        file.chmod(0o700)
    place = data_dir / "place"
    copy = reachable(program.parent, "postgres", account=nobody, roots_own_place=place)
    assert place in copy.parents
    assert can_reach(copy / "postgres", account=nobody)
    assert can_reach(copy.parents[1] / "some_wheel.libs" / "libpq.so", account=nobody)
    assert engine_version(copy / "postgres") == "18.6"
    assert reachable(program.parent, "postgres", account=nobody, roots_own_place=place) == copy
    assert len(list(place.iterdir())) == 1
    assert stat.S_IMODE(program.stat().st_mode) == 0o700


@needs_root
# The engines of a user are started by a fork of this process: pytest-xdist's own thread holds no lock they need.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_normal_user_runs_the_engines_beside_roots(empty_data_dir: Path) -> None:
    daemon = pwd.getpwnam("daemon")
    if not can_reach(wheel_postgres() / "postgres", account=Account(uid=daemon.pw_uid, gid=daemon.pw_gid)):
        pytest.skip("this environment is shut to other users")
    theirs = empty_data_dir / "theirs"
    theirs.mkdir()
    os.chown(theirs, daemon.pw_uid, daemon.pw_gid)

    def run_as_daemon() -> None:
        with (
            embedded_postgres(theirs, durable=False, say=say_nothing) as server,
            embedded_valkey(theirs, say=say_nothing),
        ):
            assert psutil.Process(server.pid).username() == "daemon"
            assert asyncio.run(ask(server.owner_url, "SELECT 1")) == 1

    # Root's start comes first, so that every library is loaded before the fork becomes a user who cannot load it.
    with (
        embedded_postgres(empty_data_dir / "roots", durable=False, say=say_nothing) as server,
        embedded_valkey(empty_data_dir / "roots", say=say_nothing),
    ):
        assert asyncio.run(ask(server.owner_url, "SELECT 1")) == 1
        assert _exit_status(run_as_daemon, uid=daemon.pw_uid, gid=daemon.pw_gid) == 0
        assert asyncio.run(ask(server.owner_url, "SELECT 1")) == 1


@needs_root
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_normal_user_is_told_that_the_data_is_roots(data_dir: Path) -> None:
    with embedded_valkey(data_dir, say=say_nothing):
        pass
    daemon = pwd.getpwnam("daemon")

    def run_as_daemon() -> None:
        with pytest.raises(EngineError, match="made by another user"), embedded_valkey(data_dir, say=say_nothing):
            pass

    assert _exit_status(run_as_daemon, uid=daemon.pw_uid, gid=daemon.pw_gid) == 0


def _exit_status(work: Callable[[], None], *, uid: int, gid: int) -> int:
    """Run `work` in a fork as another user: 0 when it returned.

    A fork, because that user may not be allowed to reach the Python that runs these tests.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
            os.environ["HOME"] = "/"
            work()
            status = 0
        except BaseException as problem:
            os.write(2, "".join(traceback.format_exception(problem)).encode())
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
