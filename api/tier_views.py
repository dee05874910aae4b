"""A member's tier as phones and staff see it."""

from datetime import datetime

from msgspec import Struct

from loyalty.programme.document import ProgrammeDocument
from loyalty.tiers.looking import PastChange, TierOutlook
from loyalty.tiers.progress import MeasureProgress


class TierName(Struct, frozen=True, kw_only=True):
    """A tier by its code and in the answer's language."""

    code: str
    name: str
    multiplier: str
    """What it does to the points of rules that are multiplied: ``1.2``."""


class TierMeasure(Struct, frozen=True, kw_only=True):
    """One way to the next tier."""

    measure: str
    """``points``, ``spend_minor``, ``purchases`` or ``actions``; may grow."""
    threshold: int
    reached: int
    """In the current window. May be below zero after returns without receipt."""
    missing: int
    percent: int
    """Of the way from the threshold of the tier that is had, rounded down."""


class NextTier(Struct, frozen=True, kw_only=True):
    """The way to the next tier."""

    tier: TierName
    match: str
    """``any`` of the measures is enough, or ``all`` are needed."""
    percent: int
    measures: list[TierMeasure]


class TierMove(Struct, frozen=True, kw_only=True):
    """A change of tier, and why."""

    from_tier: str | None
    to_tier: str | None
    at: datetime
    cause: str
    """``enrolment``, ``purchase``, ``refund``, ``action``, ``adjustment``, ``time``, ``manual``, ``merge``, ``zone`` or
    ``publish``; may grow.
    """
    period: str
    """First local day of the period in which it happened, or ``ever``."""


class TierView(Struct, frozen=True, kw_only=True):
    """Where the member stands, until when, and what is missing for more."""

    tier: TierName | None
    """Null below the lowest one."""
    since: datetime | None
    retained_until: datetime | None
    """Exclusive: when it is lost unless it is reached anew. Null: time alone does not take it."""
    falls_to: str | None
    at_risk: bool
    """Whether the loss is so near that the programme warns of it."""
    next: NextTier | None
    """Null at the top."""
    history: list[TierMove]
    """The latest first."""


def view_tier(outlook: TierOutlook, document: ProgrammeDocument, language: str) -> TierView:
    """The outlook in one language."""
    ahead = outlook.next
    following = None if ahead is None else _named(ahead.tier, document, language)
    return TierView(
        tier=_named(outlook.tier, document, language),
        since=outlook.since,
        retained_until=outlook.retained_until,
        falls_to=outlook.falls_to,
        at_risk=outlook.at_risk,
        next=None
        if ahead is None or following is None
        else NextTier(
            tier=following,
            match=ahead.match,
            percent=ahead.percent,
            measures=[_measure(step) for step in ahead.measures],
        ),
        history=[_move(change) for change in outlook.history],
    )


def _named(code: str | None, document: ProgrammeDocument, language: str) -> TierName | None:
    """A tier that the programme in force has dropped keeps its code for a name."""
    if code is None:
        return None
    tier = next((tier for tier in document.tiers if tier.code == code), None)
    if tier is None:
        return TierName(code=code, name=code, multiplier="1")
    name = tier.names.get(language) or tier.names[document.fallback_language]
    return TierName(code=code, name=name, multiplier=tier.multiplier)


def _measure(step: MeasureProgress) -> TierMeasure:
    return TierMeasure(
        measure=step.measure,
        threshold=step.threshold,
        reached=step.reached,
        missing=step.missing,
        percent=step.percent,
    )


def _move(change: PastChange) -> TierMove:
    return TierMove(
        from_tier=change.from_tier, to_tier=change.to_tier, at=change.at, cause=change.cause, period=change.period
    )
