"""Answering once: what becomes of requests that meet each other."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct
from sqlmodel import col, select

from api.idempotency import Act, settle_once
from api.services import Services
from kernel.database import WriteSession
from loyalty.models import Member
from tests.shop import Shop


@dataclass(frozen=True)
class Somebody:
    client: str = "somebody"


class Locked(Struct):
    members: list[int]


async def test_a_ring_of_locks_that_sessions_take_is_broken_and_both_requests_are_answered(
    services: Services, shop: Shop
) -> None:
    first, second = await shop.member(), await shop.member()
    both_hold_one = asyncio.Barrier(2)
    attempts = []

    def locking(*member_ids: int) -> Act:
        async def act(session: WriteSession, now: datetime) -> Locked:
            attempts.append(member_ids)
            for member_id in member_ids:
                await session.exec(select(Member).where(col(Member.member_id) == member_id).with_for_update())
                if len(attempts) <= 2 and member_id == member_ids[0]:
                    await both_hold_one.wait()
            return Locked(list(member_ids))

        return act

    answers = await asyncio.gather(
        settle_once(services, Somebody(), "one", b"{}", locking(first, second)),
        settle_once(services, Somebody(), "two", b"{}", locking(second, first)),
    )
    assert [status for status, _ in answers] == [201, 201]
    assert len(attempts) == 3
