"""What is in the books of a run's members after a fault, and that it is right."""

from collections.abc import Iterable
from typing import Any

from api.services import Services
from kernel.database import driver
from loyalty.members.ids import member_id_of
from tests.faults.load import Effects, Load
from tests.verified import assert_verified

_STORED = "SELECT key, outcome FROM idempotency_key WHERE key = ANY($1)"
_LEFT = """
SELECT
    (SELECT count(DISTINCT receipt_key) FROM purchase WHERE member_id = ANY($1)),
    (SELECT coalesce(sum(total_minor), 0)::bigint FROM purchase WHERE member_id = ANY($1)),
    (SELECT count(DISTINCT receipt_key) FROM refund WHERE member_id = ANY($1)),
    (SELECT coalesce(sum(amount_minor), 0)::bigint FROM refund WHERE member_id = ANY($1)),
    (SELECT coalesce(sum(amount), 0)::bigint FROM journal WHERE member_id = ANY($1) AND kind = 'earned'),
    (SELECT coalesce(sum(amount), 0)::bigint FROM journal WHERE member_id = ANY($1) AND kind = 'clawed_back')
"""
_ENTRIES = "SELECT kind, count(*) FROM journal WHERE member_id = ANY($1) GROUP BY kind"
_BALANCES = "SELECT coalesce(sum(remaining - debt), 0)::bigint FROM balance WHERE member_id = ANY($1)"


async def assert_nothing_acknowledged_is_lost(services: Services, load: Load) -> None:
    """I16: each answer that the witness saw is stored, byte for byte; and nothing was left half done."""
    seen = load.witness.answers()
    stored = {row["key"]: row["outcome"] for row in await _rows(services, _STORED, list(seen))}
    assert stored == seen
    await assert_verified(services)


async def assert_everything_happened_once(services: Services, load: Load) -> None:
    """The books of the run's members are exactly what it sent, each request once, however often it was sent."""
    members, wanted = [member_id_of(member) for member in load.members], load.expected()
    (left,) = await _rows(services, _LEFT, members)
    assert Effects(*left) == wanted
    assert dict(map(tuple, await _rows(services, _ENTRIES, members))) == {
        "earned": wanted.purchases,
        "clawed_back": wanted.refunds,
    }
    assert tuple(await _rows(services, _BALANCES, members)) == ((wanted.earned - wanted.taken_back,),)
    assert not load.unexpected, load.unexpected
    await assert_verified(services)


async def _rows(services: Services, sql: str, values: Iterable[object]) -> list[Any]:
    async with services.database.read() as session:
        return list(await (await driver(session)).fetch(sql, values))
