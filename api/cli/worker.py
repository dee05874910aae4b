"""`comeback worker`: deliveries, recurring jobs and tasks."""

import asyncio
from contextlib import ExitStack
from typing import Annotated

import typer

from kernel.settings import Settings


def worker(
    internal_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Serve health and metrics here. Default: nowhere.")
    ] = None,
) -> None:
    """Deliver events, run the recurring jobs and do what staff asked for, until SIGTERM or Ctrl-C."""
    from api.internal_port import internal_port as serving_internals
    from api.logging import configure_logging

    settings = Settings()
    configure_logging(log_format=settings.log_format, level=settings.log_level)
    with ExitStack() as around:
        if internal_port is not None:
            around.enter_context(serving_internals(settings, port=internal_port))
        asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    from api.opening import MissingSettingError
    from api.schedule import SCHEDULE
    from api.subscriptions import REACTIONS
    from api.tasks.kinds import every_kind
    from api.worker import connections_needed, stop_on_signals, work
    from kernel.clock import system_clock
    from kernel.database import Database

    if settings.app_database_url is None:
        raise MissingSettingError("APP_DATABASE_URL is not set; `comeback up` sets it for its embedded engines")
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    database = Database(settings.app_database_url.get_secret_value(), pool_size=connections_needed(SCHEDULE))
    try:
        await work(database, REACTIONS, SCHEDULE, every_kind(settings), clock=system_clock, stopping=stopping)
    finally:
        await database.close()
