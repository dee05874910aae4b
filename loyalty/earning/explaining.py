"""An evaluation told to people: each rule of the version with its arithmetic or the reason why it did not fire."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from msgspec import Struct

from loyalty.earning.arithmetic import step_reached
from loyalty.earning.evaluation import FiredRule
from loyalty.earning.freezing import FrozenEvaluation
from loyalty.earning.reasons import REASONS
from loyalty.programme.compiled import FACTOR_UNIT, ITEM_UNIT, CompiledRule
from loyalty.programme.languages import best_language
from loyalty.programme.snapshot import ProgrammeSnapshot

_SHOWN_PLACES = Decimal("0.000001")


class ExplainedRule(Struct, frozen=True, kw_only=True):
    """A row of an explanation. ``outcome`` is ``paid``, ``multiplied`` or ``missed``."""

    rule: str
    name: str
    programme_version: int
    outcome: str
    wallet: str
    points: int = 0
    basis: str = ""
    """What was counted: minor units of the base, or items."""
    arithmetic: str = ""
    """For example ``19 x 1.5 = 28.5 -> 28``: the exact amount, its multipliers, the rounding."""
    cut_by: str = ""
    before_limits: int = 0
    reason: str = ""
    """A key of ``REASONS``."""
    detail: str = ""
    """The rule it lost to, the limit, or what went wrong with the condition."""


def explain(frozen: FrozenEvaluation, programme: ProgrammeSnapshot, *, language: str = "") -> list[ExplainedRule]:
    """One row for each rule: those that paid, then multipliers with the tier's, then those that did not fire.

    ``programme`` is the snapshot of the frozen version. Raises ``ValueError`` for another.
    """
    if programme.version != frozen.programme_version:
        raise ValueError(f"evaluated with version {frozen.programme_version}, not {programme.version}")
    rules = {rule.code: rule for rule in programme.rules}
    rows = [_paid(paid, rules[paid.rule], programme, language) for paid in frozen.fired]
    rows += [_multiplier(rules[code], programme, language) for code in frozen.multipliers]
    if rows and programme.tier_factor(frozen.member.tier) != FACTOR_UNIT:
        rows.append(_tier(frozen.member.tier, programme, language))
    for reason, bits in sorted(frozen.missed.items()):
        for rule in programme.among(int(bits, 16)):
            detail = frozen.details.get(rule.code, "")
            rows.append(_missed(rule, reason, detail, programme, language))
    return rows


def _paid(paid: FiredRule, rule: CompiledRule, programme: ProgrammeSnapshot, language: str) -> ExplainedRule:
    return ExplainedRule(
        rule=rule.code,
        name=rule_name(rule.code, programme, language),
        programme_version=programme.version,
        outcome="paid",
        wallet=rule.wallet,
        points=paid.points,
        basis=f"{shown(Fraction(paid.basis, ITEM_UNIT))} items" if rule.kind == "per_item" else f"{paid.basis} minor",
        arithmetic=arithmetic(paid, rule),
        before_limits=paid.before_limits,
        cut_by=paid.cut_by,
    )


def _multiplier(rule: CompiledRule, programme: ProgrammeSnapshot, language: str) -> ExplainedRule:
    return ExplainedRule(
        rule=rule.code,
        name=rule_name(rule.code, programme, language),
        programme_version=programme.version,
        outcome="multiplied",
        wallet=rule.wallet,
        arithmetic=f"x {shown(Fraction(rule.factor, FACTOR_UNIT))}",
    )


def _tier(code: str, programme: ProgrammeSnapshot, language: str) -> ExplainedRule:
    names = next(tier.names for tier in programme.document.tiers if tier.code == code)
    return ExplainedRule(
        rule=f"tier:{code}",
        name=_name(names, programme, language),
        programme_version=programme.version,
        outcome="multiplied",
        wallet=programme.document.primary_wallet,
        arithmetic=f"x {shown(Fraction(programme.tier_factor(code), FACTOR_UNIT))}",
    )


def _missed(rule: CompiledRule, reason: str, detail: str, programme: ProgrammeSnapshot, language: str) -> ExplainedRule:
    return ExplainedRule(
        rule=rule.code,
        name=rule_name(rule.code, programme, language),
        programme_version=programme.version,
        outcome="missed",
        wallet=rule.wallet,
        reason=reason,
        detail=detail or REASONS[reason],
    )


def arithmetic(paid: FiredRule, rule: CompiledRule) -> str:
    """How ``paid`` came about: the plain amount, the factor it was multiplied by, the exact result, the rounded one."""
    exact = Fraction(paid.exact, paid.divisor)
    plain = _plain(paid, rule)
    steps = shown(plain)
    if plain and exact != plain:
        steps += f" x {shown(exact / plain)} = {shown(exact)}"
    return steps if exact == paid.before_limits else f"{steps} -> {paid.before_limits}"


def _plain(paid: FiredRule, rule: CompiledRule) -> Fraction:
    match rule.kind:
        case "rate":
            return Fraction(paid.basis * rule.points, rule.per_minor)
        case "per_item":
            return Fraction(paid.basis * rule.points, ITEM_UNIT)
        case "fixed":
            return Fraction(rule.points)
        case _:
            return Fraction(step_reached(rule, paid.basis))


def shown(number: Fraction) -> str:
    """A number in decimals, to six places where it does not end."""
    decimal = (Decimal(number.numerator) / Decimal(number.denominator)).quantize(_SHOWN_PLACES, ROUND_HALF_EVEN)
    text = f"{decimal:f}".rstrip("0").rstrip(".")
    return text if Fraction(text) == number else f"about {text}"


def rule_name(code: str, programme: ProgrammeSnapshot, language: str) -> str:
    """The name of a rule of any kind, in ``language`` or the fallback language."""
    return _name(programme.rule_documents[code].names, programme, language)


def _name(names: dict[str, str], programme: ProgrammeSnapshot, language: str) -> str:
    fallback = programme.document.fallback_language
    return names.get(best_language(language, frozenset(names), fallback), "")
