"""Random histories of the model: the invariants and the laws hold in every state that is reached."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.oracle.ledger_facts import Done, Fact, Group, Refusal, Settings, Shortfall, at_instant, never, valid_for
from tests.oracle.ledger_invariants import invariants
from tests.oracle.ledger_model import Answer, Ledger

START = datetime(2026, 1, 30, 12, tzinfo=UTC)
SHORTFALL: dict[str, Shortfall] = {"bonus": "debt", "cashback": "clamp", "stamps": "write_off"}
MEMBERS = 3

members = st.integers(1, MEMBERS)
wallets = st.sampled_from(sorted(SHORTFALL))
points = st.integers(0, 120)
picks = st.integers(0, 10_000)
shares = st.integers(0, 100)
timeouts_s = st.sampled_from([60, 3600, 3 * 86_400])
expiries = st.sampled_from([never, valid_for(1), valid_for(2), valid_for(30), at_instant(START + timedelta(days=3))])
delays = st.sampled_from([None, timedelta(hours=-5), timedelta(hours=1), timedelta(days=2)])
group_specs = st.lists(st.tuples(wallets, points, delays, expiries), min_size=1, max_size=3)
pauses = st.sampled_from([timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=2, hours=1)])

Totals = dict[tuple[int, str], tuple[int, ...]]


def totals(ledger: Ledger, now: datetime) -> Totals:
    """What every member sees: balance, debt, held, pending and free points by wallet."""
    return {
        (member.number, wallet): (
            ledger.balance(member, wallet),
            ledger.debt(member, wallet),
            ledger.held(member, wallet),
            ledger.pending(member, wallet),
            ledger.free(member, wallet, now),
        )
        for member in ledger.members
        for wallet in SHORTFALL
    }


def sums(ledger: Ledger, now: datetime) -> Totals:
    """The totals, with pending and free points together: which lots repaid a debt tells them apart."""
    return {
        key: (balance, debt, held, pending + free)
        for key, (balance, debt, held, pending, free) in totals(ledger, now).items()
    }


def wealth(ledger: Ledger, now: datetime) -> tuple[Totals, Counter[tuple[Any, ...]]]:
    """The totals, and the points by the life they still have: all that can be told apart later."""
    lives = Counter[tuple[Any, ...]]()
    for lot in ledger.lots:
        waits = (lot.available_from, lot.expiry) if lot.activated_at is None else None
        life = (ledger.home(lot.member).number, lot.wallet, waits, lot.expires_at)
        lives[*life, "remaining"] += lot.remaining
        lives[*life, "held"] += lot.held
    return totals(ledger, now), lives


def history(ledger: Ledger) -> list[Any]:
    """Everything recorded, member by member and lot by lot, except when it was recorded."""
    rows = sorted(ledger.journal, key=lambda row: (row.member, row.entry_no))
    facts: list[Any] = [
        (
            row.member,
            row.entry_no,
            row.wallet,
            row.debit,
            row.credit,
            row.points,
            row.balance_after,
            row.occurred_at,
        )
        for row in rows
    ]
    for lot in ledger.lots:
        movements = [(movement.kind, movement.points, movement.occurred_at) for movement in lot.movements]
        facts.append((lot.number, lot.activated_at, lot.expires_at, movements))
    return facts + [(hold.number, hold.state, hold.captured) for hold in ledger.holds]


class LedgerMachine(RuleBasedStateMachine):
    """Drives two ledgers alike; a sweeper visits one of them whenever it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START

    @initialize(grace_days=st.sampled_from([None, 1]))
    def open_the_books(self, grace_days: int | None) -> None:
        self.ledger, self.swept = (Ledger(Settings(SHORTFALL, grace_days)) for _ in range(2))
        for _ in range(MEMBERS):
            self.do(lambda ledger: ledger.enrol(now=self.now))
        opening = [Group(wallet, 50, None, expiry) for wallet in SHORTFALL for expiry in (never, valid_for(4))]
        for member in self.ledger.members:
            self.open_with(member.number, opening)

    def open_with(self, member: int, opening: list[Group]) -> None:
        self.do(lambda ledger: ledger.purchase(member, opening, now=self.now))

    def do(self, operation: Callable[[Ledger], Answer]) -> Answer:
        answer = operation(self.ledger)
        assert operation(self.swept) == answer
        return answer

    def groups(self, specs: list[Any]) -> list[Group]:
        return [
            Group(wallet, amount, None if delay is None else self.now + delay, expiry)
            for wallet, amount, delay, expiry in specs
        ]

    def purchases(self) -> list[Fact]:
        return [fact for fact in self.ledger.facts if fact.kind == "purchase" and not fact.reversed]

    @rule(pause=pauses)
    def time_passes(self, pause: timedelta) -> None:
        self.now += pause

    @rule(member=members)
    def the_sweeper_comes_by(self, member: int) -> None:
        self.swept.apply_due(member, self.now)

    @rule(member=members, specs=group_specs)
    def earn(self, member: int, specs: list[Any]) -> None:
        self.do(lambda ledger: ledger.earn(member, self.groups(specs), now=self.now))

    @rule(member=members, wallet=wallets, amount=points)
    def spend(self, member: int, wallet: str, amount: int) -> None:
        free = self.ledger.available_at(member, wallet, self.now)
        erased = self.ledger.home(member).erased
        answer = self.do(lambda ledger: ledger.spend(member, wallet, amount, now=self.now))
        assert isinstance(answer, Done) == (0 < amount <= free and not erased)

    @rule(member=members, specs=group_specs)
    def buy(self, member: int, specs: list[Any]) -> None:
        self.do(lambda ledger: ledger.purchase(member, self.groups(specs), now=self.now))

    @rule(member=members, wallet=wallets, share=shares, timeout_s=timeouts_s)
    def hold(self, member: int, wallet: str, share: int, timeout_s: int) -> None:
        amount = self.ledger.available_at(member, wallet, self.now) * share // 100
        self.do(lambda ledger: ledger.hold(member, wallet, amount, timeout_s, now=self.now))

    @precondition(lambda self: self.ledger.holds)
    @rule(pick=picks, share=shares, specs=group_specs)
    def buy_with_a_hold(self, pick: int, share: int, specs: list[Any]) -> None:
        hold = self.ledger.holds[pick % len(self.ledger.holds)]
        number, amount, member = hold.number, hold.authorised * share // 100, hold.member.number
        groups = self.groups(specs)
        self.do(lambda ledger: ledger.purchase(member, groups, now=self.now, hold=number, points=amount))

    @precondition(lambda self: self.ledger.holds)
    @rule(pick=picks, share=shares, how=st.sampled_from(["capture", "late_capture", "void"]))
    def resolve_a_hold(self, pick: int, share: int, how: str) -> None:
        hold = self.ledger.holds[pick % len(self.ledger.holds)]
        number, amount = hold.number, hold.authorised * share // 100
        if how == "void":
            self.do(lambda ledger: ledger.void(number, now=self.now))
        else:
            self.do(lambda ledger: getattr(ledger, how)(number, amount, now=self.now))

    @precondition(lambda self: self.purchases())
    @rule(pick=picks, stays=shares, back=shares)
    def refund(self, pick: int, stays: int, back: int) -> None:
        fact = self.purchases()[pick % len(self.purchases())]
        targets = {wallet: points * stays // 100 for wallet, points in standing(fact).items()}
        spent_back = sum(part.points for part in fact.spent) * back // 100
        self.do(lambda ledger: ledger.refund(fact.number, targets, spent_back, now=self.now))

    @precondition(lambda self: self.ledger.facts)
    @rule(pick=picks)
    def reverse(self, pick: int) -> None:
        number = pick % len(self.ledger.facts) + 1
        self.do(lambda ledger: ledger.reverse(number, now=self.now))

    @rule(member=members, wallet=wallets, amount=st.integers(-120, 120), may_go_negative=st.booleans())
    def adjust(self, member: int, wallet: str, amount: int, may_go_negative: bool) -> None:
        self.do(lambda ledger: ledger.adjust(member, wallet, amount, now=self.now, may_go_negative=may_go_negative))

    @rule(giver=members, receiver=members, wallet=wallets, share=shares)
    def gift(self, giver: int, receiver: int, wallet: str, share: int) -> None:
        amount = self.ledger.available_at(giver, wallet, self.now) * share // 100
        self.do(lambda ledger: ledger.gift(giver, receiver, wallet, amount, now=self.now))

    @precondition(lambda self: len(self.ledger.facts) > 8)
    @rule(leaving=members, staying=members, rarely=st.integers(0, 3))
    def merge(self, leaving: int, staying: int, rarely: int) -> None:
        if rarely == 0:
            self.do(lambda ledger: ledger.merge(leaving, staying, now=self.now))

    @precondition(lambda self: len(self.ledger.facts) > 8)
    @rule(member=members, rarely=st.integers(0, 7))
    def erase(self, member: int, rarely: int) -> None:
        if rarely == 0:
            self.do(lambda ledger: ledger.erase(member, now=self.now))

    # Laws

    def what_if(self) -> Ledger:
        """A copy of the ledger on which everything due by now has happened."""
        copy = deepcopy(self.ledger)
        for member in copy.members:
            copy.apply_due(member, self.now)
        return copy

    @rule(member=members, specs=group_specs)
    def a_purchase_refunded_in_full_leaves_everything_as_it_was(self, member: int, specs: list[Any]) -> None:
        ledger = self.what_if()
        before = wealth(ledger, self.now)
        bought = ledger.purchase(member, self.groups(specs), now=self.now)
        assert isinstance(bought, Done)
        ledger.refund(bought.number, dict.fromkeys(ledger.facts[-1].earned, 0), 0, now=self.now)
        assert wealth(ledger, self.now) == before
        assert invariants(ledger) == []

    @rule(member=members, wallet=wallets, amount=st.integers(-120, 120))
    def an_adjustment_reversed_leaves_as_much_as_there_was(self, member: int, wallet: str, amount: int) -> None:
        ledger = self.what_if()
        before = sums(ledger, self.now)
        adjusted = ledger.adjust(member, wallet, amount, now=self.now, may_go_negative=True)
        if isinstance(adjusted, Done):
            ledger.reverse(adjusted.number, now=self.now)
        assert sums(ledger, self.now) == before

    @precondition(lambda self: self.purchases())
    @rule(pick=picks, stays=shares, wallet=wallets)
    def a_refund_gives_nothing_back_of_what_another_took(self, pick: int, stays: int, wallet: str) -> None:
        ledger = self.what_if()
        fact = ledger.facts[self.purchases()[pick % len(self.purchases())].number - 1]
        lower = {wallet: target * stays // 100 for wallet, target in standing(fact).items()}
        ledger.refund(fact.number, lower, 0, now=self.now)
        after = wealth(ledger, self.now)
        answer = ledger.refund(fact.number, {wallet: lower.get(wallet, 0) + 1}, 0, now=self.now)
        assert answer == Refusal("above_what_stands")
        assert wealth(ledger, self.now) == after

    @precondition(lambda self: self.purchases())
    @rule(pick=picks, stays=shares, middles=st.tuples(shares, shares), back=shares, first_back=shares)
    def the_order_of_partial_refunds_is_irrelevant(
        self, pick: int, stays: int, middles: tuple[int, int], back: int, first_back: int
    ) -> None:
        fact = self.purchases()[pick % len(self.purchases())]
        current = standing(fact)
        final = {wallet: points * stays // 100 for wallet, points in current.items()}
        ways = [{wallet: between(current[wallet], final[wallet], share) for wallet in final} for share in middles]
        spent_back = sum(part.points for part in fact.spent) * back // 100
        one = spent_back * first_back // 100
        other = spent_back - one
        at_once = self.refunded(fact, [(final, spent_back)])
        for steps in ([(ways[0], one), (final, other)], [(ways[1], other), (final, one)]):
            ledger = self.refunded(fact, steps)
            assert sums(ledger, self.now) == sums(at_once, self.now)

    def refunded(self, fact: Fact, steps: list[tuple[dict[str, int], int]]) -> Ledger:
        ledger = self.what_if()
        for targets, spent_back in steps:
            assert isinstance(ledger.refund(fact.number, targets, spent_back, now=self.now), Done)
        return ledger

    @invariant()
    def the_books_hold(self) -> None:
        if hasattr(self, "ledger"):
            assert invariants(self.ledger) == []

    def teardown(self) -> None:
        """When the sweeper ran is irrelevant: both ledgers tell the same history."""
        if hasattr(self, "ledger"):
            for ledger in (self.ledger, self.swept):
                for member in ledger.members:
                    ledger.apply_due(member, self.now)
                assert invariants(ledger) == []
            assert history(self.ledger) == history(self.swept)


def standing(fact: Fact) -> dict[str, int]:
    """By wallet: what was earned and not taken back."""
    return {wallet: earned - sum(part.points for part in fact.clawed[wallet]) for wallet, earned in fact.earned.items()}


def between(start: int, end: int, share: int) -> int:
    return start + (end - start) * share // 100


TestLedgerLaws = LedgerMachine.TestCase
TestLedgerLaws.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
