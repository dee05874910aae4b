"""`comeback up`: the whole service on this machine with one command, for a first look and for development."""

import asyncio
import signal
import time
from contextlib import ExitStack
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from api.cli.backing import with_backing_services
from api.cli.migrate import addresses_of
from api.cli.processes import ChildEndedError, refuse_ended, server_and_worker, wait_until_ready
from api.engines import EngineError
from api.engines.ports import free_port_near
from kernel.settings import Settings


class Demo(StrEnum):
    """Whose programme and goods a new database is filled with."""

    COFFEE_CHAIN = "coffee-chain"
    ELECTRONICS_SHOP = "electronics-shop"
    PARTS_WHOLESALER = "parts-wholesaler"


def up(
    demo: Annotated[Demo, typer.Option(envvar="COMEBACK_DEMO", help="What a new database is filled with.")] = (
        Demo.COFFEE_CHAIN
    ),
) -> None:
    """Start the engines, migrate, and serve the API and the worker until Ctrl-C."""
    console = Console(soft_wrap=True)
    # A supervisor's SIGTERM is answered like Ctrl-C: everything is stopped in order.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ExitStack() as running:
            _run(running, console, demo)
    except KeyboardInterrupt:
        console.print("Stopped.")
    except (EngineError, ChildEndedError, TimeoutError) as problem:
        console.print(f"[red]{problem}[/red]")
        raise typer.Exit(1) from None


def _run(running: ExitStack, console: Console, wanted: Demo) -> None:
    from migrations.running import migrate

    given = Settings()
    settings = with_backing_services(_for_a_first_look(given), running)
    owner_url, app_role = addresses_of(settings)
    asyncio.run(migrate(owner_url, app_role=app_role))
    url = f"http://127.0.0.1:{settings.port}"
    # Only a database of our own is filled with made-up data.
    demo = asyncio.run(_demo(settings, wanted, url)) if given.database_url is None else ""
    children = running.enter_context(server_and_worker(settings))
    wait_until_ready(settings, children)
    console.print(demo, markup=False, highlight=False)
    console.print(f"\nThe API's documentation: {url}/docs   (Ctrl-C stops everything)")
    while True:
        refuse_ended(children)
        time.sleep(0.5)


async def _demo(settings: Settings, wanted: Demo, url: str) -> str:
    """Make or find the demo, renew its secrets, and answer what is to be said about it; nothing without a demo."""
    from api.demo.business import BUSINESSES
    from api.demo.credentials import renew_credentials
    from api.demo.loading import load_demo
    from api.demo.people import somebody
    from api.demo.telling import told
    from api.opening import open_services
    from api.programmes import refresh_programmes
    from kernel.clock import system_clock

    async with open_services(settings, clock=system_clock) as services:
        await refresh_programmes(services)
        business = await load_demo(services, BUSINESSES[wanted])
        if business is None:
            return ""
        credentials = await renew_credentials(services)
        async with services.database.read() as session:
            guest = await somebody(session, lookup_key=services.lookup_key)
        return told(business, credentials, guest, url=url, now=services.clock())


def _for_a_first_look(settings: Settings) -> Settings:
    """What was not set is chosen so that it works: ports that are free, and one-time codes that can be seen."""
    given = settings.model_fields_set
    port = settings.port if "port" in given else free_port_near(settings.port)
    internal = settings.internal_port
    if "internal_port" not in given:
        internal = free_port_near(internal, but_not=port)
    development = settings.development if "development" in given else True
    return settings.model_copy(update={"port": port, "internal_port": internal, "development": development})
