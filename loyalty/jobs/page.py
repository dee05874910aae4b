"""A page of a job's members, locked together: what a kind of job is handed to do its work, or to undo it."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from kernel.database import WriteSession
from loyalty.jobs.items import Item
from loyalty.ledger.account import Account
from loyalty.models import Job

if TYPE_CHECKING:
    from asyncpg import Connection, Record


class Page(NamedTuple):
    """``accounts`` by the member of each item: the account of whoever that member is by now, with its live lots."""

    session: WriteSession
    connection: "Connection[Record]"
    job: Job
    items: Mapping[int, Item]
    accounts: Mapping[int, Account]
    now: datetime

    @property
    def actor(self) -> str:
        """Who does it, as the journal writes it."""
        return f"job:{self.job.job_id}"
