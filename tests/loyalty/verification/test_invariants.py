"""Verification is silent about what really happens, and names what was damaged by hand."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from litestar import Litestar

from api.services import Services
from kernel.database import Database, WriteSession, driver
from loyalty.budgets import slice_of
from loyalty.verification import accounting
from loyalty.verification.append_only import APPEND_ONLY_TABLES, RIGHTS
from loyalty.verification.catalogue import INVARIANTS
from loyalty.verification.invariant import Scope
from loyalty.verification.running import Result, verify, verify_in
from migrations.grants import APPEND_ONLY
from tests.clocks import MovableClock
from tests.conftest import APP_ROLE, DatabaseUrls, empty
from tests.loyalty.verification.damages import DAMAGES, Damage
from tests.loyalty.verification.history import History, begin, play
from tests.shop import Shop

PATIENT = timedelta(days=3_650)


@pytest.fixture(scope="module")
async def history(app: Litestar, shared_clock: MovableClock, database_urls: DatabaseUrls) -> AsyncIterator[History]:
    """The shop's weeks, played once; nothing here changes them for good."""
    services: Services = app.state.services
    shared_clock.begin_test()
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://comeback.test") as client:
        played = await begin(services, client, Shop(services, client), shared_clock)
        await play(played)
        yield played
    await empty(database_urls)
    await services.redis.flushdb()


@pytest.fixture
async def owner(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    opened = Database(database_urls.owner, pool_size=1)
    yield opened
    await opened.close()


def broken(results: list[Result]) -> dict[str, list[str]]:
    """Sentence of each invariant that does not hold to what breaks it."""
    return {
        f"{result.invariant.code} {result.invariant.title}": [str(example) for example in result.examples]
        for result in results
        if result.violations
    }


async def verify_as_owner(session: WriteSession, scope: Scope) -> list[Result]:
    """Damage is done and looked at in one transaction that is rolled back: by the owner, who may do everything."""
    return [result for result in await verify_in(session, scope) if result.invariant is not RIGHTS]


async def test_all_invariants_hold_after_everything_that_can_happen(history: History) -> None:
    scope = Scope(now=history.clock(), delivery_patience=PATIENT)
    assert broken(await verify(history.services.database, scope)) == {}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.what.replace(" ", "-"))
async def test_what_was_damaged_is_named_and_nothing_else(history: History, owner: Database, damage: Damage) -> None:
    async with owner.write() as session:
        connection = await driver(session)
        for statement in damage.sql(history.members):
            changed = await connection.execute(statement)
            assert not changed.endswith(" 0"), "the damage was done"
        results = await verify_as_owner(session, Scope(now=history.clock(), delivery_patience=PATIENT))
    assert f"{damage.invariant.code} {damage.invariant.title}" in broken(results)
    noticed = {result.invariant.code for result in results if result.violations}
    # A closed month is a sum over the journal and the lots: what is wrong with those may be seen there as well.
    assert noticed - {accounting.CLOSED.code} == damage.codes - {accounting.CLOSED.code}, broken(results)


@pytest.mark.parametrize("right", ["UPDATE ON journal", "DELETE ON lot_movement", "UPDATE (reason) ON audit_entry"])
async def test_a_right_to_rewrite_the_past_is_named(history: History, owner: Database, right: str) -> None:
    async with owner.write() as session:
        await (await driver(session)).execute(f"GRANT {right} TO {APP_ROLE}")
        await session.commit()
    results = await verify(history.services.database, Scope(now=history.clock(), delivery_patience=PATIENT))
    async with owner.write() as session:
        await (await driver(session)).execute(f"REVOKE {right} FROM {APP_ROLE}")
        await session.commit()
    assert [result.invariant for result in results if result.violations] == [RIGHTS]


async def test_a_refund_after_merges_returns_budget_to_the_slice_that_it_was_drawn_from(
    history: History, owner: Database
) -> None:
    clara, anna = history.members["clara"], history.members["anna"]
    async with owner.read() as session:
        used = await (await driver(session)).fetch("SELECT slice_no, used FROM budget_slice WHERE rule = 'hello'")
    by_slice = {row["slice_no"]: row["used"] for row in used}
    assert by_slice[slice_of(clara)] == 0, "her only purchase came back after she was merged into anna"
    assert by_slice[slice_of(anna)] > 0


def test_what_is_append_only_is_what_migrations_grant() -> None:
    assert set(APPEND_ONLY_TABLES) == APPEND_ONLY


def test_every_invariant_is_tried() -> None:
    assert {damage.invariant for damage in DAMAGES} | {RIGHTS} == set(INVARIANTS)


async def test_a_part_of_the_members_is_verified_alone(history: History, owner: Database) -> None:
    anna, boris = history.members["anna"], history.members["boris"]
    async with owner.write() as session:
        await (await driver(session)).execute("UPDATE member SET last_lot_no = 99 WHERE member_id = $1", anna)
        of_boris = await verify_as_owner(session, _only(history, boris))
        of_anna = await verify_as_owner(session, _only(history, anna))
    assert broken(of_boris) == {}
    assert [example.member_id for result in of_anna for example in result.examples] == [anna]
    assert {result.invariant for result in of_anna if result.skipped} == {
        invariant for invariant in INVARIANTS if invariant.needs_all_members
    }


def _only(history: History, member_id: int) -> Scope:
    return Scope(now=history.clock(), first_member=member_id, last_member=member_id, delivery_patience=PATIENT)


async def test_all_violations_are_counted_and_the_first_are_shown(history: History, owner: Database) -> None:
    async with owner.write() as session:
        await (await driver(session)).execute("UPDATE member SET last_lot_no = 99, last_hold_no = 99")
        results = await verify_in(session, Scope(now=history.clock(), delivery_patience=PATIENT), examples=3)
    counted = {result.violations: len(result.examples) for result in results if "numbered" in result.invariant.title}
    assert counted == {10: 3}
