"""Rules of the state machine: sales, sent once or more often, and holds."""

from dataclasses import replace
from datetime import timedelta

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from kernel.errors import DomainError
from loyalty.answers import KeyReusedError
from loyalty.ledger.errors import HoldNotOpenError
from loyalty.purchases.outcome import Later, Recorded, Repeated
from loyalty.purchases.sale import canonical
from loyalty.receipts import ReceiptDiffersError
from tests.loyalty.ledger.pair import Pair, Placed, baskets, lateness, members, picks, recent, shares
from tests.loyalty.ledger.rulebook import POINTS, Basket, Goods
from tests.loyalty.ledger.till import new_key
from tests.oracle.ledger_facts import Done, Refusal


class Selling(Pair):
    """What tills sell."""

    @rule(sales=st.lists(st.tuples(members, baskets, lateness), min_size=1, max_size=4), alone=st.booleans())
    def sell(self, sales: list[tuple[int, Basket, timedelta]], alone: bool) -> None:
        sent = [(member, basket, self.submission(member, basket, late)) for member, basket, late in sales]
        outcomes = self.send([submission for _, _, submission in sent], alone=alone)
        postponed = []
        for sale, outcome in zip(sent, outcomes, strict=True):
            if outcome is Later.POSTPONED:
                assert not alone
                assert self.model.members[sale[0]].merged_into
                postponed.append(sale)
            else:
                assert isinstance(outcome, Recorded), outcome
                self.note_sale(sale[0], sale[2], sale[1], hold=None, points=0)
        for member, basket, submission in postponed:
            (outcome,) = self.send([submission], alone=True)
            assert isinstance(outcome, Recorded), outcome
            self.note_sale(member, submission, basket, hold=None, points=0)

    @precondition(lambda self: self.holds)
    @rule(pick=picks, share=shares, other=st.none() | baskets, late=lateness, alone=st.booleans())
    def sell_with_a_hold(self, pick: int, share: int, other: Basket | None, late: timedelta, alone: bool) -> None:
        """On time or too late, with the basket that was quoted or another, with all the points or some."""
        self.pay_with(recent(self.holds, pick), share, other, late, alone)

    @rule(
        member=members,
        share=st.integers(1, 100),
        before=st.sampled_from(["", "", "time-out", "void", "another hold", "another hold"]),
        used=shares,
        other=st.none() | baskets,
        alone=st.booleans(),
    )
    def hold_and_sell(self, member: int, share: int, before: str, used: int, other: Basket | None, alone: bool) -> None:
        """What a till does as a rule, with something in between."""
        holds = len(self.holds)
        self.hold(member, share)
        if len(self.holds) == holds:
            return
        placed = self.holds[-1]
        if before == "void":
            self.void_a_hold(0)
        elif before:
            self.now += timedelta(seconds=self.rulebook.hold_timeout_s)
        if before == "another hold":
            self.hold(member, 70)
        self.pay_with(placed, used, other, timedelta(0), alone)

    def pay_with(self, placed: Placed, share: int, other: Basket | None, late: timedelta, alone: bool) -> None:
        points = placed.points * share // 100 if other or share < 50 else placed.points
        basket = placed.basket if other is None else tuple(replace(line, id=f"x{line.id}") for line in other)
        submission = self.submission(
            placed.member,
            basket,
            late,
            hold_no=placed.hold_no,
            points_used=None if other is None and points == placed.points else points,
        )
        (outcome,) = self.send([submission], alone=alone)
        if outcome is Later.POSTPONED:
            (outcome,) = self.send([submission], alone=True)
        if isinstance(outcome, HoldNotOpenError):
            state = self.model.holds[placed.number - 1].state
            assert state in ("captured", "captured_late")
        else:
            assert isinstance(outcome, Recorded), outcome
            missing = self.note_sale(placed.member, submission, basket, hold=placed.number, points=points)
            assert outcome.shortfall == missing

    @precondition(lambda self: self.bought)
    @rule(pick=picks, how=st.sampled_from(["again", "under another key", "another body", "another sale"]))
    def a_sale_is_sent_again(self, pick: int, how: str) -> None:
        submission = recent(self.bought, pick).submission
        other = msgspec.structs.replace(submission.sale, channel="web")
        again = {
            "again": submission,
            "under another key": msgspec.structs.replace(submission, key=new_key()),
            "another body": msgspec.structs.replace(submission, sale=other, body=canonical(other)),
            "another sale": msgspec.structs.replace(submission, sale=other, body=canonical(other), key=new_key()),
        }[how]
        (outcome,) = self.send([again], alone=True)
        if how == "another body":
            assert isinstance(outcome, KeyReusedError)
        elif how == "another sale":
            assert isinstance(outcome, ReceiptDiffersError)
        else:
            assert isinstance(outcome, Repeated)
            assert outcome.outcome.startswith(b"sale ")
            assert outcome.same_key == (how == "again")

    @rule(member=members, share=st.integers(1, 130))
    def hold(self, member: int, share: int) -> None:
        points = max(1, self.model.available_at(member + 1, POINTS, self.now) * share // 100)
        basket = (Goods("1", 1, points), Goods("2", 2, points // 2 + 7))
        answer = self.model.hold(member + 1, POINTS, points, self.rulebook.hold_timeout_s, now=self.now)
        try:
            placed = self.run(self.till.hold(self.ids[member], basket, points, now=self.now))
        except DomainError:
            assert isinstance(answer, Refusal)
        else:
            assert isinstance(answer, Done)
            owner = self.ids.index(placed.member_id)
            self.holds.append(Placed(owner, placed.hold.hold_no, answer.number, basket, points))

    @precondition(lambda self: self.holds)
    @rule(pick=picks)
    def void_a_hold(self, pick: int) -> None:
        placed = recent(self.holds, pick)
        answer = self.model.void(placed.number, now=self.now)
        try:
            self.run(self.till.void_hold(self.ids[placed.member], placed.hold_no, now=self.now))
        except HoldNotOpenError:
            assert isinstance(answer, Refusal)
        else:
            assert isinstance(answer, Done)
