"""Pricing the rules that apply: what each would pay if it had no limits and no rivals."""

from loyalty.earning.arithmetic import Measured, exact_points, measure_lines, rounded
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
        bit = rule.bit
        places = None
        if not bit & selection.on_every_line:
            places = [place for place, rules in enumerate(selection.lines) if rules & bit]
        basis, exact, divisor = exact_points(rule, basket.measured_for(rule), places)
        points = rounded(exact, divisor, rule.rounding) if basis else 0
        if points:
            priced.append((rule, FiredRule(rule.code, points, points, basis, exact, divisor)))
        else:
            reasons.miss(rule, "below_one_point" if basis else "base_zero")
    return priced


class _Basket:
    """Measures the lines of one purchase, once for all rules that measure them alike."""

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
        self._discounted = purchase.order_discount_minor > 0
        self._bases: dict[CompiledBase, list[int]] = {}
        self._factors: dict[str, Factors | None] = {}
        self._measured: dict[int, Measured] = {}

    def measured_for(self, rule: CompiledRule) -> Measured:
        """The lines as ``rule`` counts them."""
        number = rule.counting_no if self._discounted else rule.counting_no_undiscounted
        measured = self._measured.get(number)
        if measured is None:
            base, measure, wallet = self._programme.countings[number]
            lines = self._purchase.lines
            measured = measure_lines(lines, self._bases_under(base), measure, self._factors_in(wallet))
            self._measured[number] = measured
        return measured

    def _bases_under(self, base: CompiledBase) -> list[int]:
        bases = self._bases.get(base)
        if bases is None:
            bases = self._bases[base] = [base_minor(line, base) for line in self._purchase.lines]
        return bases

    def _factors_in(self, wallet: str) -> Factors | None:
        if wallet not in self._factors:
            self._factors[wallet] = line_factors(
                self._programme, wallet, self._multipliers, self._selection, self._tier
            )
        return self._factors[wallet]
