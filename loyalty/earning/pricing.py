"""Pricing the rules that apply: what each would pay if it had no limits and no rivals."""

from collections.abc import Iterable

from loyalty.earning.arithmetic import Counted, count, exact_points, measure_lines, rounded
from loyalty.earning.bases import base_minor
from loyalty.earning.evaluation import FiredRule
from loyalty.earning.multipliers import Factors, line_factors
from loyalty.earning.purchase import EarningPurchase
from loyalty.earning.reasons import Reasons
from loyalty.earning.selection import Selection
from loyalty.programme.compiled import CompiledBase, CompiledRule
from loyalty.programme.snapshot import ProgrammeSnapshot

Priced = tuple[CompiledRule, FiredRule]


def price_rules(
    programme: ProgrammeSnapshot,
    purchase: EarningPurchase,
    tier: str,
    selection: Selection,
    multipliers: list[CompiledRule],
    reasons: Reasons,
) -> list[Priced]:
    """The rules that apply and pay at least one point, in the order of their codes."""
    basket = _Basket(programme, purchase, tier, selection, multipliers)
    priced = []
    for rule in programme.among(selection.applying & ~programme.multiplier_rules):
        counted = basket.counted_by(rule)
        exact, divisor = exact_points(rule, counted) if counted.basis else (0, 1)
        points = rounded(exact, divisor, rule.rounding)
        if points:
            priced.append((rule, FiredRule(rule.code, points, points, counted.basis, exact, divisor)))
        else:
            reasons.miss(rule, "below_one_point" if counted.basis else "base_zero")
    return priced


class _Basket:
    """Counts the lines of one purchase, once for all rules that take the same lines and count them alike."""

    def __init__(
        self,
        programme: ProgrammeSnapshot,
        purchase: EarningPurchase,
        tier: str,
        selection: Selection,
        multipliers: list[CompiledRule],
    ) -> None:
        self._programme = programme
        self._purchase = purchase
        self._selection = selection
        self._tier = tier
        self._multipliers = multipliers
        self._bases: dict[CompiledBase, list[int]] = {}
        self._factors: dict[str, Factors | None] = {}
        self._counted: dict[int | tuple[int, tuple[int, ...]], Counted] = {}

    def counted_by(self, rule: CompiledRule) -> Counted:
        """What ``rule`` counts."""
        number = rule.counting_no if self._purchase.order_discount_minor else rule.counting_no_undiscounted
        if rule.bit & self._selection.on_every_line:
            counted = self._counted.get(number)
            if counted is None:
                counted = self._counted[number] = self._count(number, range(len(self._purchase.lines)))
            return counted
        places = tuple([place for place, rules in enumerate(self._selection.lines) if rules & rule.bit])
        counted = self._counted.get((number, places))
        if counted is None:
            counted = self._counted[number, places] = self._count(number, places)
        return counted

    def _count(self, counting_no: int, places: Iterable[int]) -> Counted:
        base, measure, wallet = self._programme.countings[counting_no]
        lines = self._purchase.lines
        bases = self._bases.get(base)
        if bases is None:
            bases = self._bases[base] = [base_minor(line, base) for line in lines]
        if wallet not in self._factors:
            self._factors[wallet] = line_factors(
                self._programme, wallet, self._multipliers, self._selection, self._tier
            )
        return count(places, bases, measure_lines(lines, measure, bases), self._factors[wallet])
