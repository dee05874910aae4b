"""The weeks of a shop in which everything happens to points, played once; nothing here changes them."""

from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar

from api.services import Services
from tests.clocks import MovableClock
from tests.conftest import DatabaseUrls, empty
from tests.loyalty.verification.history import History, begin, play
from tests.shop import Shop


@pytest.fixture(scope="module")
async def history(app: Litestar, shared_clock: MovableClock, database_urls: DatabaseUrls) -> AsyncIterator[History]:
    services: Services = app.state.services
    shared_clock.begin_test()
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://comeback.test") as client:
        played = await begin(services, client, Shop(services, client), shared_clock)
        await play(played)
        await played.passes(days=31)  # points expire, and nobody sweeps
        yield played
    await empty(database_urls)
    await services.redis.flushdb()
