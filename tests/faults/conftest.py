"""One installation for all faults, with a store and a till; a load with members and a witness of its own for each."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api.engines import scratch_data_dir
from loyalty import identities
from loyalty.members.ids import member_public_id
from loyalty.members.registration import Newcomer, register_member
from migrations.running import migrate
from tests.conftest import APP_ROLE
from tests.faults.installation import Installation
from tests.faults.load import Load
from tests.faults.witness import Witness
from tests.programmes import publish
from tests.shop import Shop, Till

MEMBERS = 5


@pytest.fixture(scope="session")
async def installed() -> AsyncIterator[tuple[Installation, Till]]:
    """The installation with its server running, and the till that sells."""
    with scratch_data_dir() as directory:
        installation = Installation(directory)
        try:
            await migrate(installation.postgres.owner_url, app_role=APP_ROLE)
            async with installation.services() as services, _connected(installation) as client:
                await publish(services)
                await installation.start_server()
                till = await Shop(services, client).till()
            yield installation, till
        finally:
            installation.close()


@pytest.fixture
async def installation(installed: tuple[Installation, Till]) -> Installation:
    """The installation, whole again whatever the last test left of it."""
    installation, _ = installed
    await installation.repair()
    return installation


@pytest.fixture
async def load(installation: Installation, installed: tuple[Installation, Till], tmp_path: Path) -> AsyncIterator[Load]:
    """What tills of this test will send."""
    _, till = installed
    run = secrets.token_hex(4)
    witness = Witness(tmp_path / "witness")
    members = await _members(installation, run)
    async with _connected(installation) as client:
        yield Load(run, client, till.headers, members, witness)
    witness.close()


async def _members(installation: Installation, run: str) -> list[str]:
    newcomers = [
        Newcomer(identities=(identities.external("faults", f"{run}-{n}"),), language="en", zone="Europe/Moscow")
        for n in range(MEMBERS)
    ]
    async with installation.services() as services, services.database.write() as session:
        registered = [
            await register_member(session, newcomer, lookup_key=services.lookup_key, now=services.clock())
            for newcomer in newcomers
        ]
        await session.commit()
    return [member_public_id(each.member_id) for each in registered]


def _connected(installation: Installation) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=installation.address, timeout=30)
