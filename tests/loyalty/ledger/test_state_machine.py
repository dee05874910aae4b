"""Random histories of production on PostgreSQL beside the model: after every step everybody owns the same in both.

The model applies what is due at every step. Production does it when a write touches the member, or when the sweeper
happens to come by: that the two never differ shows that it makes no difference. Rules that end in "changes nothing" or
"is irrelevant" are laws: they try something in a transaction, look, and roll it back.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from kernel.database import Database, WriteSession
from loyalty.ledger.errors import InsufficientPointsError
from loyalty.ledger.sweeping import sweep
from loyalty.members.corrections import MemberNotActiveError, adjust_points
from loyalty.members.erasing import erase_member
from loyalty.members.merging import CannotMergeError, merge_members
from loyalty.programme.policies import ExpiryPolicy
from loyalty.purchases.outcome import Recorded, Submission
from loyalty.purchases.recording import record_purchases
from loyalty.refunds.recording import RefundSubmission, record_refund
from loyalty.verification.invariant import Scope
from loyalty.verification.running import verify
from tests.conftest import DatabaseUrls
from tests.loyalty.ledger.pair import ERAS, Bought, baskets, lateness, members, picks, recent, wallets
from tests.loyalty.ledger.returning import Returning
from tests.loyalty.ledger.rulebook import LIVES, POINTS, Basket, life, local_day, midnight
from tests.loyalty.ledger.selling import Selling
from tests.loyalty.ledger.till import Belongings, Till, belongings


class LedgerMachine(Selling, Returning):
    """Tills, time, staff; and the laws."""

    @rule(
        pause=st.sampled_from(
            [timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=2, hours=1), timedelta(days=9)]
        )
    )
    def time_passes(self, pause: timedelta) -> None:
        self.now += pause

    @rule()
    def a_day_begins(self) -> None:
        self.now = midnight(local_day(self.now) + timedelta(days=1))

    @rule(too_early=st.booleans())
    def the_next_thing_becomes_due(self, too_early: bool) -> None:
        """To that very instant, or to the last microsecond before it."""
        coming = [event[0] for member in self.model.members for event in self.model._events(self.model.home(member))]
        if later := [instant for instant in coming if instant > self.now]:
            self.now = max(self.now, min(later) - timedelta(microseconds=too_early))

    @rule(limit=st.integers(1, 50))
    def the_sweeper_comes_by(self, limit: int) -> None:
        async def come_by() -> None:
            async with self.till.transaction() as session:
                await sweep(session, now=self.now, limit=limit)

        self.run(come_by())

    # Staff

    @rule(
        member=members,
        wallet=wallets,
        points=st.integers(-150, 150).filter(bool),
        lives=st.sampled_from(sorted(LIVES)),
        into_debt=st.booleans(),
    )
    def adjust(self, member: int, wallet: str, points: int, lives: str, into_debt: bool) -> None:
        answer = self.model.adjust(
            member + 1, wallet, points, now=self.now, expiry=life(lives), may_go_negative=into_debt
        )

        async def correct() -> None:
            async with self.till.transaction() as session:
                await adjust_points(
                    session,
                    self.ids[member],
                    wallet=wallet,
                    points=points,
                    reason="goodwill",
                    actor="staff:test",
                    programme=self.document,
                    now=self.now,
                    expiry=msgspec.convert(LIVES[lives][0], ExpiryPolicy),
                    into_debt=into_debt,
                )

        self.attempt(correct, answer, MemberNotActiveError, InsufficientPointsError)

    @precondition(lambda self: len(self.bought) > 2)
    @rule(leaving=members, staying=members, rarely=st.integers(0, 1))
    def merge(self, leaving: int, staying: int, rarely: int) -> None:
        merged = self.model.members[leaving].merged_into or self.model.members[staying].merged_into
        if rarely or merged:
            return
        answer = self.model.merge(leaving + 1, staying + 1, now=self.now)

        async def unite() -> None:
            async with self.till.transaction() as session:
                source_id, target_id = self.ids[leaving], self.ids[staying]
                await merge_members(
                    session, source_id=source_id, target_id=target_id, actor="staff:test", reason="twins", now=self.now
                )

        if self.attempt(unite, answer, CannotMergeError):
            for used in (self.welcomed, self.odd_used):
                for (number, month), points in list(used.items()):
                    if number == leaving + 1:
                        used[staying + 1, month] += points

    @precondition(lambda self: len(self.bought) > 2)
    @rule(member=members, rarely=st.integers(0, 5))
    def erase(self, member: int, rarely: int) -> None:
        if rarely:
            return
        self.model.erase(member + 1, now=self.now)

        async def forget() -> None:
            async with self.till.transaction() as session:
                await erase_member(session, self.ids[member], actor="staff:test", reason="asked", now=self.now)

        self.run(forget())

    # Laws

    @rule(member=members, basket=baskets, late=lateness)
    def a_sale_that_comes_back_whole_changes_nothing(self, member: int, basket: Basket, late: timedelta) -> None:
        submission = self.submission(member, basket, late)

        async def sell_and_refund(session: WriteSession) -> None:
            await self.record(session, submission)
            await self.take_back(session, self.till.refund(submission.sale, {}, stated_at=self.now))

        assert self.tried(sell_and_refund) == self.seen()

    @precondition(lambda self: any(bought.is_left for bought in self.bought))
    @rule(pick=picks, order=st.randoms(use_true_random=False))
    def the_order_of_partial_refunds_is_irrelevant(self, pick: int, order: Any) -> None:
        """All that is left, piece by piece in two orders and at once: the same balance, debt, held, unheld points.

        Of a part of it the same points: of stars, a rule that pays more for less makes the order matter.
        """
        left = [bought for bought in self.bought if bought.is_left]
        bought = recent(left, pick)
        pieces = [line.id for line in bought.basket for _ in range(line.pieces - line.returned)]
        other = order.sample(pieces, len(pieces))
        at_once = self.sums_after(bought, [{}])
        assert self.sums_after(bought, [{line_id: 1} for line_id in pieces]) == at_once
        assert self.sums_after(bought, [{line_id: 1} for line_id in other]) == at_once
        part = other[: order.randint(1, len(other))]
        at_once = self.sums_after(bought, [dict(Counter(part))])
        one_by_one = self.sums_after(bought, [{line_id: 1} for line_id in reversed(part)])
        assert [one.get(POINTS) for one in one_by_one] == [one.get(POINTS) for one in at_once]

    def sums_after(self, bought: Bought, refunds: list[dict[str, int]]) -> list[dict[str, tuple[int, ...]]]:
        async def refund(session: WriteSession) -> None:
            for pieces in refunds:
                await self.take_back(session, self.till.refund(bought.sale, pieces, stated_at=self.now))

        return [
            {code: (balance, debt, held, pending + free) for code, (balance, debt, held, pending, free) in one.items()}
            for one in (has.totals for has in self.tried(refund))
        ]

    def tried(self, work: Callable[[WriteSession], Awaitable[None]]) -> list[Belongings]:
        """What everybody would have."""

        async def try_it() -> list[Belongings]:
            async with self.till.database.write() as session:
                await work(session)
                return await belongings(session, self.ids, now=self.now)

        return self.run(try_it())

    async def record(self, session: WriteSession, submission: Submission) -> None:
        (outcome,) = await record_purchases(session, [submission], programmes=self.till.programmes, now=self.now)
        assert isinstance(outcome, Recorded)

    async def take_back(self, session: WriteSession, submission: RefundSubmission) -> None:
        await record_refund(session, submission, programmes=self.till.programmes, now=self.now)


@contextmanager
def opened(urls: DatabaseUrls) -> Iterator[tuple[Till, asyncio.Runner]]:
    with asyncio.Runner() as runner:
        database = Database(urls.app, pool_size=2)
        try:
            yield Till(database), runner
        finally:
            runner.run(database.close())


def run_histories(urls: DatabaseUrls, *, examples: int, steps: int, shrink: bool = True) -> None:
    """With ``shrink`` at random, and a failure is made small; without, the same histories each time."""
    phases = [phase for phase in Phase if shrink or phase is not Phase.shrink]
    with opened(urls) as (open_till, open_runner):

        class Histories(LedgerMachine):
            till, runner = open_till, open_runner

        run_state_machine_as_test(
            Histories,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                phases=phases,
                derandomize=not shrink,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
        scope = Scope(now=ERAS[-1] + timedelta(days=3_650), delivery_patience=timedelta(days=36_500))
        broken = {
            result.invariant.title: result.examples
            for result in open_runner.run(verify(open_till.database, scope))
            if result.violations
        }
        assert broken == {}


@pytest.mark.usefixtures("anyio_backend")
def test_production_and_the_model_tell_the_same_history(ledger_urls: DatabaseUrls) -> None:
    run_histories(ledger_urls, examples=40, steps=20, shrink=False)


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.usefixtures("anyio_backend")
def test_production_and_the_model_tell_the_same_histories_all_night(ledger_urls: DatabaseUrls) -> None:
    run_histories(ledger_urls, examples=512, steps=50)
