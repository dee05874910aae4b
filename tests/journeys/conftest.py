"""Every journey ends with the books being right."""

from collections.abc import AsyncIterator

import pytest

from api.services import Services
from tests.verified import assert_verified


@pytest.fixture(autouse=True)
async def right_books(services: Services) -> AsyncIterator[None]:
    """Runs every invariant over what the test has left."""
    yield
    await assert_verified(services)
