"""Rules as an evaluation reads them: integers only, every default already resolved."""

from decimal import Decimal
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from msgspec import Struct

from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.policies import ExpiryPolicy, PendingPolicy
from loyalty.programme.rules import CAP_PERIODS, LINE_KINDS, BaseSettings, EarnRule, LineNames, Rule

FACTOR_UNIT = 1_000
"""Factors are integers in thousandths: 1.5 is 1,500."""
ITEM_UNIT = 1_000_000
"""Quantities are integers in millionths."""
Shared = TypeVar("Shared")


class LotTerms(NamedTuple):
    """What points must share to stand in one lot."""

    wallet: str
    pending: PendingPolicy
    expiry: ExpiryPolicy


class CompiledBase(NamedTuple):
    """How the base of a line is counted."""

    tax_included: bool
    less_order_discount: bool
    less_points_paid: bool
    less_stored_value: bool


class Counting(NamedTuple):
    """What a rule counts: money of some base, whole units or exact quantities; and whose multipliers weigh it."""

    base: CompiledBase
    measure: Literal["minor", "units", "fractions"]
    wallet: str


class Terms(Struct, frozen=True, gc=False, kw_only=True):
    """What rules of every kind have: how they stack, what limits them, and which lots they pay into."""

    code: str
    bit: int
    stackable: bool
    priority: int
    wallet: str
    caps: tuple[tuple[str, int], ...]
    budgeted: bool
    terms_no: int
    """Place in the snapshot's ``lot_terms``."""
    terms_no_by_tier: dict[str, int]


class CompiledRule(Terms, frozen=True, gc=False, kw_only=True):
    """An earn rule. Its place in the snapshot's order of codes is its bit."""

    kind: str
    points: int
    per_minor: int
    factor: int
    steps: tuple[tuple[int, int], ...]
    """(from_minor, points), the highest first."""
    rounding: Literal["floor", "round", "ceil"]
    multiplied: bool
    counting_no: int
    """Place in the snapshot's ``countings``."""
    counting_no_undiscounted: int
    """The same for an order without a discount on the whole: more rules count alike there."""
    requires_base: bool


class Numbered(Generic[Shared]):
    """What several rules share, numbered in the order of first use."""

    def __init__(self) -> None:
        self._numbers: dict[Shared, int] = {}

    def number(self, shared: Shared) -> int:
        """The number of ``shared``, a new one the first time."""
        return self._numbers.setdefault(shared, len(self._numbers))

    def all(self) -> tuple[Shared, ...]:
        """Everything numbered so far, in the order of the numbers."""
        return tuple(self._numbers)


def compile_rule(
    rule: EarnRule,
    place: int,
    document: ProgrammeDocument,
    countings: Numbered[Counting],
    lot_terms: Numbered[LotTerms],
) -> CompiledRule:
    """Resolve ``rule`` of a valid ``document``; ``place`` is its place in the order of codes."""
    formula = rule.formula
    counting = _counting(rule, rule.wallet or document.primary_wallet, rule.base or document.base)
    return CompiledRule(
        **compile_terms(rule, place, document, lot_terms),
        kind=formula.kind,
        points=formula.points,
        per_minor=formula.per_minor,
        factor=factor_thousandths(formula.factor) if formula.factor else FACTOR_UNIT,
        steps=tuple(sorted(((step.from_minor, step.points) for step in formula.steps), reverse=True)),
        rounding=rule.rounding,
        multiplied=formula.kind == "rate" if rule.multiplied is None else rule.multiplied,
        counting_no=countings.number(counting),
        counting_no_undiscounted=countings.number(
            counting._replace(base=counting.base._replace(less_order_discount=False))
        ),
        requires_base=rule.requires_base,
    )


def compile_terms(rule: Rule, place: int, document: ProgrammeDocument, lot_terms: Numbered[LotTerms]) -> dict[str, Any]:
    """The members of ``Terms`` for ``rule``."""
    wallet = rule.wallet or document.primary_wallet
    terms = LotTerms(wallet, rule.pending or document.pending, rule.expiry or document.expiry)
    expiry_by_tier = rule.expiry_by_tier if rule.expiry else document.expiry_by_tier | rule.expiry_by_tier
    return {
        "code": rule.code,
        "bit": 1 << place,
        "stackable": rule.stackable,
        "priority": rule.priority,
        "wallet": wallet,
        "caps": tuple((period, cap) for period in CAP_PERIODS if (cap := getattr(rule.caps, period)) is not None),
        "budgeted": rule.budget_points is not None,
        "terms_no": lot_terms.number(terms),
        "terms_no_by_tier": {
            tier: lot_terms.number(terms._replace(expiry=expiry)) for tier, expiry in expiry_by_tier.items()
        },
    }


def earning_lines(rule: EarnRule, document: ProgrammeDocument) -> LineNames:
    """The lines that ``rule`` names, with the kinds that earn spelled out: those it names, else those of its base."""
    if rule.lines.kinds:
        return rule.lines
    base = rule.base or document.base
    earns = {
        "delivery": base.delivery_earns,
        "gift_card": base.gift_cards_earn,
        "deposit": base.deposits_earn,
        "fee": base.fees_earn,
    }
    lines = rule.lines
    return LineNames(
        categories=lines.categories,
        brands=lines.brands,
        skus=lines.skus,
        tags=lines.tags,
        kinds=tuple(kind for kind in LINE_KINDS if earns.get(kind, True)),
    )


def factor_thousandths(text: str) -> int:
    """A factor as an integer in thousandths. Raises ``ValueError`` for what is not a plain decimal of 3 places."""
    whole, _, fraction = text.partition(".")
    if not (text.isascii() and whole.isdigit() and len(fraction) <= 3 and (fraction.isdigit() or "." not in text)):
        raise ValueError(f"not a decimal with at most 3 places: {text!r}")
    return int(Decimal(text) * FACTOR_UNIT)


def takes_whole_order(rule: EarnRule) -> bool:
    """Whether ``rule`` picks no lines. One that only leaves lines out still takes the order as a whole."""
    return rule.lines == LineNames()


def _counting(rule: EarnRule, wallet: str, base: BaseSettings) -> Counting:
    compiled = CompiledBase(
        tax_included=base.tax_included,
        less_order_discount=base.order_discounts == "spread" or takes_whole_order(rule),
        less_points_paid=not base.points_paid_earns,
        less_stored_value=not base.stored_value_earns,
    )
    measure: Literal["minor", "units", "fractions"] = "minor"
    if rule.formula.kind == "per_item":
        measure = "fractions" if rule.formula.fractions else "units"
    return Counting(compiled, measure, wallet)
