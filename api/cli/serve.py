"""`comeback serve`: the API."""

import multiprocessing
import os
from contextlib import ExitStack
from enum import StrEnum
from typing import Annotated

import typer

from kernel.settings import Settings

APPLICATION = "api.serving:application"
KEEP_ALIVE_S = 75
"""Longer than the usual minute of a proxy, so that it is the proxy that closes an idle connection."""
GRACE_S = 10
"""How long requests in hand may take once the server is asked to stop."""


MOST_BY_DEFAULT = 4
"""PostgreSQL allows 100 connections by default, and each process may open ``COMEBACK_DATABASE_POOL_SIZE``."""


def one_a_core() -> int:
    """Server processes that this machine keeps busy, within what PostgreSQL's default takes."""
    return max(1, min(os.cpu_count() or 1, MOST_BY_DEFAULT))


class Server(StrEnum):
    """What runs the application."""

    UVICORN = "uvicorn"
    GRANIAN = "granian"


def serve(
    server: Annotated[Server, typer.Option(help="What runs the application.")] = Server.UVICORN,
    workers: Annotated[
        int, typer.Option(min=1, help=f"Server processes. One for each core by default, {MOST_BY_DEFAULT} at most.")
    ] = one_a_core(),
) -> None:
    """Serve the API, with health and metrics on the internal port."""
    from api.internal_port import internal_port, shared_figures
    from api.logging import configure_logging

    settings = Settings()
    configure_logging(log_format=settings.log_format, level=settings.log_level)
    with ExitStack() as around:
        if workers > 1 or server is Server.GRANIAN:
            around.enter_context(shared_figures())
        around.enter_context(internal_port(settings, port=settings.internal_port))
        if server is Server.UVICORN:
            _run_uvicorn(settings, workers=workers)
        else:
            _run_granian(settings, workers=workers)


def _run_uvicorn(settings: Settings, *, workers: int) -> None:
    import uvicorn

    uvicorn.run(
        APPLICATION,
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=workers,
        loop="auto",
        http="auto",
        ws="none",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )


def _run_granian(settings: Settings, *, workers: int) -> None:
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces

    # Granian forks on Linux, which would copy the internal port's thread in whatever state it is.
    multiprocessing.set_start_method("spawn")
    Granian(
        APPLICATION,
        factory=True,
        address=settings.host,
        port=settings.port,
        workers=workers,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE_S,
    ).serve()
