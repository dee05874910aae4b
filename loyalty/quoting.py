"""What a basket would earn and what may be spent on it: the same functions as the sale, on copies, without a trace."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kernel.database import fetch_together
from loyalty.budgets import load_budgets
from loyalty.earning.evaluate import evaluate
from loyalty.earning.evaluation import Evaluation
from loyalty.earning.purchase import EarningPurchase
from loyalty.ledger.account import Account, available
from loyalty.ledger.due import apply_due
from loyalty.ledger.loading import account_queries, accounts_from
from loyalty.members.ids import MemberNotFoundError
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.purchases.checking import check_basket
from loyalty.purchases.context import Context, ContextQueries, earning_purchase, member_facts, store_facts
from loyalty.purchases.sale import Sale
from loyalty.spending.decision import Spend, SpendRefusedError, decide_spend
from loyalty.spending.limits import SpendLimits, spend_limits
from loyalty.stores import StoreNotFoundError
from loyalty.tiers.looking import current_tier

if TYPE_CHECKING:
    from asyncpg import Connection, Record

NOTHING_SPENT = Spend(0, 0, {})


@dataclass(frozen=True, slots=True)
class Quote:
    """A basket's outlook for a member; ``account`` is a copy with everything due applied. None for a guest's."""

    programme: ProgrammeSnapshot
    account: Account | None
    evaluation: Evaluation | None
    """None for a guest, and for a member who cannot earn now."""
    limits: SpendLimits | None
    spend: Spend
    """What was asked to be spent, where the programme allows it."""


def spending_wallet(document: ProgrammeDocument) -> str:
    """The wallet whose points pay at the till."""
    return document.spending.wallet or document.primary_wallet


async def quote_sale(
    connection: "Connection[Record]", sale: Sale, *, spend_points: int, programme: ProgrammeSnapshot, now: datetime
) -> Quote:
    """Quote ``sale``, spending ``spend_points``. Raises what ``check_basket`` does, ``SpendRefusedError`` and 404s."""
    account, context = await _read(connection, sale, programme, now=now)
    store = context.stores.get(sale.store_id)
    if store is None:
        raise StoreNotFoundError(store_id=sale.store_id)
    check_basket(sale, store_currency=store.currency)
    if account is None:
        return Quote(programme, None, None, None, NOTHING_SPENT)
    account.tier = await current_tier(connection, account.member_id, programme.tier_plan, now=now)
    context.counters.budgets = await load_budgets(connection, [account.member_id], programme.budgeted_rules, lock=False)
    limits, spend = decide(sale, account, context, programme.document, spend_points=spend_points, now=now)
    basket = _basket(sale, account, context, spend.minor_by_line, now=now)
    return Quote(programme, account, _evaluation(basket, sale, account, context, programme), limits, spend)


async def _read(
    connection: "Connection[Record]", sale: Sale, programme: ProgrammeSnapshot, *, now: datetime
) -> tuple[Account | None, Context]:
    """The member with what is due applied, or the one they were merged into, and all that a quote looks at."""
    member_ids = [] if sale.member_id is None else [sale.member_id]
    lists = programme.segment_index.asked_lists
    asked, of_account = ContextQueries([sale], member_ids, days={now.date()}, lists=lists), account_queries(member_ids)
    answers = await fetch_together(connection, *of_account, *asked.queries)
    account = accounts_from(answers[: len(of_account)]).get(sale.member_id or 0)
    if account is None and member_ids:
        raise MemberNotFoundError
    if account is not None and account.merged_into is not None:
        return await _read(connection, replace(sale, member_id=account.merged_into), programme, now=now)
    if account is not None:
        apply_due(account, now)
    return account, asked.context(answers[len(of_account) :])


def decide(
    sale: Sale,
    account: Account,
    context: Context,
    document: ProgrammeDocument,
    *,
    spend_points: int,
    now: datetime,
) -> tuple[SpendLimits, Spend]:
    """The limits of the basket, and the asked spend within them. Raises ``SpendRefusedError``."""
    points = 0 if cannot_spend(account) else available(account, spending_wallet(document), now)
    limits = spend_limits(_basket(sale, account, context, {}, now=now), points, document.spending)
    spend = decide_spend(spend_points, limits, document.spending)
    if isinstance(spend, SpendRefusedError):
        raise spend
    return limits, spend


def cannot_spend(account: Account) -> bool:
    """Whether the member may spend nothing, whatever the balance."""
    return account.status != "active" or account.spending_frozen


def _basket(
    sale: Sale, account: Account, context: Context, points_minor: Mapping[str, int], *, now: datetime
) -> EarningPurchase:
    return earning_purchase(sale, occurred_at=now, zone=account.zone, items=context.items, points_minor=points_minor)


def _evaluation(
    basket: EarningPurchase, sale: Sale, account: Account, context: Context, programme: ProgrammeSnapshot
) -> Evaluation | None:
    if account.status != "active" or account.earning_frozen:
        return None
    facts = member_facts(
        account,
        context.pasts.get(account.member_id),
        local_date=basket.local_date,
        programme=programme,
    )
    headroom = context.counters.headroom(account.member_id, basket.local_date)
    return evaluate(basket, facts, store_facts(context.stores[sale.store_id]), programme, headroom)
