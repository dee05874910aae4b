"""A server with a small business, and a compiled client that goes through one journey at it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import uvicorn
from litestar import Litestar
from pydantic import SecretStr
from sqlalchemy import make_url

from api.app import create_app
from api.engines import embedded_postgres, embedded_valkey, scratch_data_dir
from api.engines.ports import free_port_near
from kernel.settings import Settings
from migrations.running import migrate
from tests.programmes import publish
from tests.shop import Shop

_PHONE: Final = "+79990000001"
_FIRST_PORT: Final = 18_080


async def drive_journey(script: Path) -> None:
    """Run the script against a fresh server. Raises ``RuntimeError`` when it fails."""
    with (
        scratch_data_dir() as directory,
        embedded_postgres(directory, durable=False) as postgres,
        embedded_valkey(directory) as valkey,
    ):
        app_role = make_url(postgres.app_url).username
        assert app_role is not None, "an embedded server names both its roles"
        await migrate(postgres.owner_url, app_role=app_role)
        settings = Settings(
            app_database_url=SecretStr(postgres.app_url),
            database_url=SecretStr(postgres.owner_url),
            redis_url=SecretStr(valkey.url),
            data_dir=directory,
        )
        app = create_app(settings)
        async with _served(app) as url:
            await _run(script, {"COMEBACK_URL": url, **await _open_shop(app, url)})


@asynccontextmanager
async def _served(app: Litestar) -> AsyncIterator[str]:
    """The address at which the application answers."""
    port = free_port_near(_FIRST_PORT)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            raise RuntimeError("The server did not start.")
        await asyncio.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


async def _open_shop(app: Litestar, url: str) -> dict[str, str]:
    """What the journey has to know of the business: the key of a terminal, and the phone of a member."""
    services = app.state.services
    await publish(services)
    async with httpx.AsyncClient(base_url=url) as client:
        shop = Shop(services, client)
        till = await shop.till()
        await shop.member(phone=_PHONE)
    return {"TERMINAL_KEY": till.key, "MEMBER_PHONE": _PHONE}


async def _run(script: Path, environment: dict[str, str]) -> None:
    process = await asyncio.create_subprocess_exec("node", script, env={**os.environ, **environment})
    if await process.wait() != 0:
        raise RuntimeError("The journey failed.")
