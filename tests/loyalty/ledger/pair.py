"""Production on PostgreSQL and the model, told the same: what both are told, and that they agree."""

import asyncio
import itertools
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from kernel.errors import DomainError
from loyalty.budgets import slice_of
from loyalty.purchases.outcome import Submission
from loyalty.purchases.sale import Sale
from loyalty.spending.allocation import AllocationLine, allocate
from tests.loyalty.ledger.rulebook import (
    LIVES,
    NOTHING,
    ODD_STARS_A_MONTH,
    ODD_STARS_A_SLICE,
    POINTS,
    STARS,
    WELCOME_A_MONTH,
    Basket,
    Goods,
    Paid,
    Rulebook,
    local_day,
    pays,
    points_back,
    with_returned,
)
from tests.loyalty.ledger.till import Belongings, Lives, Till
from tests.oracle.ledger_facts import Done, Refusal
from tests.oracle.ledger_model import Ledger

MEMBERS = 3
OPENING = (Goods("1", 1, 150), Goods("2", 3, 70))
"""What everybody begins with, so that there is something to spend."""
ERAS = [
    datetime(2026, 1, 30, 12, tzinfo=UTC),
    datetime(2026, 3, 28, 22, tzinfo=UTC),
    datetime(2026, 10, 24, 21, 30, tzinfo=UTC),
    datetime(2028, 2, 28, 23, 30, tzinfo=UTC),
]
"""The end of a month, both changes of the clocks, a leap day."""
NO_LIMIT = sys.maxsize
_histories = itertools.count(1)

Answer = TypeVar("Answer")
Item = TypeVar("Item")
members = st.integers(0, MEMBERS - 1)
picks = st.integers(0, 10_000)
shares = st.integers(0, 100)
wallets = st.sampled_from([POINTS, STARS])
lateness = st.sampled_from([timedelta(0), timedelta(0), timedelta(hours=5), timedelta(days=2), timedelta(days=40)])
goods = st.tuples(st.integers(1, 3), st.integers(1, 120))
baskets = st.lists(goods, min_size=1, max_size=3).map(
    lambda lines: tuple(Goods(str(number), pieces, amount) for number, (pieces, amount) in enumerate(lines, start=1))
)
rulebooks = st.builds(
    Rulebook,
    life=st.sampled_from(["a day", *sorted(LIVES.keys() - {"three days"})]),
    pending_days=st.sampled_from([0, 0, 1]),
    points_shortfall=st.sampled_from(["debt", "write_off", "clamp"]),
    stars_shortfall=st.sampled_from(["debt", "write_off"]),
    grace_days=st.sampled_from([None, 1]),
    hold_timeout_s=st.sampled_from([60, 3_600, 3 * 86_400]),
)


@dataclass
class Bought:
    """A sale that is recorded, beside what the model knows of it."""

    submission: Submission
    fact: int
    basket: Basket
    points_spent: int
    kept: Paid
    """What each rule paid and no refund has taken."""
    month: date
    slice_no: int
    """Of the budget that the sale drew on."""
    voided: bool = False

    @property
    def sale(self) -> Sale:
        return self.submission.sale

    @property
    def is_left(self) -> bool:
        return any(line.returned < line.pieces for line in self.basket)


@dataclass
class Placed:
    """A hold, in production and in the model."""

    member: int
    hold_no: int
    number: int
    basket: Basket
    points: int


@dataclass
class Awaited:
    """A sale that has not come, and the refunds that have."""

    member: int
    submission: Submission
    basket: Basket
    returned: list[dict[str, int]] = field(default_factory=list)
    voided: bool = False


def recent(items: Sequence[Item], pick: int) -> Item:
    """One of the last few, where something is still going on."""
    return items[-1 - pick % min(len(items), 4)]


class Pair(RuleBasedStateMachine):
    """Members are 0, 1, 2 here; ``ids`` are production's numbers for them, and the model counts from 1."""

    till: ClassVar[Till]
    runner: ClassVar[asyncio.Runner]

    def __init__(self) -> None:
        super().__init__()
        self.bought: list[Bought] = []
        self.holds: list[Placed] = []
        self.awaited: list[Awaited] = []
        self.welcomed = Counter[tuple[int, date]]()
        self.odd_used = Counter[tuple[int, date]]()
        self.odd_drawn = Counter[int]()

    @initialize(rulebook=rulebooks, era=st.sampled_from(ERAS))
    def open_the_books(self, rulebook: Rulebook, era: datetime) -> None:
        self.now, self.rulebook = era, rulebook
        self.model = Ledger(rulebook.settings)
        self.document = rulebook.document(f"d-odd-{next(_histories)}")
        self.run(self.till.open_for_business(self.document, now=self.now))
        self.ids = [self.run(self.till.enrol(now=self.now)) for _ in range(MEMBERS)]
        for member in range(MEMBERS):
            self.model.enrol(now=self.now)
            opening = self.submission(member, OPENING)
            self.send([opening], alone=False)
            self.note_sale(member, opening, OPENING, hold=None, points=0)

    def run(self, work: Awaitable[Answer]) -> Answer:
        async def finish() -> Answer:
            return await work

        return self.runner.run(finish())

    # What both are told

    def submission(self, member: int, basket: Basket, late: timedelta = timedelta(0), **more: Any) -> Submission:
        return self.till.submission(self.till.sale(self.ids[member], basket, stated_at=self.now - late, **more))

    def send(self, submissions: list[Submission], *, alone: bool) -> list[Any]:
        return self.run(self.till.sell(submissions, alone=alone, now=self.now))

    def note_sale(self, member: int, submission: Submission, basket: Basket, *, hold: int | None, points: int) -> int:
        """Tell the model; answers how many points it missed."""
        home = self.model.home(member + 1)
        month = local_day(submission.sale.stated_at).replace(day=1)
        slice_no = slice_of(self.ids[home.number - 1])
        basket = self.paid_with_points(basket, points)
        paid = NOTHING if home.erased else pays(basket).at_most(self.left(home.number, month, slice_no))
        groups = self.rulebook.groups(paid, submission.sale.stated_at)
        answer = self.model.purchase(member + 1, groups, now=self.now, hold=hold, points=points)
        assert isinstance(answer, Done), answer
        self.count(home.number, month, slice_no, NOTHING, paid)
        self.bought.append(Bought(submission, answer.number, basket, points, paid, month, slice_no))
        return sum(figures["missing"] for figures in answer.figures.values())

    def left(self, number: int, month: date, slice_no: int) -> Paid:
        """What the limits of each rule have left for a member, never below nothing: a merge may exceed them."""
        welcome = WELCOME_A_MONTH - self.welcomed[number, month]
        odd = min(ODD_STARS_A_MONTH - self.odd_used[number, month], ODD_STARS_A_SLICE - self.odd_drawn[slice_no])
        return Paid(NO_LIMIT, max(0, welcome), NO_LIMIT, max(0, odd))

    def count(self, number: int, month: date, slice_no: int, before: Paid, after: Paid) -> None:
        """Note what the limits were used for, or what a refund returned to them."""
        self.welcomed[number, month] += after.welcome - before.welcome
        self.odd_used[number, month] += after.odd - before.odd
        self.odd_drawn[slice_no] += after.odd - before.odd

    def paid_with_points(self, basket: Basket, points: int) -> Basket:
        """A point pays a cent: shared over the lines in proportion to their prices."""
        lines = [AllocationLine(line.id, line.amount_minor) for line in basket]
        paid = allocate(min(points, sum(line.amount_minor for line in basket)), lines)
        return tuple(replace(line, points_minor=paid[line.id]) for line in basket)

    def note_refund(self, bought: Bought, pieces: dict[str, int]) -> None:
        """Tell the model what stays; without ``pieces`` nothing does."""
        rest = {line.id: line.pieces - line.returned for line in bought.basket}
        before = bought.basket
        after = with_returned(before, pieces or rest)
        kept = pays(after).at_most(bought.kept)
        fact = self.model.facts[bought.fact - 1]
        targets = {wallet: points for wallet, points in kept.by_wallet.items() if wallet in fact.earned}
        spent_back = points_back(after, bought.points_spent) - points_back(before, bought.points_spent)
        answer = self.model.refund(bought.fact, targets, spent_back, now=self.now)
        assert isinstance(answer, Done), answer
        self.count(self.model.home(fact.member).number, bought.month, bought.slice_no, bought.kept, kept)
        bought.basket, bought.kept = after, kept

    def attempt(self, act: Callable[[], Awaitable[None]], answer: Done | Refusal, *refusals: type[DomainError]) -> bool:
        """Whether it succeeded, which it must in both or in neither."""
        try:
            self.run(act())
        except refusals:
            assert isinstance(answer, Refusal)
            return False
        assert isinstance(answer, Done), answer
        return True

    # Comparison

    @invariant()
    def everybody_owns_the_same_in_both(self) -> None:
        for found, expected in zip(self.seen(), self.expected(), strict=True):
            assert found.totals == expected.totals
            assert found.lots == expected.lots, (found.lots - expected.lots, expected.lots - found.lots)

    def seen(self) -> list[Belongings]:
        return self.run(self.till.look(self.ids, now=self.now))

    def expected(self) -> list[Belongings]:
        for member in self.model.members:
            self.model.apply_due(member, self.now)
        return [
            Belongings({}, Counter()) if member.merged_into else self.of_model(member.number)
            for member in self.model.members
        ]

    def of_model(self, member: int) -> Belongings:
        model, totals, lots = self.model, {}, Lives()
        for wallet in (POINTS, STARS):
            counts = (
                model.balance(member, wallet),
                model.debt(member, wallet),
                model.held(member, wallet),
                model.pending(member, wallet),
                model.free(member, wallet, self.now),
            )
            if any(counts):
                totals[wallet] = counts
            for lot in model.lots_of(member, wallet):
                if lot.remaining:
                    terms = (lot.available_from, lot.activated_at, lot.expires_at)
                    lots[wallet, lot.amount, lot.remaining, lot.held, *terms] += 1
        return Belongings(totals, lots)
