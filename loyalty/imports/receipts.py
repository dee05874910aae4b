"""Past receipts: purchases like any other, for which no rule pays.

They stand in the member's history, tiers count them and so do the facts that rules ask about. Nobody is told of them by
an event, so that nothing that reacts to a sale pays for what an earlier system has paid.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from kernel.database import RowWriter
from loyalty.answers import KeyId, StoredAnswer, store_answers
from loyalty.earning.evaluate import evaluate
from loyalty.earning.purchase import Headroom
from loyalty.imports.checking import Met, Terms
from loyalty.imports.chunking import MEMBERS_AT_ONCE, chunks
from loyalty.imports.receipt_checks import lines_of, receipt_digest
from loyalty.imports.rows import Delivery, ReceiptLineRow, ReceiptRow
from loyalty.ledger.account import Account
from loyalty.ledger.due import apply_due
from loyalty.ledger.loading import lock_accounts
from loyalty.ledger.writing import write_accounts
from loyalty.members.facts import Change, add_facts, recount_last_days
from loyalty.models import ImportedReceipt
from loyalty.purchases.context import Context, Past, earning_purchase, load_context, member_facts, store_facts
from loyalty.purchases.outcome import Submission
from loyalty.purchases.posting import Paid, Posted
from loyalty.purchases.sale import Sale, SaleLine, canonical
from loyalty.purchases.writing import store_day, write_purchases
from loyalty.receipts import IMPORTED, RegisteredReceipt, register_receipts
from loyalty.tiers.keeping import catch_up
from loyalty.tiers.loading import load_standings
from loyalty.tiers.marking import mark_standings
from loyalty.tiers.plan import TierPlan
from loyalty.tiers.writing import write_standings

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_IMPORTED: Final = "imported"
_CAUSE: Final = "import"
"""Of a change of tier."""
_WHOLE: Final = "imported"
"""SKU of the one line of a receipt whose lines did not come."""
_RECEIPTS: Final = RowWriter(ImportedReceipt, "member_id", "purchase_no", "import_id", "points", "digest")
_GIVEN: Final = "SELECT member_id, purchase_no FROM imported_receipt WHERE import_id = $1 ORDER BY 1, 2"
_USED: Final = """
SELECT DISTINCT i.member_id FROM imported_receipt AS i
WHERE i.import_id = $1 AND i.member_id = ANY($2::bigint[]) AND (
    EXISTS (SELECT FROM refund r WHERE r.member_id = i.member_id AND r.purchase_no = i.purchase_no)
    OR EXISTS (SELECT FROM job_payment p
               WHERE p.member_id = i.member_id AND p.fact = 'purchase' AND p.fact_no = i.purchase_no))
"""
_THESE: Final = "unnest($1::bigint[], $2::bigint[]) AS w (member_id, purchase_no)"
_SPENT: Final = f"""
SELECT member_id, count(*) AS purchases, sum(total_minor)::bigint AS spend_minor
FROM {_THESE} JOIN purchase USING (member_id, purchase_no) GROUP BY 1
"""  # noqa: S608 - our own words
_FORGET: Final = (
    f"""WITH keys AS (
        DELETE FROM receipt_key AS k USING {_THESE}
        WHERE k.kind = 'purchase' AND k.member_id = w.member_id AND k.number_of_kind = w.purchase_no
        RETURNING k.client, k.key
    ) DELETE FROM idempotency_key AS i USING keys WHERE i.client = keys.client AND i.key = keys.key""",  # noqa: S608
    *(
        f"DELETE FROM {table} AS t USING {_THESE} WHERE t.member_id = w.member_id AND t.purchase_no = w.purchase_no"  # noqa: S608
        for table in ("purchase_line", "purchase", "imported_receipt")
    ),
    f"""UPDATE member AS m SET last_purchase_no = m.last_purchase_no - c.total
    FROM (SELECT member_id, count(*) AS total FROM {_THESE} GROUP BY 1) AS c WHERE m.member_id = c.member_id""",  # noqa: S608
)


async def give_receipts(
    connection: "Connection[Record]", delivery: Delivery, met: Met, import_id: int, terms: Terms, *, actor: str
) -> int:
    """Write the receipts that are not here yet, the oldest of a member first; answers how many."""
    by_member: dict[int, list[ReceiptRow]] = defaultdict(list)
    new = [row for row in delivery.receipts if row.receipt_key not in met.receipts]
    for row in sorted(new, key=lambda row: (row.occurred_at, row.line)):
        by_member[met.members[row.external_id]].append(row)
    lines = lines_of(delivery)
    for member_ids in chunks(sorted(by_member), MEMBERS_AT_ONCE):
        accounts = await lock_accounts(connection, member_ids, now=terms.now)
        rows = [(accounts[member_id], row) for member_id in member_ids for row in by_member[member_id]]
        sales = [sale_of(row, lines.get(row.receipt_id, ()), account.member_id) for account, row in rows]
        context = await load_context(connection, sales, member_ids, days=())
        for account in accounts.values():
            apply_due(account, terms.now)
        posted = [
            _post(account, row, sale, context, terms, actor=actor)
            for (account, row), sale in zip(rows, sales, strict=True)
        ]
        await write_accounts(connection, list(accounts.values()))
        await write_purchases(connection, posted, context)
        await _register(connection, posted, terms)
        registered = [
            (one.account.member_id, one.purchase_no, import_id, row.points, receipt_digest(row, lines[row.receipt_id]))
            for one, (_, row) in zip(posted, rows, strict=True)
        ]
        await _RECEIPTS.write(connection, registered)
        await add_facts(connection, _changes(posted, context), now=terms.now)
        await _settle_tiers(connection, member_ids, terms.plan, now=terms.now)
    return len(new)


def sale_of(row: ReceiptRow, lines: Sequence[ReceiptLineRow], member_id: int | None) -> Sale:
    """The receipt as a till would have told it; one line for all of it where its lines are not known."""
    sold = [
        SaleLine(
            id=str(place),
            sku=line.sku,
            quantity=line.quantity,
            amount_minor=line.amount_minor,
            discount_minor=line.discount_minor,
        )
        for place, line in enumerate(lines, start=1)
    ]
    return Sale(
        store_id=row.store_id,
        terminal_id=row.terminal_id,
        cashier_id=None,
        channel="store",
        member_id=member_id,
        receipt=row.receipt,
        stated_at=row.occurred_at,
        currency=row.currency,
        lines=tuple(sold or [SaleLine(id="1", sku=_WHOLE, amount_minor=row.total_minor)]),
        total_minor=row.total_minor,
    )


def after(past: Past, total_minor: int, day: date) -> Past:
    """What is known of a member after one more purchase."""
    return past._replace(
        purchases_count=past.purchases_count + 1,
        spend_minor=past.spend_minor + total_minor,
        last_purchase_on=max(day, past.last_purchase_on or day),
    )


async def given_receipts(connection: "Connection[Record]", import_id: int) -> dict[int, list[int]]:
    """Member to the numbers of the purchases that the import brought, ascending."""
    given: dict[int, list[int]] = defaultdict(list)
    for member_id, purchase_no in await connection.fetch(_GIVEN, import_id):
        given[member_id].append(purchase_no)
    return dict(given)


async def used_receipts(connection: "Connection[Record]", member_ids: Collection[int], import_id: int) -> set[int]:
    """Those of the locked members who have had something for a receipt of the import, or brought goods of it back."""
    return {row["member_id"] for row in await connection.fetch(_USED, import_id, list(member_ids))}


async def take_receipts_back(
    connection: "Connection[Record]", receipts: Mapping[int, Sequence[int]], plan: TierPlan | None, *, now: datetime
) -> int:
    """Remove these purchases of locked members, each member's last ones, with all that counted them; answers how many.

    They moved no points, so that no entry names them.
    """
    keys = [(member_id, purchase_no) for member_id, numbers in receipts.items() for purchase_no in numbers]
    if not keys:
        return 0
    columns = [list(column) for column in zip(*keys, strict=True)]
    spent = await connection.fetch(_SPENT, *columns)
    for statement in _FORGET:
        await connection.execute(statement, *columns)
    changes = {row["member_id"]: Change(-row["purchases"], -row["spend_minor"]) for row in spent}
    await add_facts(connection, changes, now=now)
    await recount_last_days(connection, receipts.keys())
    if plan is not None:
        await _settle_tiers(connection, receipts.keys(), plan, now=now)
    return len(keys)


def _post(account: Account, row: ReceiptRow, sale: Sale, context: Context, terms: Terms, *, actor: str) -> Posted:
    basket = earning_purchase(
        sale, occurred_at=row.occurred_at, zone=account.zone, items=context.items, points_minor={}
    )
    past = context.pasts[account.member_id]
    facts = member_facts(account, past, local_date=basket.local_date, programme=terms.programme)
    store = store_facts(context.stores[sale.store_id])
    context.pasts[account.member_id] = after(past, sale.total_minor, basket.local_date)
    return Posted(
        submission=Submission(
            key=KeyId(IMPORTED + terms.source, sale.receipt_key),
            sale=sale,
            body=canonical(sale),
            actor=actor,
            flags=(_IMPORTED,),
        ),
        account=account,
        purchase_no=account.next_purchase_no(),
        occurred_at=row.occurred_at,
        programme=terms.programme,
        basket=basket,
        evaluation=evaluate(basket, facts, store, terms.programme, Headroom(), among=0),
        paid=Paid(),
        hold=None,
        lots=(),
        flags=(_IMPORTED,),
    )


async def _register(connection: "Connection[Record]", posted: Sequence[Posted], terms: Terms) -> None:
    """Claim the receipts' keys, so that a till that sends one of them is told."""
    await register_receipts(
        connection,
        [
            (
                one.submission.receipt_key,
                RegisteredReceipt("purchase", one.account.member_id, one.purchase_no, one.submission.key),
            )
            for one in posted
        ],
    )
    answers = [(one.submission.key, StoredAnswer(one.submission.body, 200, b"{}")) for one in posted]
    await store_answers(connection, answers, now=terms.now)


def _changes(posted: Sequence[Posted], context: Context) -> dict[int, Change]:
    changes: dict[int, Change] = defaultdict(Change)
    for one in posted:
        change, day = changes[one.account.member_id], store_day(one, context)
        change.purchases += 1
        change.spend_minor += one.submission.sale.total_minor
        change.last_purchase_on = max(day, change.last_purchase_on or day)
    return dict(changes)


async def _settle_tiers(
    connection: "Connection[Record]", member_ids: Collection[int], plan: TierPlan, *, now: datetime
) -> None:
    """Count the days of the locked members anew, who move to the tier that their receipts reach; no bonus is paid."""
    if not plan.active:
        return
    await mark_standings(connection, member_ids, _CAUSE, now=now)
    accounts = await lock_accounts(connection, sorted(member_ids), now=now)
    standings = await load_standings(connection, accounts, plan)
    for member_id, standing in standings.items():
        apply_due(accounts[member_id], now)
        standing.stale_cause = _CAUSE
        catch_up(standing, accounts[member_id], now=now)
    await write_accounts(connection, [account for account in accounts.values() if account.is_changed])
    await write_standings(connection, standings.values(), now=now)
