"""What a purchase keeps earning after a part of it came back."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from loyalty.earning.calendar import period_keys
from loyalty.earning.evaluate import evaluate
from loyalty.earning.evaluation import CapUse, Evaluation
from loyalty.earning.freezing import FrozenEvaluation, with_lines
from loyalty.earning.purchase import EarnLine
from loyalty.earning.shares import scale_lines
from loyalty.programme.snapshot import ProgrammeSnapshot


class Kept(Struct, frozen=True):
    """What a purchase still earns, and what it still uses of limits. Never more than at the sale."""

    points: dict[str, int]
    """By wallet."""
    rule_points: dict[str, int]
    """By rule: what counts against its caps and its budget."""


class TakenBack(Struct, frozen=True):
    """The step between two states of a purchase: what to take from the member and to return to the counters.

    A number is below 0 where a refund makes a purchase earn more than before it, which a rule such as "at most two
    lines" can do; the sum over all steps is what the whole refund takes.
    """

    points: dict[str, int]
    cap_uses: tuple[CapUse, ...]
    budget_uses: dict[str, int]


def reevaluate(
    frozen: FrozenEvaluation,
    lines: tuple[EarnLine, ...],
    refunded: Mapping[str, Decimal],
    programme: ProgrammeSnapshot,
) -> Evaluation:
    """Evaluate what is left of a purchase, on the facts, version and headroom of its sale.

    ``lines`` are the lines as sold, ``refunded`` the quantity by line id that came back in all, ``programme`` the
    snapshot of the frozen version. Raises ``ValueError`` for another version or an impossible quantity.
    """
    if programme.version != frozen.programme_version:
        raise ValueError(f"evaluated with version {frozen.programme_version}, not {programme.version}")
    remaining = scale_lines(with_lines(frozen, lines), refunded)
    return evaluate(remaining, frozen.member, frozen.store, programme, frozen.headroom)


def kept_after(
    frozen: FrozenEvaluation,
    lines: tuple[EarnLine, ...],
    refunded: Mapping[str, Decimal],
    programme: ProgrammeSnapshot,
) -> Kept:
    """What the purchase keeps once ``refunded`` came back in all: the smaller of what is left earns and all earned."""
    sold = {paid.rule: paid.points for paid in frozen.fired}
    if not any(refunded.values()):
        return Kept(frozen.points, sold)
    left = reevaluate(frozen, lines, refunded, programme)
    points = left.points_by_wallet
    return Kept(
        points={wallet: min(earned, points.get(wallet, 0)) for wallet, earned in frozen.points.items()},
        rule_points={paid.rule: min(paid.points, sold[paid.rule]) for paid in left.fired if paid.rule in sold},
    )


def taken_back(
    frozen: FrozenEvaluation,
    lines: tuple[EarnLine, ...],
    *,
    refunded_before: Mapping[str, Decimal],
    refunded_after: Mapping[str, Decimal],
    programme: ProgrammeSnapshot,
) -> TakenBack:
    """What a refund takes that brings what came back in all from ``refunded_before`` to ``refunded_after``."""
    before = kept_after(frozen, lines, refunded_before, programme)
    after = kept_after(frozen, lines, refunded_after, programme)
    codes = sorted(before.rule_points.keys() | after.rule_points.keys())
    steps = {code: before.rule_points.get(code, 0) - after.rule_points.get(code, 0) for code in codes}
    released = {code: points for code, points in steps.items() if points}
    keys = period_keys(frozen.purchase.local_date)
    rules = {rule.code: rule for rule in programme.rules}
    return TakenBack(
        points={wallet: points - after.points.get(wallet, 0) for wallet, points in before.points.items()},
        cap_uses=tuple(
            CapUse(code, period, keys[period], points)
            for code, points in released.items()
            for period, _ in rules[code].caps
        ),
        budget_uses={code: points for code, points in released.items() if rules[code].budgeted},
    )
