"""What has become due and nobody has booked yet, so that a report does not depend on when the sweeper last ran."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from loyalty.ledger.due import apply_due
from loyalty.ledger.loading import read_accounts

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_MEMBERS_AT_ONCE: Final = 500
_OWNERS = """
SELECT DISTINCT member_id FROM balance WHERE next_due_at <= $1 AND member_id > $2 ORDER BY member_id LIMIT $3
"""


@dataclass(slots=True)
class DueFlows:
    """Points that left lots by time: parallel columns, as ``flow_tables`` takes them."""

    member_ids: list[int] = field(default_factory=list)
    lot_nos: list[int] = field(default_factory=list)
    wallets: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    points: list[int] = field(default_factory=list)
    occurred_at: list[datetime] = field(default_factory=list)

    @property
    def columns(self) -> tuple[list[Any], ...]:
        return (self.member_ids, self.lot_nos, self.wallets, self.accounts, self.points, self.occurred_at)


async def read_due_flows(connection: "Connection[Record]", *, now: datetime) -> DueFlows:
    """Expiries and repayments until ``now`` that are not in the journal: by the ledger's own function, on copies.

    The transaction is REPEATABLE READ, so that nothing is counted both here and in the journal. With a sweeper that
    runs, it is a minute's worth.
    """
    flows = DueFlows()
    after = 0
    while owners := await connection.fetch(_OWNERS, now, after, _MEMBERS_AT_ONCE):
        after = owners[-1]["member_id"]
        for account in (await read_accounts(connection, [row["member_id"] for row in owners])).values():
            apply_due(account, now)
            entries = {entry.entry_no: entry for entry in account.entries}
            for movement in account.movements:
                if movement.entry_no is None:
                    continue
                entry = entries[movement.entry_no]
                flows.member_ids.append(account.member_id)
                flows.lot_nos.append(movement.lot_no)
                flows.wallets.append(entry.wallet)
                flows.accounts.append(entry.credit)
                flows.points.append(movement.amount)
                flows.occurred_at.append(movement.occurred_at)
    return flows
