"""Living through recorded purchases and refunds again, with other rules. Pure.

Every purchase keeps the facts that it froze: basket, store, member, balance and tier as they were. Limits are counted
anew, in memory. Before the first day of the question it is reality that uses them up: a rule is known by its code.
"""

import heapq
from collections.abc import Iterator, Mapping
from datetime import date, datetime

from msgspec import Struct

from loyalty.backtesting.past import Key, PastPurchase
from loyalty.backtesting.question import Part, Question
from loyalty.budgets import BUDGET_SLICES, Budgets, even_shares
from loyalty.counters import Counters
from loyalty.earning.calendar import period_keys
from loyalty.earning.evaluate import evaluate
from loyalty.earning.evaluation import CapUse, Evaluation
from loyalty.earning.freezing import FrozenEvaluation, freeze, with_lines
from loyalty.earning.refunding import kept_after
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.versions import Programmes


class Relived(Struct, frozen=True, gc=False):
    """A purchase (or action) of the question, with the points by rule that it keeps after all its refunds.

    ``drafted`` is what it would have been under the document, ``happened`` what it is.
    """

    member_id: int
    fact_no: int
    """Its number among the member's purchases (or actions)."""
    local_date: date
    zone: str
    tier: str
    happened_under: int
    """Programme version."""
    drafted: Mapping[str, int]
    happened: Mapping[str, int]


class _Open(Struct):
    """A purchase of which something will come back. ``counted`` is what it uses of limits now, by rule."""

    past: PastPurchase
    evaluation: FrozenEvaluation
    under: ProgrammeSnapshot
    counted: Mapping[str, int]
    is_asked_about: bool


class Reliving:
    """Takes a part's purchases in their order and gives those of the question back when nothing can change them."""

    def __init__(self, question: Question, part: Part, draft: ProgrammeSnapshot, programmes: Programmes) -> None:
        self._question = question
        self._draft = draft
        self._programmes = programmes
        self._counters = Counters(budgets=full_budgets(question, part))
        self._limited = {rule.code: rule for rule in draft.rules if rule.caps or rule.budgeted}
        self._open: dict[Key, _Open] = {}
        self._coming_back: list[tuple[datetime, int, int, int]] = []
        """Heap of refunds: when, member, purchase, place among its refunds."""

    def live_through(self, past: PastPurchase) -> Iterator[Relived]:
        """The next purchase, after the refunds that were recorded before it."""
        yield from self._take_back(until=past.recorded_at)
        day = past.frozen.purchase.local_date
        if self._question.asks_about(day):
            evaluation = self._evaluate(past)
            counted = {paid.rule: paid.points for paid in evaluation.fired}
            if past.refunds:
                self._await_refunds(_Open(past, freeze(evaluation), self._draft, counted, is_asked_about=True))
        elif self._question.first_day is not None and day < self._question.first_day:
            counted = {paid.rule: paid.points for paid in past.frozen.fired}
            if past.refunds:
                self._await_refunds(_Open(past, past.frozen, self._happened_under(past), counted, is_asked_about=False))
        else:
            return
        self._count(past, counted, sign=1)
        if self._question.asks_about(day) and not past.refunds:
            yield self._relived(past, counted)

    def settle(self) -> Iterator[Relived]:
        """Apply all refunds that are left: at the end, or between two members who share no budget."""
        yield from self._take_back(until=None)
        self._counters.used.clear()

    def _evaluate(self, past: PastPurchase) -> Evaluation:
        frozen = past.frozen
        headroom = self._counters.headroom(past.member_id, frozen.purchase.local_date)
        return evaluate(with_lines(frozen, past.lines), frozen.member, frozen.store, self._draft, headroom)

    def _await_refunds(self, purchase: _Open) -> None:
        past = purchase.past
        self._open[past.member_id, past.purchase_no] = purchase
        for place, refund in enumerate(past.refunds):
            heapq.heappush(self._coming_back, (refund.recorded_at, past.member_id, past.purchase_no, place))

    def _take_back(self, *, until: datetime | None) -> Iterator[Relived]:
        while self._coming_back and (until is None or self._coming_back[0][0] <= until):
            _, member_id, purchase_no, place = heapq.heappop(self._coming_back)
            purchase = self._open[member_id, purchase_no]
            past = purchase.past
            states = [refund.came_back for refund in past.refunds[: place + 1]]
            kept = kept_after(purchase.evaluation, past.lines, states, purchase.under).rule_points
            back = {code: points - kept.get(code, 0) for code, points in purchase.counted.items()}
            self._count(past, back, sign=-1)
            purchase.counted = kept
            if place + 1 == len(past.refunds):
                del self._open[member_id, purchase_no]
                if purchase.is_asked_about:
                    yield self._relived(past, kept)

    def _happened_under(self, past: PastPurchase) -> ProgrammeSnapshot:
        programme = self._programmes.version(past.frozen.programme_version)
        assert programme is not None, "every version that a purchase names is kept"
        return programme

    def _count(self, past: PastPurchase, rule_points: Mapping[str, int], *, sign: int) -> None:
        keys = period_keys(past.frozen.purchase.local_date)
        limited = {code: sign * points for code, points in rule_points.items() if code in self._limited and points}
        if limited:
            caps = [
                CapUse(code, period, keys[period], points)
                for code, points in limited.items()
                for period, _ in self._limited[code].caps
            ]
            budgets = {code: points for code, points in limited.items() if self._limited[code].budgeted}
            self._counters.count(past.member_id, caps, budgets)

    def _relived(self, past: PastPurchase, drafted: Mapping[str, int]) -> Relived:
        frozen = past.frozen
        happened: Mapping[str, int] = {paid.rule: paid.points for paid in frozen.fired}
        if past.refunds:
            states = [refund.came_back for refund in past.refunds]
            happened = kept_after(frozen, past.lines, states, self._happened_under(past)).rule_points
        return Relived(
            past.member_id,
            past.purchase_no,
            frozen.purchase.local_date,
            frozen.purchase.zone,
            frozen.member.tier,
            frozen.programme_version,
            self._question.told(drafted),
            self._question.told(happened),
        )


def full_budgets(question: Question, part: Part) -> Budgets:
    """Every budget as it is when a document is published that nobody has drawn on."""
    slices = range(BUDGET_SLICES) if part.budget_slice is None else (part.budget_slice,)
    return Budgets(
        left={
            (rule.code, slice_no): even_shares(rule.budget_points)[slice_no]
            for rule in question.document.rules
            if rule.budget_points is not None
            for slice_no in slices
        }
    )
