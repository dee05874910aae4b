"""Sending the baskets: in the order of time, five hundred in a transaction, through the tills' own function."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from api.callers import TerminalCaller
from api.delivering import Outbox
from api.opening import open_services
from api.pos.posting import Answer, post_alone, post_together
from api.programmes import refresh_programmes
from api.replay.complete_journey import CURRENCY, ZONE, Basket, CompleteJourney, Sizes
from api.replay.opening import open_shop, sku, store_code, terminal_code
from api.services import Services
from api.subscriptions import REACTIONS
from kernel.database import driver
from kernel.settings import Settings
from loyalty.answers import KeyId
from loyalty.purchases.outcome import Submission
from loyalty.purchases.sale import ReceiptRef, Sale, SaleLine, canonical

BASKETS_AT_ONCE: Final = 500
_ZONE: Final = ZoneInfo(ZONE)
_ISSUED: Final = """
SELECT member_id, sum(amount)::bigint AS points FROM journal
WHERE member_id = ANY($1::bigint[]) AND kind = 'earned' AND debit = 'issued' GROUP BY member_id
"""
_RECORDED: Final = "SELECT count(*) FROM purchase WHERE member_id = ANY($1::bigint[])"


class ReplayRefusedError(Exception):
    """A basket was refused; the message has the answer. None is: this is a mistake in the replay or in the service."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was sent, and what the database holds afterwards."""

    sent: Sizes
    recorded: int
    """Baskets that were new: all of them the first time, none the second."""
    points_by_household: Mapping[int, int]
    seconds: float
    """Of sending alone, without opening the shop."""

    @property
    def points_issued(self) -> int:
        return sum(self.points_by_household.values())

    @property
    def baskets_per_second(self) -> float:
        return self.sent.baskets / self.seconds


@dataclass(slots=True)
class _DataClock:
    """Stands where the data is, so that points wait, expire and fall under limits as they would have in 2017."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True, slots=True)
class Watch:
    """Is told of the progress, in households enrolled and baskets sent."""

    enrolled: Callable[[int], None] = field(default=lambda _: None)
    sent: Callable[[int], None] = field(default=lambda _: None)


async def replay(
    settings: Settings, journey: CompleteJourney, watch: Watch, *, at_once: int = BASKETS_AT_ONCE
) -> Replayed:
    """Open the shop, send every basket in lists of ``at_once``, deliver what they published, add up.

    What was sent before is answered again and changes nothing. Raises ``ReplayRefusedError``.
    """
    clock = _DataClock(journey.first_instant())
    async with open_services(settings, clock=clock) as services:
        await refresh_programmes(services)
        members = await open_shop(services, journey, watch.enrolled)
        before = await _count(services, members)
        started = time.perf_counter()
        for baskets in _chunks(journey.baskets(), at_once):
            clock.now = baskets[-1].sold_at
            await _send(services, [submission_of(basket, members[basket.household_id]) for basket in baskets])
            watch.sent(len(baskets))
        seconds = time.perf_counter() - started
        await _deliver(services)
        return Replayed(
            journey.sizes, await _count(services, members) - before, await _issued(services, members), seconds
        )


async def _send(services: Services, submissions: Sequence[Submission]) -> None:
    """Record a list; what it could not take, because a member was locked elsewhere, is recorded alone."""
    answers: Sequence[Answer | None] = await post_together(services, submissions)
    for submission, answer in zip(submissions, answers, strict=True):
        settled = answer or await post_alone(services, submission)
        if settled.status != 201:
            raise ReplayRefusedError(f"{submission.key.key}: {settled.status} {settled.body.decode()}")


def submission_of(basket: Basket, member_id: int) -> Submission:
    """The basket as its till would have handed it in."""
    till = TerminalCaller(terminal_code(basket.store_id), store_code(basket.store_id), kind="till")
    sale = Sale(
        store_id=till.store_id,
        terminal_id=till.terminal_id,
        cashier_id=None,
        channel=till.kind,
        member_id=member_id,
        receipt=ReceiptRef(number=str(basket.basket_id), business_date=basket.sold_at.astimezone(_ZONE).date()),
        stated_at=basket.sold_at,
        currency=CURRENCY,
        lines=tuple(
            SaleLine(
                id=str(place), sku=sku(line.product_id), quantity=str(line.quantity), amount_minor=line.amount_minor
            )
            for place, line in enumerate(basket.lines, start=1)
        ),
        total_minor=basket.total_minor,
    )
    return Submission(KeyId(till.client, f"basket-{basket.basket_id}"), sale, canonical(sale), till.actor)


async def _deliver(services: Services) -> None:
    """What the worker would have done meanwhile: every sale's event reaches its handlers."""
    outbox = Outbox(services.database, REACTIONS, clock=services.clock)
    while await outbox.spread():
        pass
    while partitions := await outbox.waiting():
        for partition in partitions:
            await outbox.deliver(partition)


async def _count(services: Services, members: Mapping[int, int]) -> int:
    async with services.database.read() as session:
        return int(await (await driver(session)).fetchval(_RECORDED, list(members.values())))


async def _issued(services: Services, members: Mapping[int, int]) -> dict[int, int]:
    async with services.database.read() as session:
        rows = await (await driver(session)).fetch(_ISSUED, list(members.values()))
    points = {row["member_id"]: row["points"] for row in rows}
    return {household: points.get(member_id, 0) for household, member_id in members.items()}


def _chunks(baskets: Iterator[Basket], at_once: int) -> Iterator[list[Basket]]:
    while chunk := list(islice(baskets, at_once)):
        yield chunk
