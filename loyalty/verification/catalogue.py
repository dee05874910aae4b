"""All invariants in the order in which they are run, and those that are looked at elsewhere."""

from typing import Final

from loyalty.verification import (
    accounting,
    actions,
    append_only,
    balances,
    due,
    goals,
    goodwill,
    holds,
    imports,
    invoices,
    jobs,
    limits,
    lots,
    outbox,
    payouts,
    privacy,
    receipts,
    references,
    referrals,
    review,
    rewards,
    sales,
    tiers,
)
from loyalty.verification.invariant import Invariant

INVARIANTS: Final[tuple[Invariant, ...]] = (
    *balances.INVARIANTS,
    *lots.INVARIANTS,
    *receipts.INVARIANTS,
    *holds.INVARIANTS,
    *sales.INVARIANTS,
    *actions.INVARIANTS,
    *invoices.INVARIANTS,
    *goals.INVARIANTS,
    *jobs.INVARIANTS,
    *limits.INVARIANTS,
    *tiers.INVARIANTS,
    *rewards.INVARIANTS,
    *payouts.INVARIANTS,
    *referrals.INVARIANTS,
    *append_only.INVARIANTS,
    *outbox.INVARIANTS,
    *privacy.INVARIANTS,
    *due.INVARIANTS,
    *references.INVARIANTS,
    *accounting.INVARIANTS,
    *goodwill.INVARIANTS,
    *review.INVARIANTS,
    *imports.INVARIANTS,
)

ELSEWHERE: Final = {
    "I16": "Tests keep a witness file of what was acknowledged through a crash.",
}
"""Code of an invariant that nothing here checks, and why."""
