"""An evaluated action told to people: each rule with its arithmetic or the reason why it did not fire."""

from loyalty.actions.freezing import FrozenAction
from loyalty.earning.evaluation import FiredRule
from loyalty.earning.explained import ExplainedRule, missed_row, paid_row
from loyalty.programme.compiled_actions import CompiledActionRule
from loyalty.programme.snapshot import ProgrammeSnapshot


def explain_action(frozen: FrozenAction, programme: ProgrammeSnapshot, *, language: str = "") -> list[ExplainedRule]:
    """One row for each rule of the action: those that paid, then those that did not fire. None before it is evaluated.

    ``programme`` is the snapshot of the frozen version. Raises ``ValueError`` for another.
    """
    if programme.version != frozen.programme_version:
        raise ValueError(f"evaluated with version {frozen.programme_version}, not {programme.version}")
    compiled = programme.actions[frozen.action.type]
    rules = {rule.code: rule for rule in compiled.rules}
    rows = [_paid(paid, rules[paid.rule], programme, language) for paid in frozen.fired]
    for reason, bits in sorted(frozen.missed.items()):
        for rule in compiled.among(int(bits, 16)):
            rows.append(missed_row(rule, reason, frozen.details.get(rule.code, ""), programme, language))
    return rows


def _paid(paid: FiredRule, rule: CompiledActionRule, programme: ProgrammeSnapshot, language: str) -> ExplainedRule:
    basis = f"{rule.field} {paid.basis}" if rule.field else "1 action"
    return paid_row(paid, rule, programme, language, basis=basis, arithmetic=_arithmetic(paid, rule))


def _arithmetic(paid: FiredRule, rule: CompiledActionRule) -> str:
    if rule.kind == "per_unit":
        return f"{paid.basis // rule.per} x {rule.points} = {paid.before_limits}"
    return str(paid.before_limits)
