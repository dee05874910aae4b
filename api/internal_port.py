"""Serves the internal application from a thread of its own, beside an API server or a worker.

A thread, because the API may run in several processes under a server's own supervision, and because a probe is to be
answered while the main loop is busy. It has its own two connections.
"""

import asyncio
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from api.internal import internal_app
from api.metrics import MULTIPROCESS_DIR
from api.opening import MissingSettingError
from kernel.clock import system_clock
from kernel.database import Database
from kernel.settings import Settings

_REDIS_TIMEOUT_S = 1.0


@contextmanager
def internal_port(settings: Settings, *, port: int) -> Iterator[None]:
    """Answer on ``settings.host``:``port`` while the block runs. Raises ``OSError`` when the port is taken."""
    if settings.app_database_url is None or settings.redis_url is None:
        raise MissingSettingError("APP_DATABASE_URL and REDIS_URL are needed; `comeback up` sets them")
    listening = socket.create_server((settings.host, port), backlog=16)
    server = uvicorn.Server(uvicorn.Config(_placeholder, log_config=None, access_log=False, lifespan="off"))
    urls = (settings.app_database_url.get_secret_value(), settings.redis_url.get_secret_value())
    thread = threading.Thread(target=lambda: asyncio.run(_answer(server, listening, *urls)), name="internal-port")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@contextmanager
def shared_figures() -> Iterator[None]:
    """Let the server processes that are started inside the block count together with this one."""
    with tempfile.TemporaryDirectory(prefix="comeback-metrics-") as directory:
        os.environ[MULTIPROCESS_DIR] = directory
        try:
            yield
        finally:
            del os.environ[MULTIPROCESS_DIR]


async def _answer(server: uvicorn.Server, listening: socket.socket, database_url: str, redis_url: str) -> None:
    database = Database(database_url, pool_size=1)
    redis = Redis.from_url(
        redis_url,
        socket_timeout=_REDIS_TIMEOUT_S,
        socket_connect_timeout=_REDIS_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        server.config.app = internal_app(database, redis, clock=system_clock)
        await server.serve(sockets=[listening])
    finally:
        await redis.aclose()
        await database.close()


async def _placeholder(*_: object) -> None:
    """Replaced in the thread, where the loop that the connections belong to runs."""
