"""One member's standing, up to date, for operations that concern one member."""

from datetime import datetime
from typing import TYPE_CHECKING

from loyalty.ledger.account import Account
from loyalty.tiers.keeping import catch_up
from loyalty.tiers.loading import load_standings
from loyalty.tiers.plan import TierPlan
from loyalty.tiers.standing import Standing

if TYPE_CHECKING:
    from asyncpg import Connection, Record


async def open_standing(
    connection: "Connection[Record]", account: Account, plan: TierPlan, *, now: datetime
) -> Standing | None:
    """The standing of an account, with time applied to both; None where there are no tiers to earn, or no member.

    Of a locked account it is written back with ``write_standings``, after the account. Of a copy nobody writes it.
    """
    standing = (await load_standings(connection, {account.member_id: account}, plan)).get(account.member_id)
    if standing is not None:
        catch_up(standing, account, now=now)
    return standing
