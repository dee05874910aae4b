"""An evaluation told to people: each rule of the version with its arithmetic or the reason why it did not fire."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from loyalty.earning.arithmetic import step_reached
from loyalty.earning.evaluation import FiredRule
from loyalty.earning.explained import ExplainedRule, missed_row, name_in, paid_row, rule_name
from loyalty.earning.freezing import FrozenEvaluation
from loyalty.programme.compiled import FACTOR_UNIT, ITEM_UNIT, CompiledRule
from loyalty.programme.snapshot import ProgrammeSnapshot

_SHOWN_PLACES = Decimal("0.000001")


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
            rows.append(missed_row(rule, reason, detail, programme, language))
    return rows


def _paid(paid: FiredRule, rule: CompiledRule, programme: ProgrammeSnapshot, language: str) -> ExplainedRule:
    items = f"{shown(Fraction(paid.basis, ITEM_UNIT))} items"
    basis = items if rule.kind == "per_item" else f"{paid.basis} minor"
    return paid_row(paid, rule, programme, language, basis=basis, arithmetic=arithmetic(paid, rule))


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
        name=name_in(names, programme, language),
        programme_version=programme.version,
        outcome="multiplied",
        wallet=programme.document.primary_wallet,
        arithmetic=f"x {shown(Fraction(programme.tier_factor(code), FACTOR_UNIT))}",
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
