"""The connection to PostgreSQL breaks after a COMMIT was sent: nobody but PostgreSQL knows that it was carried out."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import make_url

from tests.faults.books import assert_everything_happened_once, assert_nothing_acknowledged_is_lost
from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.installation import Installation
from tests.faults.load import Load
from tests.shop import Till

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def proxy(installed: tuple[Installation, Till]) -> AsyncIterator[CuttingProxy]:
    """The server reaches PostgreSQL through it."""
    installation, _ = installed
    await installation.repair()
    proxy = CuttingProxy(installation.postgres.port)
    await installation.stop("serve")
    async with proxy.listening() as port:
        direct = make_url(installation.postgres.app_url)
        await installation.start_server(app_database_url=direct.set(port=port).render_as_string(hide_password=False))
        yield proxy
        await installation.stop("serve")


async def test_a_sale_and_a_refund_whose_commit_was_not_answered_are_found_again(
    installation: Installation, load: Load, proxy: CuttingProxy
) -> None:
    before = proxy.cuts
    found_by_itself, sold = load.purchase(), load.purchase()
    proxy.lose_answers(1)
    assert (await load.sends(found_by_itself)).status_code == 201, "it is run again alone, and finds its answer"
    proxy.lose_answers(2)
    assert (await load.sends(sold)).status_code == 503
    assert (await load.sends(sold)).status_code == 201
    refund = load.refund(sold)
    proxy.lose_answers(1)
    assert (await load.sends(refund)).status_code == 503
    assert (await load.sends(refund)).status_code == 201
    assert proxy.cuts == before + 4
    async with installation.services() as services:
        await load.send_everything_again()
        await assert_everything_happened_once(services, load)


@pytest.mark.parametrize("cuts", [4, pytest.param(200, marks=pytest.mark.nightly)])
async def test_commits_that_are_not_answered_under_load_happen_once(
    installation: Installation, load: Load, proxy: CuttingProxy, cuts: int
) -> None:
    enough = proxy.cuts + cuts
    async with load.running():
        while proxy.cuts < enough:
            proxy.lose_answers(2)
            await load.more(15)
    async with installation.services() as services:
        await assert_nothing_acknowledged_is_lost(services, load)
        await load.send_everything_again()
        await assert_everything_happened_once(services, load)
