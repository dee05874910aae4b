"""Rules of the state machine: goods that come back, also before their sale has come."""

import itertools
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from loyalty.purchases.outcome import Later, Recorded, Repeated
from loyalty.receipts import ReceiptVoidedError
from loyalty.refunds.returned import NothingToRefundError, Waiting
from loyalty.refunds.voiding import SaleRefundedError, Voided
from tests.loyalty.ledger.pair import Awaited, Bought, Pair, baskets, lateness, members, picks, recent, shares
from tests.loyalty.ledger.rulebook import Basket

parts = st.lists(shares, min_size=3, max_size=3)


class Returning(Pair):
    """What comes back to tills."""

    @precondition(lambda self: self.bought)
    @rule(pick=picks, parts=parts, early=lateness)
    def refund(self, pick: int, parts: list[int], early: timedelta) -> None:
        self.come_back(recent(self.bought, pick), parts, early)

    @precondition(lambda self: any(bought.points_spent and bought.is_left for bought in self.bought))
    @rule(pick=picks, parts=parts, after=st.sampled_from([timedelta(0), timedelta(days=2), timedelta(days=9)]))
    def refund_what_points_paid_for(self, pick: int, parts: list[int], after: timedelta) -> None:
        self.now += after
        paid_with_points = [bought for bought in self.bought if bought.points_spent and bought.is_left]
        self.come_back(recent(paid_with_points, pick), parts, timedelta(0))

    @precondition(lambda self: any(bought.is_left for bought in self.bought))
    @rule(pick=picks, line=picks)
    def refund_a_whole_line(self, pick: int, line: int) -> None:
        """So that the number of lines changes, on which a rule depends that pays more for fewer."""
        bought = recent([bought for bought in self.bought if bought.is_left], pick)
        left = [line for line in bought.basket if line.returned < line.pieces]
        whole = left[line % len(left)]
        self.come_back(bought, [100 * (line is whole) for line in bought.basket], timedelta(0))

    def come_back(self, bought: Bought, parts: list[int], early: timedelta) -> None:
        """A share of the pieces of each line; everything where that is none."""
        pieces = {
            line.id: (line.pieces - line.returned) * part // 100
            for line, part in zip(bought.basket, itertools.cycle(parts))
        }
        pieces = {line_id: count for line_id, count in pieces.items() if count}
        submission = self.till.refund(bought.sale, pieces, stated_at=self.now - early)
        try:
            self.run(self.till.take_back(submission, now=self.now))
        except NothingToRefundError:
            assert not pieces
            assert not bought.is_left
        else:
            self.note_refund(bought, pieces)

    @rule(member=members, basket=baskets, parts=parts)
    def refund_before_the_sale(self, member: int, basket: Basket, parts: list[int]) -> None:
        awaited = Awaited(member, self.submission(member, basket), basket)
        pieces = {line.id: max(1, line.pieces * part // 100) for line, part in zip(basket, parts, strict=False)}
        refund = self.till.refund(awaited.submission.sale, pieces, stated_at=self.now)
        assert isinstance(self.run(self.till.take_back(refund, now=self.now)), Waiting)
        awaited.returned.append(pieces)
        self.awaited.append(awaited)

    @rule(member=members, basket=baskets)
    def void_before_the_sale(self, member: int, basket: Basket) -> None:
        awaited = Awaited(member, self.submission(member, basket), basket, voided=True)
        voided = self.run(self.till.void_sale(awaited.submission.sale, now=self.now))
        assert isinstance(voided, Voided)
        assert voided.refunded is None
        self.awaited.append(awaited)

    @precondition(lambda self: self.awaited)
    @rule(pick=picks, alone=st.booleans())
    def the_sale_comes_at_last(self, pick: int, alone: bool) -> None:
        awaited = recent(self.awaited, pick)
        (outcome,) = self.send([awaited.submission], alone=alone)
        if awaited.voided:
            assert isinstance(outcome, ReceiptVoidedError)
            return
        self.awaited.remove(awaited)
        if not alone:
            assert outcome is Later.POSTPONED
            (outcome,) = self.send([awaited.submission], alone=True)
        assert isinstance(outcome, Recorded)
        self.note_sale(awaited.member, awaited.submission, awaited.basket, hold=None, points=0)
        for pieces in awaited.returned:
            self.note_refund(self.bought[-1], pieces)

    @precondition(lambda self: self.awaited)
    @rule(pick=picks)
    def refund_once_more_before_the_sale(self, pick: int) -> None:
        """Of each line one piece more: too much where that is not left, and then this refund is never applied."""
        self.now += timedelta(seconds=1)
        awaited = recent(self.awaited, pick)
        pieces = {line.id: 1 for line in awaited.basket}
        refund = self.till.refund(awaited.submission.sale, pieces, stated_at=self.now)
        if awaited.voided:
            with pytest.raises(ReceiptVoidedError):
                self.run(self.till.take_back(refund, now=self.now))
            return
        assert isinstance(self.run(self.till.take_back(refund, now=self.now)), Waiting)
        asked = Counter[str]()
        for earlier in (*awaited.returned, pieces):
            asked.update(earlier)
        if all(asked[line.id] <= line.pieces for line in awaited.basket):
            awaited.returned.append(pieces)

    @precondition(lambda self: self.bought)
    @rule(pick=picks)
    def void_a_sale(self, pick: int) -> None:
        bought = recent(self.bought, pick)
        try:
            voided = self.run(self.till.void_sale(bought.sale, now=self.now))
        except SaleRefundedError:
            assert not bought.is_left
            assert not bought.voided
            return
        assert isinstance(voided, Repeated) == bought.voided
        if not bought.voided:
            self.note_refund(bought, {})
        bought.voided = True
