"""One case tried out: what a basket would earn under any programme, for a member or for made-up facts. No trace."""

from datetime import datetime
from typing import TYPE_CHECKING

from loyalty.earning.evaluate import evaluate
from loyalty.earning.evaluation import Evaluation
from loyalty.earning.purchase import Headroom, MemberFacts
from loyalty.programme.part import MAX_EXACT
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.purchases.checking import check_basket
from loyalty.purchases.context import earning_purchase, load_context, store_facts
from loyalty.purchases.sale import Sale
from loyalty.stores import StoreNotFoundError

if TYPE_CHECKING:
    from asyncpg import Connection, Record


async def simulate_for_facts(
    connection: "Connection[Record]", sale: Sale, facts: MemberFacts, programme: ProgrammeSnapshot, *, at: datetime
) -> Evaluation:
    """What ``sale`` would earn a member of whom ``facts`` are true, were nothing used of any limit.

    The local day is the store's. Raises ``StoreNotFoundError`` and what ``check_basket`` does.
    """
    context = await load_context(connection, [sale], [], days={at.date()})
    store = context.stores.get(sale.store_id)
    if store is None:
        raise StoreNotFoundError(store_id=sale.store_id)
    check_basket(sale, store_currency=store.currency)
    basket = earning_purchase(sale, occurred_at=at, zone=store.zone, items=context.items, points_minor={})
    unused = Headroom(budget_points=dict.fromkeys(programme.budgeted_rules, MAX_EXACT))
    return evaluate(basket, facts, store_facts(store), programme, unused)
