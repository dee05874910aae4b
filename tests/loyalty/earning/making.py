"""Baskets and programmes for tests of earning, in as few words as their table needs."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from loyalty.earning.evaluate import evaluate
from loyalty.earning.evaluation import Evaluation
from loyalty.earning.purchase import EarningPurchase, EarnLine, Headroom, MemberFacts, StoreFacts
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import errors_among
from loyalty.programme.rules import EarnRule, Formula
from loyalty.programme.segments import Segment
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.validation import validate
from loyalty.programme.wallets import Wallet

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
BERLIN = "Europe/Berlin"
STORE = StoreFacts(code="riverside", zone=BERLIN)
NOBODY = MemberFacts()
POINTS = Wallet(code="points", names={"en": {"one": "point", "other": "points"}})
STAMPS = Wallet(code="stamps", names={"en": {"one": "stamp", "other": "stamps"}})


def rule(code: str, formula: Formula, **members: Any) -> EarnRule:
    """An earn rule that restricts nothing unless ``members`` say so."""
    return EarnRule(code=code, names={"en": code}, formula=formula, **members)


def rate(points: int, per_minor: int) -> Formula:
    """``points`` for each ``per_minor``."""
    return Formula(kind="rate", points=points, per_minor=per_minor)


def fixed(points: int) -> Formula:
    """``points`` once."""
    return Formula(kind="fixed", points=points)


def per_item(points: int, *, fractions: bool = False) -> Formula:
    """``points`` for each item."""
    return Formula(kind="per_item", points=points, fractions=fractions)


def times(factor: str) -> Formula:
    """A multiplier."""
    return Formula(kind="multiplier", factor=factor)


def programme(*rules: EarnRule, version: int = 1, **members: Any) -> ProgrammeSnapshot:
    """A snapshot of a programme in euros with the wallets points (primary) and stamps. It must be valid.

    Segments that its rules name are lists, unless ``members`` declare them.
    """
    named = {code for each in rules for code in each.segments}
    lists = tuple(Segment(code=code, names={"en": code}) for code in sorted(named))
    document = ProgrammeDocument(
        name="Test",
        currency="EUR",
        fallback_language="en",
        wallets=(POINTS, STAMPS),
        primary_wallet="points",
        earn_rules=rules,
        **({"segments": lists} | members),
    )
    assert errors_among(validate(document)) == []
    return ProgrammeSnapshot(version, document)


def line(line_id: str, amount_minor: int, quantity: str = "1", **members: Any) -> EarnLine:
    """A line of goods whose SKU is its id unless ``members`` say otherwise."""
    return EarnLine(
        line_id=line_id,
        sku=members.pop("sku", line_id),
        quantity=Decimal(quantity),
        amount_minor=amount_minor,
        **members,
    )


def basket(*lines: EarnLine, at: datetime = NOON, **members: Any) -> EarningPurchase:
    """A basket of ``lines`` bought at the till in Berlin."""
    return EarningPurchase(
        occurred_at=at,
        local_date=members.pop("local_date", date(2026, 11, 27)),
        zone=BERLIN,
        channel=members.pop("channel", "till"),
        currency="EUR",
        lines=lines,
        **members,
    )


def evaluated(
    purchase: EarningPurchase,
    snapshot: ProgrammeSnapshot,
    *,
    member: MemberFacts = NOBODY,
    store: StoreFacts = STORE,
    used: Mapping[str, Mapping[str, int]] | None = None,
    budget: Mapping[str, int] | None = None,
) -> Evaluation:
    """The evaluation with limits used as said."""
    headroom = Headroom(used_points=used or {}, budget_points=budget or {})
    return evaluate(purchase, member, store, snapshot, headroom)


def points_of(evaluation: Evaluation) -> dict[str, int]:
    """Points by rule."""
    return {paid.rule: paid.points for paid in evaluation.fired}


def reasons_of(evaluation: Evaluation, snapshot: ProgrammeSnapshot) -> dict[str, str]:
    """The reason of each rule that did not fire."""
    return {each.code: reason for reason, bits in evaluation.missed.items() for each in snapshot.among(bits)}
