"""A database of their own for tests that leave their rows behind: emptying it between examples would take longer."""

import pytest

from tests.conftest import DatabaseUrls, Engines, clone_database


@pytest.fixture(scope="session")
async def ledger_urls(engines: Engines, template: str) -> DatabaseUrls:
    return await clone_database(engines, template, "comeback_ledgers")
