"""Every recurring job on one page. Each line is a domain function and how often it runs."""

from datetime import timedelta
from typing import Final

from api.jobs import Job, drain, once, walk
from loyalty.access.codes import forget_old_codes
from loyalty.access.confirmations import forget_old_requests
from loyalty.access.revocations import forget_old_revocations
from loyalty.actions.birthdays import record_birthdays
from loyalty.goals.settling import settle_goals
from loyalty.imports.deliveries import forget_old_files
from loyalty.ledger.seals import seal_members
from loyalty.ledger.sweeping import sweep
from loyalty.payouts.payees import forget_unpaid_payees
from loyalty.refunds.catching_up import apply_overtaken
from loyalty.review.traces import forget_old_traces
from loyalty.rewards.expiring import expire_redemptions
from loyalty.rewards.running_low import tell_low_stock
from loyalty.tiers.sweeping import place_members, sweep_tiers
from notifications.messages import forget_old_messages

SCHEDULE: Final[tuple[Job, ...]] = (
    Job("apply-overtaken-refunds", timedelta(seconds=5), drain(apply_overtaken, limit=50)),
    Job("sweep-points", timedelta(minutes=1), drain(sweep, limit=500)),
    Job("sweep-tiers", timedelta(minutes=1), drain(sweep_tiers, limit=200)),
    Job("place-members-in-tiers", timedelta(hours=1), walk(place_members, limit=200)),
    Job("settle-goals", timedelta(minutes=1), drain(settle_goals, limit=100)),
    Job("expire-redemptions", timedelta(minutes=1), drain(expire_redemptions, limit=200)),
    Job("tell-low-stock", timedelta(minutes=1), once(tell_low_stock)),
    Job("record-birthdays", timedelta(hours=1), walk(record_birthdays, limit=500)),
    Job("seal-members", timedelta(minutes=10), walk(seal_members, limit=500)),
    Job("forget-old-codes", timedelta(hours=1), once(forget_old_codes)),
    Job("forget-old-confirmation-requests", timedelta(hours=1), once(forget_old_requests)),
    Job("forget-old-revocations", timedelta(hours=1), once(forget_old_revocations)),
    Job("forget-unpaid-payees", timedelta(hours=1), once(forget_unpaid_payees)),
    Job("forget-old-traces", timedelta(hours=1), once(forget_old_traces)),
    Job("forget-old-import-files", timedelta(hours=1), once(forget_old_files)),
    Job("forget-old-messages", timedelta(hours=1), once(forget_old_messages)),
)
