"""Every recurring job on one page. Each line is a domain function and how often it runs."""

from datetime import timedelta
from typing import Final

from api.jobs import Job, once, walk
from loyalty.access.codes import forget_old_codes
from loyalty.access.revocations import forget_old_revocations
from loyalty.ledger.seals import seal_members

SCHEDULE: Final[tuple[Job, ...]] = (
    Job("seal-members", timedelta(minutes=10), walk(seal_members, limit=500)),
    Job("forget-old-codes", timedelta(hours=1), once(forget_old_codes)),
    Job("forget-old-revocations", timedelta(hours=1), once(forget_old_revocations)),
)
