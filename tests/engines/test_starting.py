"""A first start makes everything; a later one finds it again."""

import asyncio
import json
import os
import socket
import stat
from pathlib import Path

import asyncpg
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from api.engines import EngineBusyError, EngineError, debian_postgres, embedded_postgres, embedded_valkey
from tests.engines.conftest import ask, engines_using, say_nothing


def test_a_first_start_makes_a_database_two_roles_and_says_which_engine(empty_data_dir: Path) -> None:
    said: list[str] = []
    with embedded_postgres(empty_data_dir, say=said.append) as server:
        about = asyncio.run(
            ask(
                server.owner_url,
                "SELECT json_build_object('version', current_setting('server_version'), 'zone', "
                "current_setting('timezone'), 'encoding', current_setting('server_encoding'), 'durable', "
                "current_setting('fsync'), 'user', current_user, 'capital', upper('кофе'))",
            )
        )
    assert json.loads(about) == {
        "version": server.version,
        "zone": "UTC",
        "encoding": "UTF8",
        "durable": "on",
        "user": "comeback_owner",
        "capital": "КОФЕ",
    }
    assert said[0].startswith(f"PostgreSQL {server.version} (embedded) on 127.0.0.1:{server.port}")
    assert engines_using(empty_data_dir) == []


def test_the_application_role_cannot_define_anything(data_dir: Path) -> None:
    with embedded_postgres(data_dir, durable=False, say=say_nothing) as server:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            asyncio.run(ask(server.app_url, "CREATE TABLE mine (a int)"))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            asyncio.run(ask(server.app_url, "CREATE DATABASE mine"))


def test_nobody_gets_in_without_the_password(data_dir: Path) -> None:
    with embedded_postgres(data_dir, durable=False, say=say_nothing) as server:
        for user in ("comeback_owner", "comeback_app", "postgres"):
            with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
                asyncio.run(ask(f"postgresql://{user}:guess@127.0.0.1:{server.port}/comeback", "SELECT 1"))
    with (
        embedded_valkey(data_dir, say=say_nothing) as cache,
        Redis(port=cache.port) as stranger,
        pytest.raises(AuthenticationError),
    ):
        stranger.ping()


def test_the_passwords_are_readable_by_their_owner_only(data_dir: Path) -> None:
    with embedded_postgres(data_dir, durable=False, say=say_nothing), embedded_valkey(data_dir, say=say_nothing):
        for engine in ("postgres", "valkey"):
            file = (data_dir / engine / "passwords.json").stat()
            assert (stat.S_IMODE(file.st_mode), file.st_uid) == (0o600, os.geteuid())


def test_a_restart_finds_the_data_at_the_same_address(data_dir: Path) -> None:
    with embedded_postgres(data_dir, durable=False, say=say_nothing) as first:
        asyncio.run(ask(first.owner_url, "CREATE TABLE kept AS SELECT 42 AS answer"))
    with embedded_postgres(data_dir, durable=False, say=say_nothing) as second:
        assert second.owner_url == first.owner_url
        assert asyncio.run(ask(second.owner_url, "SELECT answer FROM kept")) == 42


def test_a_busy_port_is_left_to_its_holder(data_dir: Path) -> None:
    ports = {engine: int((data_dir / engine / "port").read_text()) for engine in ("postgres", "valkey")}
    with (
        socket.create_server(("127.0.0.1", ports["postgres"])),
        socket.create_server(("127.0.0.1", ports["valkey"])),
    ):
        with embedded_postgres(data_dir, durable=False, say=say_nothing) as server:
            assert server.port != ports["postgres"]
            assert asyncio.run(ask(server.owner_url, "SELECT 1")) == 1
        with embedded_valkey(data_dir, say=say_nothing) as cache, Redis.from_url(cache.url) as client:
            assert cache.port != ports["valkey"]
            assert client.ping()


def test_two_directories_are_two_servers_at_once(empty_data_dir: Path) -> None:
    with (
        embedded_postgres(empty_data_dir / "one", durable=False, say=say_nothing) as one,
        embedded_postgres(empty_data_dir / "two", durable=False, say=say_nothing) as two,
    ):
        asyncio.run(ask(one.owner_url, "CREATE TABLE only_here (a int)"))
        assert asyncio.run(ask(one.owner_url, "SELECT to_regclass('only_here')::text")) == "only_here"
        assert asyncio.run(ask(two.owner_url, "SELECT to_regclass('only_here')::text")) is None


def test_a_second_launcher_of_the_same_directory_is_told_who_has_it(data_dir: Path) -> None:
    with (
        embedded_postgres(data_dir, durable=False, say=say_nothing) as server,
        pytest.raises(EngineBusyError, match=f"in use by process {os.getpid()}:"),
        embedded_postgres(data_dir, durable=False, say=say_nothing),
    ):
        pass
    assert engines_using(data_dir) == []
    assert server.version


def test_data_of_another_major_version_is_refused_and_left_alone(data_dir: Path) -> None:
    version = data_dir / "postgres" / "data" / "PG_VERSION"
    version.write_text("14\n")
    with (
        pytest.raises(EngineError, match="made by PostgreSQL 14, which 18 cannot read"),
        embedded_postgres(data_dir, durable=False, say=say_nothing),
    ):
        pass


def test_an_engine_that_cannot_start_says_why(data_dir: Path) -> None:
    (data_dir / "postgres" / "data" / "postgresql.conf").write_text("no_such_setting = on\n")
    with (
        pytest.raises(EngineError, match="no_such_setting"),
        embedded_postgres(data_dir, durable=False, say=say_nothing),
    ):
        pass


@pytest.mark.skipif(debian_postgres(15) is None, reason="Debian's PostgreSQL 15 is not installed")
def test_an_older_postgresql_can_be_used_instead(empty_data_dir: Path) -> None:
    with embedded_postgres(empty_data_dir, durable=False, bin_dir=debian_postgres(15), say=say_nothing) as server:
        assert server.version.startswith("15.")
        assert asyncio.run(ask(server.owner_url, "SELECT lower('КОФЕ')")) == "кофе"
