"""A rule told to people, whatever it pays for: what it gave and how that came about, or why it did not fire."""

from typing import Protocol

from msgspec import Struct

from loyalty.earning.evaluation import FiredRule
from loyalty.earning.reasons import REASONS
from loyalty.programme.languages import best_language
from loyalty.programme.snapshot import ProgrammeSnapshot


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


class _Rule(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def wallet(self) -> str: ...


def paid_row(
    paid: FiredRule, rule: _Rule, programme: ProgrammeSnapshot, language: str, *, basis: str, arithmetic: str
) -> ExplainedRule:
    """The row of a rule that fired."""
    return ExplainedRule(
        rule=rule.code,
        name=rule_name(rule.code, programme, language),
        programme_version=programme.version,
        outcome="paid",
        wallet=rule.wallet,
        points=paid.points,
        basis=basis,
        arithmetic=arithmetic,
        before_limits=paid.before_limits,
        cut_by=paid.cut_by,
    )


def missed_row(rule: _Rule, reason: str, detail: str, programme: ProgrammeSnapshot, language: str) -> ExplainedRule:
    """The row of a rule that did not. ``detail`` may be empty: the reason in words stands in its place."""
    return ExplainedRule(
        rule=rule.code,
        name=rule_name(rule.code, programme, language),
        programme_version=programme.version,
        outcome="missed",
        wallet=rule.wallet,
        reason=reason,
        detail=detail or REASONS[reason],
    )


def rule_name(code: str, programme: ProgrammeSnapshot, language: str) -> str:
    """The name of a rule of any kind, in ``language`` or the fallback language."""
    return name_in(programme.rule_documents[code].names, programme, language)


def name_in(names: dict[str, str], programme: ProgrammeSnapshot, language: str) -> str:
    """The best of ``names``; empty when there is none."""
    fallback = programme.document.fallback_language
    return names.get(best_language(language, frozenset(names), fallback), "")
