"""What members owe: points that were to be taken back and were not there. No part of the roll-forward."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from loyalty.accounting.due_flows import DueFlows, read_due_flows
from loyalty.accounting.roll_forward import Basis

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_DEBTS: Final = """
SELECT wallet, sum(CASE debit WHEN 'debt' THEN amount ELSE -amount END)::bigint AS points
FROM journal WHERE 'debt' IN (debit, credit) AND {at} < $1 GROUP BY wallet
"""


async def debts_at(
    connection: "Connection[Record]", instant: datetime, *, basis: Basis, now: datetime
) -> dict[str, int]:
    """Points owed by members just before ``instant``, by wallet. The transaction is REPEATABLE READ."""
    due = await read_due_flows(connection, now=min(now, instant)) if basis == "business" else DueFlows()
    at = "occurred_at" if basis == "business" else "recorded_at"
    debts = {row["wallet"]: row["points"] for row in await connection.fetch(_DEBTS.format(at=at), instant)}
    for wallet, account, points, occurred_at in zip(
        due.wallets, due.accounts, due.points, due.occurred_at, strict=True
    ):
        if account == "debt" and occurred_at < instant:
            debts[wallet] -= points
    return {wallet: points for wallet, points in sorted(debts.items()) if points}
