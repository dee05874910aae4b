"""One member's account, locked and up to date, for operations that concern one member."""

from datetime import datetime
from typing import TYPE_CHECKING

from loyalty.ledger.account import Account
from loyalty.ledger.due import apply_due
from loyalty.ledger.forwarding import surviving_members
from loyalty.ledger.loading import lock_accounts, read_accounts
from loyalty.members.ids import MemberNotFoundError

if TYPE_CHECKING:
    from asyncpg import Connection, Record


async def open_account(connection: "Connection[Record]", member_id: int, *, now: datetime) -> Account:
    """Lock the member, or the one they were merged into, with all lots, and apply what is due.

    Write it back with ``write_accounts``. Raises ``MemberNotFoundError``.
    """
    survivor_id = (await surviving_members(connection, [member_id])).get(member_id, member_id)
    account = (await lock_accounts(connection, [survivor_id], now=now, with_lots=[survivor_id])).get(survivor_id)
    if account is None:
        raise MemberNotFoundError
    if account.merged_into is not None:
        # Merged between the look-up and the lock.
        return await open_account(connection, account.merged_into, now=now)
    apply_due(account, now)
    return account


async def look_at_account(connection: "Connection[Record]", member_id: int, *, now: datetime) -> Account:
    """The same without a lock, on a copy: what is due is applied to the answer and written by nobody."""
    account = (await read_accounts(connection, [member_id])).get(member_id)
    if account is None:
        raise MemberNotFoundError
    if account.merged_into is not None:
        return await look_at_account(connection, account.merged_into, now=now)
    apply_due(account, now)
    return account
