"""A whole installation for tests that break it: PostgreSQL that writes to disk, Valkey, the server, the worker.

Every part is a process of its own that can be killed and started again at the same address. What it is reached by, the
keys and the data stay, as they do on the machine of an operator.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from api.cli.processes import wait_until_ready
from api.engines import PostgresServer, ValkeyServer, embedded_postgres, embedded_valkey
from api.engines.child import start_child, stop_child
from api.engines.ports import free_port_near
from api.opening import open_services
from api.services import Services
from kernel.clock import system_clock
from kernel.settings import Settings

FIRST_PORT = 20_000
"""Below the ports that outgoing connections get, so that nobody takes the server's while it is down."""


class Installation:
    """Starts its parts on demand; ``close`` stops what runs."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._engines: dict[str, ExitStack] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._port = free_port_near(FIRST_PORT + os.getpid() % 10_000)
        self._internal_port = free_port_near(self._port + 1, but_not=self._port)
        self.postgres: PostgresServer = self.start_postgres()
        self.valkey: ValkeyServer = self.start_valkey()

    @property
    def address(self) -> str:
        """Where tills find the service."""
        return f"http://127.0.0.1:{self._port}"

    def settings(self) -> Settings:
        return Settings(
            database_url=SecretStr(self.postgres.owner_url),
            app_database_url=SecretStr(self.postgres.app_url),
            redis_url=SecretStr(self.valkey.url),
            data_dir=self._directory,
            port=self._port,
            internal_port=self._internal_port,
            log_level="error",
        )

    @asynccontextmanager
    async def services(self) -> AsyncIterator[Services]:
        """The domain's view of the same database, with connections of its own."""
        async with open_services(self.settings(), clock=system_clock) as services:
            yield services

    def start_postgres(self) -> PostgresServer:
        self._engines["postgres"] = ExitStack()
        self.postgres = self._engines["postgres"].enter_context(embedded_postgres(self._directory, say=_say_nothing))
        return self.postgres

    def start_valkey(self) -> ValkeyServer:
        self._engines["valkey"] = ExitStack()
        self.valkey = self._engines["valkey"].enter_context(embedded_valkey(self._directory, say=_say_nothing))
        return self.valkey

    def kill_engine(self, engine: Literal["postgres", "valkey"]) -> None:
        """Kill -9 its first process."""
        os.kill((self.postgres if engine == "postgres" else self.valkey).pid, signal.SIGKILL)
        self._engines.pop(engine).close()

    async def start_server(self, *, app_database_url: str = "") -> None:
        """Return when it is ready. It reaches the database at another address when one is given."""
        self._start("serve", app_database_url=app_database_url)
        await asyncio.to_thread(wait_until_ready, self.settings(), {"serve": self._children["serve"]})

    def start_worker(self) -> None:
        self._start("worker")

    def kill(self, command: Literal["serve", "worker"]) -> None:
        """Kill -9."""
        child = self._children.pop(command)
        assert child.poll() is None, f"{command} ended by itself before it was killed"
        child.kill()
        child.wait()

    async def stop(self, command: Literal["serve", "worker"]) -> None:
        """Ask it to end. It does so by itself and in time, or that is a fault of its own."""
        child = self._children.pop(command)
        assert child.poll() is None, f"{command} ended by itself"
        # In a thread: what stands between it and PostgreSQL may be ours and has to go on.
        status = await asyncio.to_thread(stop_child, child, signal.SIGTERM, patience_seconds=15)
        assert status in (0, -signal.SIGTERM), f"{command} ended with {status}"

    def close(self) -> None:
        for child in self._children.values():
            stop_child(child, signal.SIGTERM, patience_seconds=15)
        for engine in self._engines.values():
            engine.close()

    async def repair(self) -> None:
        """Start what a test that failed has left broken."""
        if "postgres" not in self._engines:
            self.start_postgres()
        if "valkey" not in self._engines:
            self.start_valkey()
        if "worker" in self._children:
            self.kill("worker")
        if "serve" not in self._children:
            await self.start_server()

    def _start(self, command: str, *, app_database_url: str = "") -> None:
        environment = os.environ | {
            "APP_DATABASE_URL": app_database_url or self.postgres.app_url,
            "REDIS_URL": self.valkey.url,
            "COMEBACK_DATA_DIR": str(self._directory),
            "COMEBACK_PORT": str(self._port),
            "COMEBACK_INTERNAL_PORT": str(self._internal_port),
            "COMEBACK_LOG_LEVEL": "error",
        }
        self._children[command] = start_child([sys.executable, "-m", "api.cli", command], environment=environment)


def _say_nothing(_: str) -> None:
    """The engines' announcements are not wanted in a test's output."""
