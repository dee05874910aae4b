"""What a purchase keeps earning after parts of it came back: rule by rule, and never more than before."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from loyalty.earning.calendar import period_keys
from loyalty.earning.evaluate import evaluate
from loyalty.earning.evaluation import CapUse, Evaluation
from loyalty.earning.freezing import FrozenEvaluation, with_lines
from loyalty.earning.purchase import EarnLine
from loyalty.earning.shares import scale_lines
from loyalty.programme.snapshot import ProgrammeSnapshot

_PRICED_TO_NOTHING = ("capped", "budget")
"""Reasons of rules that took part in the sale although a limit left them no point to pay."""


class Kept(Struct, frozen=True):
    """What a purchase still earns, and what it still uses of limits."""

    points: dict[str, int]
    """By wallet."""
    rule_points: dict[str, int]
    """By rule, without those that keep nothing: what counts against its caps and its budget."""


class TakenBack(Struct, frozen=True):
    """The step between two states of a purchase: what to take from the member and to return to the counters.

    Nothing in it is below 0, and the sum over all steps is what the whole refund takes.
    """

    points: dict[str, int]
    cap_uses: tuple[CapUse, ...]
    budget_uses: dict[str, int]


def reevaluate(
    frozen: FrozenEvaluation,
    lines: tuple[EarnLine, ...],
    came_back: Mapping[str, Decimal],
    programme: ProgrammeSnapshot,
) -> Evaluation:
    """Evaluate what is left of a purchase, on the facts, version and headroom of its sale.

    Only rules that took part in the sale do so again: one that begins to fit what is left pays nothing for it and must
    not win over one that paid. ``lines`` are the lines as sold, ``came_back`` the quantity by line id that came back
    in all, ``programme`` the snapshot of the frozen version. Raises ``ValueError`` for another version or an
    impossible quantity.
    """
    if programme.version != frozen.programme_version:
        raise ValueError(f"evaluated with version {frozen.programme_version}, not {programme.version}")
    remaining = scale_lines(with_lines(frozen, lines), came_back)
    return evaluate(
        remaining, frozen.member, frozen.store, programme, frozen.headroom, among=_took_part(frozen, programme)
    )


def _took_part(frozen: FrozenEvaluation, programme: ProgrammeSnapshot) -> int:
    codes = {paid.rule for paid in frozen.fired}.union(frozen.multipliers)
    rules = sum(rule.bit for rule in programme.rules if rule.code in codes)
    for reason in _PRICED_TO_NOTHING:
        rules |= int(frozen.missed.get(reason, "0"), 16)
    return rules


def kept_after(
    frozen: FrozenEvaluation,
    lines: tuple[EarnLine, ...],
    states: Sequence[Mapping[str, Decimal]],
    programme: ProgrammeSnapshot,
) -> Kept:
    """What the purchase keeps: of each rule the least that it would have paid in any of its ``states``.

    ``states`` says what had come back in all after each refund, in their order. A rule that pays more for less gets
    nothing back: others may have used what was returned to its limits.
    """
    rule_points = {paid.rule: paid.points for paid in frozen.fired}
    for came_back in states:
        rule_points = _least(rule_points, reevaluate(frozen, lines, came_back, programme))
    return _kept(frozen, rule_points, programme)


def _least(rule_points: Mapping[str, int], left: Evaluation) -> dict[str, int]:
    return {paid.rule: min(paid.points, rule_points[paid.rule]) for paid in left.fired if paid.rule in rule_points}


def _kept(frozen: FrozenEvaluation, rule_points: dict[str, int], programme: ProgrammeSnapshot) -> Kept:
    points = dict.fromkeys(frozen.points, 0)
    for rule in programme.rules:
        if rule.code in rule_points:
            points[rule.wallet] += rule_points[rule.code]
    # What the rules pay together may be more than the greatest amount, and the sale paid that.
    return Kept({wallet: min(earned, points[wallet]) for wallet, earned in frozen.points.items()}, rule_points)


def taken_back(
    frozen: FrozenEvaluation,
    lines: tuple[EarnLine, ...],
    *,
    states: Sequence[Mapping[str, Decimal]],
    came_back: Mapping[str, Decimal],
    programme: ProgrammeSnapshot,
) -> TakenBack:
    """What a refund takes after which ``came_back`` has come back in all; ``states`` as after the refunds before it."""
    before = kept_after(frozen, lines, states, programme)
    left = reevaluate(frozen, lines, came_back, programme)
    after = _kept(frozen, _least(before.rule_points, left), programme)
    steps = {code: points - after.rule_points.get(code, 0) for code, points in sorted(before.rule_points.items())}
    released = {code: points for code, points in steps.items() if points}
    keys = period_keys(frozen.purchase.local_date)
    rules = {rule.code: rule for rule in programme.rules}
    return TakenBack(
        points={wallet: points - after.points[wallet] for wallet, points in before.points.items()},
        cap_uses=tuple(
            CapUse(code, period, keys[period], points)
            for code, points in released.items()
            for period, _ in rules[code].caps
        ),
        budget_uses={code: points for code, points in released.items() if rules[code].budgeted},
    )
