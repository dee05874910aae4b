"""Referrals."""

from loyalty.programme.cel import PURCHASES
from loyalty.programme.checks.conditions import check_condition
from loyalty.programme.checks.names import check_known
from loyalty.programme.checks.policies import MAX_DAYS
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import Problems, ProgrammeProblem
from loyalty.programme.texts import placeholders_of

_PATH = "$.referrals"


def check_referrals(document: ProgrammeDocument) -> Problems:
    """When friends count, where the programme pays for them."""
    referrals = document.referrals
    if referrals is None:
        return
    kinds = [action.code for action in document.actions if action.kind == "referral"]
    yield from check_known(referrals.action, kinds, f"{_PATH}.action", "unknown_action")
    yield from check_condition(referrals.condition, f"{_PATH}.condition", PURCHASES)
    for name in ("attach_days", "qualify_days"):
        if not 1 <= getattr(referrals, name) <= MAX_DAYS:
            yield ProgrammeProblem(f"{_PATH}.{name}", "out_of_range", f"is not from 1 to {MAX_DAYS}")
    for name in ("most_a_day", "most_a_week"):
        if getattr(referrals, name) == 0:
            yield ProgrammeProblem(f"{_PATH}.{name}", "out_of_range", "is below 1; leave it out for no limit")
    yield from _check_link(referrals.link)


def _check_link(link: str) -> Problems:
    if not link:
        return
    try:
        names = placeholders_of(link)
    except ValueError as broken:
        yield ProgrammeProblem(f"{_PATH}.link", "bad_placeholder", str(broken))
    else:
        if names != {"code"}:
            yield ProgrammeProblem(f"{_PATH}.link", "bad_placeholder", "needs {code} and no other name in braces")
