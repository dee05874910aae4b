"""The guide for other systems says what happens."""

from datetime import UTC, datetime
from pathlib import Path

import httpx

from api.services import Services
from loyalty import identities
from loyalty.access.keys import issue_key
from loyalty.access.scopes import Scope
from loyalty.members.attaching import attach_identity
from tests.clocks import MovableClock
from tests.docs.guide import exchanges, run
from tests.journeys.tills import balances
from tests.loyalty.actions.making import action, pays, with_actions
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

PAGE = Path(__file__).parents[2] / "docs" / "systems.md"
FIELDS = [{"code": "topic", "type": "code"}, {"code": "stars", "type": "int"}]
PROGRAMME = with_actions(
    [action("survey", fields=FIELDS, natural_key=["topic"]), action("punctual", "on_time_payment")],
    [pays("survey-pays", "survey", 20), pays("punctual-pays", "punctual", 50)],
)


async def test_every_request_of_the_guide_gets_the_answer_that_is_printed(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    clock.set(datetime(2026, 3, 2, 10, 0, tzinfo=UTC))
    await publish(services, PROGRAMME)
    anna, keys = await shop.member(), {}
    async with services.database.write() as session:
        known_by = identities.external("webshop", "customer-77")
        await attach_identity(session, anna, known_by, verified=True, lookup_key=services.lookup_key, now=clock())
        for label, scope in (("shop", Scope.EVENTS_WRITE), ("billing", Scope.INVOICES_WRITE)):
            issued = await issue_key(session, terminal_id=None, label=label, scopes=[scope], now=clock())
            keys[f"{label}_key"] = issued.secret
        await session.commit()
    assert await run(client, PAGE, keys, {}) == len(exchanges(PAGE)) >= 6
    assert await balances(services) == [20]
    await assert_verified(services)
