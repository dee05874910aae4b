"""What the scenarios share."""

from collections.abc import AsyncIterator

import httpx
import pytest

from api.services import Services
from tests.clocks import MovableClock
from tests.scenarios.checkout import Checkout
from tests.shop import Shop
from tests.verified import assert_verified


@pytest.fixture
async def checkout(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> AsyncIterator[Checkout]:
    """Whatever a scenario does, the books are right at its end."""
    yield Checkout(services, client, shop, clock)
    await assert_verified(services)
