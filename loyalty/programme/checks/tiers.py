"""Tiers: what each needs and gives, and how they are reached and lost."""

from collections.abc import Mapping

import msgspec

from loyalty.programme.checks.factors import check_factor
from loyalty.programme.checks.kinds import check_kind
from loyalty.programme.checks.names import check_codes, check_known, check_names
from loyalty.programme.checks.policies import MAX_DAYS
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import Problems, ProgrammeProblem
from loyalty.programme.tiers import TierRetention, TierThresholds, TierWindow

WINDOW_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "ever": (),
    "days": ("count",),
    "months": ("count",),
    "calendar": ("period",),
    "membership_year": (),
}
RETENTION_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "window": (),
    "end_of_period": ("count", "period"),
    "days": ("count",),
    "months": ("count",),
}
MAX_COUNT = {"days": MAX_DAYS, "months": 1_200, "end_of_period": 1_200}
_COUNTED = frozenset({"days", "months"})
_NUMBERS = tuple(field.name for field in msgspec.structs.fields(TierThresholds) if field.name != "match")


def check_tiers(document: ProgrammeDocument) -> Problems:
    """Every tier, and the settings of all."""
    yield from check_codes([tier.code for tier in document.tiers], "$.tiers")
    wallets = [wallet.code for wallet in document.wallets]
    for place, tier in enumerate(document.tiers):
        path = f"$.tiers[{place}]"
        yield from check_names(tier.names, f"{path}.names", document.fallback_language)
        yield from check_factor(tier.multiplier, f"{path}.multiplier")
        if tier.thresholds is not None and all(getattr(tier.thresholds, name) is None for name in _NUMBERS):
            yield ProgrammeProblem(f"{path}.thresholds", "missing", f"has none of: {', '.join(_NUMBERS)}")
        if tier.entry_bonus is not None and tier.entry_bonus.points < 1:
            yield ProgrammeProblem(f"{path}.entry_bonus.points", "out_of_range", "is below 1")
        if tier.entry_bonus is not None and tier.entry_bonus.wallet:
            yield from check_known(tier.entry_bonus.wallet, wallets, f"{path}.entry_bonus.wallet", "unknown_wallet")
    yield from _check_ascent(document)
    yield from _check_settings(document, wallets)


def _check_ascent(document: ProgrammeDocument) -> Problems:
    """A higher tier needs more of everything that a lower one needs too: else the lower could never be had."""
    for name in _NUMBERS:
        needed = -1
        for place, tier in enumerate(document.tiers):
            number = getattr(tier.thresholds, name, None)
            if number is None:
                continue
            if number <= needed:
                where = f"$.tiers[{place}].thresholds.{name}"
                yield ProgrammeProblem(where, "not_ascending", f"is {number}; a lower tier needs {needed}")
            needed = max(needed, number)


def _check_settings(document: ProgrammeDocument, wallets: list[str]) -> Problems:
    settings, path = document.tier_settings, "$.tier_settings"
    yield from check_kind(settings.window, settings.window.kind, WINDOW_MEMBERS, f"{path}.window")
    yield from _check_count(settings.window, f"{path}.window.count")
    yield from check_kind(settings.retention, settings.retention.kind, RETENTION_MEMBERS, f"{path}.retention")
    yield from _check_count(settings.retention, f"{path}.retention.count")
    if settings.points_wallet:
        yield from check_known(settings.points_wallet, wallets, f"{path}.points_wallet", "unknown_wallet")
    if settings.floor:
        yield from check_known(settings.floor, (tier.code for tier in document.tiers), f"{path}.floor", "unknown_tier")
    for name in ("grace_days", "warning_days"):
        if getattr(settings, name) > MAX_DAYS:
            yield ProgrammeProblem(f"{path}.{name}", "out_of_range", f"is above {MAX_DAYS}")
    endless = settings.window.kind == "ever" and settings.retention.kind == "window"
    if settings.downgrade == "one_step" and endless:
        yield ProgrammeProblem(f"{path}.downgrade", "never_ends", "steps need a window or a retention that ends")


def _check_count(part: TierWindow | TierRetention, path: str) -> Problems:
    smallest = 1 if part.kind in _COUNTED else 0
    largest = MAX_COUNT.get(part.kind, 0)
    if part.kind in MAX_COUNT and not smallest <= part.count <= largest:
        yield ProgrammeProblem(path, "out_of_range", f"is {part.count}; from {smallest} to {largest}")
