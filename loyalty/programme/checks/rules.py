"""What all rules have in common, and earn rules."""

from collections.abc import Mapping

from loyalty.programme.cel import PURCHASES
from loyalty.programme.checks.conditions import check_condition
from loyalty.programme.checks.costs import check_size
from loyalty.programme.checks.factors import check_factor
from loyalty.programme.checks.kinds import check_kind
from loyalty.programme.checks.lines import check_lines
from loyalty.programme.checks.names import check_codes, check_known, check_names
from loyalty.programme.checks.policies import check_expiry, check_expiry_by_tier, check_pending
from loyalty.programme.checks.segments import check_segments_known
from loyalty.programme.checks.windows import check_window
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.policies import SLIDING_EXPIRY_KINDS
from loyalty.programme.problems import Problems, ProgrammeProblem
from loyalty.programme.rules import CAP_PERIODS, Caps, Formula, Rule

FORMULA_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "fixed": ("points",),
    "rate": ("points", "per_minor"),
    "per_item": ("points", "fractions"),
    "multiplier": ("factor",),
    "steps": ("steps",),
}


def check_rules(document: ProgrammeDocument) -> Problems:
    """Every earn rule."""
    yield from check_codes([rule.code for rule in document.earn_rules], "$.earn_rules")
    for place, rule in enumerate(document.earn_rules):
        path = f"$.earn_rules[{place}]"
        yield from _check_formula(rule.formula, f"{path}.formula")
        yield from check_rule(rule, path, document)
        yield from check_condition(rule.condition, f"{path}.condition", PURCHASES)
        yield from check_size(rule, path, document)
        yield from check_lines(rule.lines, f"{path}.lines")
        yield from check_lines(rule.except_lines, f"{path}.except_lines")
        if rule.formula.kind == "multiplier" and (rule.caps != Caps() or rule.budget_points is not None):
            yield ProgrammeProblem(
                path, "limit_on_multiplier", "pays no points itself: limit the rules that it multiplies"
            )


def check_rule(rule: Rule, path: str, document: ProgrammeDocument) -> Problems:
    """Everything that a rule has whatever it pays for, but its condition."""
    yield from check_names(rule.names, f"{path}.names", document.fallback_language)
    yield from _check_references(rule, path, document)
    yield from _check_limits(rule, path)
    yield from _check_policies(rule, path, document)
    for place, window in enumerate(rule.windows):
        yield from check_window(window, f"{path}.windows[{place}]")


def _check_formula(formula: Formula, path: str) -> Problems:
    yield from check_kind(formula, formula.kind, FORMULA_MEMBERS, path)
    used = FORMULA_MEMBERS.get(formula.kind, ())
    for name in ("points", "per_minor"):
        if name in used and getattr(formula, name) < 1:
            yield ProgrammeProblem(f"{path}.{name}", "out_of_range", "is below 1")
    if "factor" in used:
        yield from check_factor(formula.factor, f"{path}.factor")
    if "steps" in used and not formula.steps:
        yield ProgrammeProblem(f"{path}.steps", "missing", "has no step")
    for place, step in enumerate(formula.steps):
        before = formula.steps[place - 1] if place else None
        if before and step.from_minor <= before.from_minor:
            yield ProgrammeProblem(f"{path}.steps[{place}].from_minor", "not_ascending", "is not above the step before")
        if step.points < 1:
            yield ProgrammeProblem(f"{path}.steps[{place}].points", "out_of_range", "is below 1")


def _check_references(rule: Rule, path: str, document: ProgrammeDocument) -> Problems:
    if rule.wallet:
        wallets = (wallet.code for wallet in document.wallets)
        yield from check_known(rule.wallet, wallets, f"{path}.wallet", "unknown_wallet")
    for place, tier in enumerate(rule.tiers):
        tiers = (known.code for known in document.tiers)
        yield from check_known(tier, tiers, f"{path}.tiers[{place}]", "unknown_tier")
    yield from check_segments_known(rule.segments, f"{path}.segments", document)
    for name in ("stores", "channels"):
        for place, text in enumerate(getattr(rule, name)):
            if not text.strip():
                yield ProgrammeProblem(f"{path}.{name}[{place}]", "empty_text", "is empty")


def _check_limits(rule: Rule, path: str) -> Problems:
    for period in CAP_PERIODS:
        cap = getattr(rule.caps, period)
        if cap is not None and cap < 1:
            yield ProgrammeProblem(f"{path}.caps.{period}", "out_of_range", "is below 1; leave it out for no limit")
    if rule.budget_points is not None and rule.budget_points < 1:
        yield ProgrammeProblem(f"{path}.budget_points", "out_of_range", "is below 1; leave it out for no limit")


def _check_policies(rule: Rule, path: str, document: ProgrammeDocument) -> Problems:
    if rule.pending:
        yield from check_pending(rule.pending, f"{path}.pending")
    if rule.expiry:
        yield from check_expiry(rule.expiry, f"{path}.expiry")
    yield from check_expiry_by_tier(rule.expiry_by_tier, f"{path}.expiry_by_tier", document)
    for name, policy in [
        ("expiry", rule.expiry),
        *((f"expiry_by_tier.{t}", p) for t, p in rule.expiry_by_tier.items()),
    ]:
        if policy and policy.kind in SLIDING_EXPIRY_KINDS:
            yield ProgrammeProblem(
                f"{path}.{name}.kind", "sliding_in_rule", "slides a whole balance, so it belongs to the programme"
            )
