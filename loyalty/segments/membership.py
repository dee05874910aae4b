"""The segments of members outside a sale: for rewards, tiers, bulk work and whoever asks."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from kernel.database import fetch_together
from loyalty.earning.purchase import MemberFacts
from loyalty.earning.segments import with_segments
from loyalty.ledger.account import Account
from loyalty.ledger.due import apply_due
from loyalty.ledger.loading import read_accounts
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.purchases.context import member_facts, past_query, pasts_from

if TYPE_CHECKING:
    from asyncpg import Connection, Record


async def facts_of(
    connection: "Connection[Record]", accounts: Mapping[int, Account], programme: ProgrammeSnapshot, *, now: datetime
) -> dict[int, MemberFacts]:
    """What conditions over members may know of those in ``accounts``, with all their segments, on their local day.

    What is due must have been applied to the accounts.
    """
    index = programme.segment_index
    (rows,) = await fetch_together(connection, past_query(accounts.keys(), index.listed))
    pasts = pasts_from(rows)
    facts = {}
    for member_id, account in accounts.items():
        today = now.astimezone(ZoneInfo(account.zone)).date()
        known = member_facts(account, pasts.get(member_id), local_date=today, programme=programme)
        facts[member_id] = with_segments(known, programme, index.all_conditions)
    return facts


async def segments_of(
    connection: "Connection[Record]", member_ids: Collection[int], programme: ProgrammeSnapshot, *, now: datetime
) -> dict[int, frozenset[str]]:
    """All segments of each of ``member_ids``, as a reader sees them now. Members who are not there are absent."""
    accounts = await read_accounts(connection, member_ids)
    for account in accounts.values():
        apply_due(account, now)
    return {
        member_id: facts.segments
        for member_id, facts in (await facts_of(connection, accounts, programme, now=now)).items()
    }
