"""Pending and expiry policies."""

from collections.abc import Mapping
from datetime import date

from loyalty.programme.checks.kinds import check_kind
from loyalty.programme.checks.names import check_known
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.policies import SLIDING_EXPIRY_KINDS, ExpiryPolicy, PendingPolicy
from loyalty.programme.problems import Problems, ProgrammeProblem

PENDING_MEMBERS: Mapping[str, tuple[str, ...]] = {"none": (), "days": ("days",), "until": ("until",)}
EXPIRY_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "never": (),
    "days": ("count",),
    "months": ("count",),
    "end_of_period": ("count", "period"),
    "calendar": ("count", "dates"),
    "on_date": ("last_day",),
    "sliding_days": ("count",),
    "sliding_months": ("count",),
}
MAX_DAYS = 36_500
_COUNTED = frozenset({"days", "months", *SLIDING_EXPIRY_KINDS})
_LEAP_YEAR = 2024


def check_programme_policies(document: ProgrammeDocument) -> Problems:
    """The programme's own policies, which hold where a rule has none."""
    yield from check_pending(document.pending, "$.pending")
    yield from check_expiry(document.expiry, "$.expiry")
    yield from check_expiry_by_tier(document.expiry_by_tier, "$.expiry_by_tier", document)


def check_pending(policy: PendingPolicy, path: str) -> Problems:
    """A pending policy has what its kind needs."""
    yield from check_kind(policy, policy.kind, PENDING_MEMBERS, path)
    if policy.kind == "days" and not 1 <= policy.days <= MAX_DAYS:
        yield ProgrammeProblem(f"{path}.days", "out_of_range", f"is {policy.days}; from 1 to {MAX_DAYS}")
    if policy.kind == "until" and policy.until is None:
        yield ProgrammeProblem(f"{path}.until", "missing", "is needed for the kind 'until'")


def check_expiry(policy: ExpiryPolicy, path: str) -> Problems:
    """An expiry policy has what its kind needs."""
    yield from check_kind(policy, policy.kind, EXPIRY_MEMBERS, path)
    if policy.kind in _COUNTED and policy.count < 1:
        yield ProgrammeProblem(f"{path}.count", "out_of_range", "is below 1")
    if policy.count > MAX_DAYS:
        yield ProgrammeProblem(f"{path}.count", "out_of_range", f"is above {MAX_DAYS}")
    if policy.kind == "on_date" and policy.last_day is None:
        yield ProgrammeProblem(f"{path}.last_day", "missing", "is needed for the kind 'on_date'")
    if policy.kind == "calendar" and not policy.dates:
        yield ProgrammeProblem(f"{path}.dates", "missing", "is needed for the kind 'calendar'")
    for place, text in enumerate(policy.dates):
        if not _is_yearly_date(text):
            yield ProgrammeProblem(f"{path}.dates[{place}]", "bad_date", f"{text!r} is no day of a year 'MM-DD'")


def check_expiry_by_tier(policies: Mapping[str, ExpiryPolicy], path: str, document: ProgrammeDocument) -> Problems:
    """Exceptions by tier, of tiers that exist."""
    for tier, policy in policies.items():
        yield from check_known(tier, (known.code for known in document.tiers), f"{path}.{tier}", "unknown_tier")
        yield from check_expiry(policy, f"{path}.{tier}")


def _is_yearly_date(text: str) -> bool:
    try:
        return date.fromisoformat(f"{_LEAP_YEAR}-{text}").strftime("%m-%d") == text
    except ValueError:
        return False
