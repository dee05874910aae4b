"""What our rules would have paid for each receipt of the other system, beside what it paid. Reads alone."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from loyalty.earning.evaluate import evaluate
from loyalty.earning.evaluation import Evaluation
from loyalty.earning.purchase import Headroom, MemberFacts
from loyalty.imports.checking import Terms
from loyalty.imports.consistency import inconsistencies
from loyalty.imports.problems import ImportRefusedError
from loyalty.imports.receipt_checks import lines_of, receipt_problems
from loyalty.imports.receipts import after, sale_of
from loyalty.imports.rows import Delivery, ReceiptRow
from loyalty.purchases.context import Context, Past, earning_purchase, load_context, store_facts
from loyalty.purchases.sale import Sale

if TYPE_CHECKING:
    from asyncpg import Connection, Record

FILES: Final = ("receipts.csv", "receipt_lines.csv")


class ShadowedReceipt(Struct, frozen=True, kw_only=True):
    """Points of the primary wallet. ``theirs`` is None where the file does not say."""

    receipt_id: str
    external_id: str
    theirs: int | None
    ours: int
    rules: dict[str, int]


class ReceiptComparison(Struct, frozen=True, kw_only=True):
    """Every receipt, in the order of the file, and the sums of those whose points the file says."""

    compared: int
    theirs: int
    ours: int
    by_rule: dict[str, int]
    """Of all receipts, in every wallet."""
    receipts: list[ShadowedReceipt]

    @property
    def differences(self) -> list[ShadowedReceipt]:
        """Those for which ours is another number than theirs."""
        return [each for each in self.receipts if each.theirs not in (None, each.ours)]


async def compare_receipts(connection: "Connection[Record]", delivery: Delivery, terms: Terms) -> ReceiptComparison:
    """Evaluate each receipt by the programme in force, the oldest first, for somebody without a tier or a birthday.

    Rules know of the receipts before it. Caps are empty, and a rule with a budget pays nothing. Raises
    ``ImportRefusedError`` for files that contradict themselves, and unknown stores or articles.
    """
    if problems := sorted([*inconsistencies(delivery), *await receipt_problems(connection, delivery)]):
        raise ImportRefusedError(problems)
    lines = lines_of(delivery)
    sales = {row.receipt_id: sale_of(row, lines.get(row.receipt_id, ()), None) for row in delivery.receipts}
    context = await load_context(connection, list(sales.values()), (), days=())
    pasts: dict[str, Past] = defaultdict(Past)
    by_rule: Counter[str] = Counter()
    found: dict[str, ShadowedReceipt] = {}
    for row in sorted(delivery.receipts, key=lambda row: (row.occurred_at, row.line)):
        evaluation = _evaluate(row, sales[row.receipt_id], pasts[row.external_id], context, terms)
        rules = {paid.rule: paid.points for paid in evaluation.fired if paid.points}
        by_rule.update(rules)
        pasts[row.external_id] = after(pasts[row.external_id], row.total_minor, evaluation.purchase.local_date)
        found[row.receipt_id] = ShadowedReceipt(
            receipt_id=row.receipt_id,
            external_id=row.external_id,
            theirs=row.points,
            ours=evaluation.points_by_wallet.get(terms.programme.document.primary_wallet, 0),
            rules=rules,
        )
    return _summed([found[row.receipt_id] for row in delivery.receipts], dict(sorted(by_rule.items())))


def _summed(receipts: Sequence[ShadowedReceipt], by_rule: dict[str, int]) -> ReceiptComparison:
    stated = [(each.theirs, each.ours) for each in receipts if each.theirs is not None]
    return ReceiptComparison(
        compared=len(stated),
        theirs=sum(theirs for theirs, _ in stated),
        ours=sum(ours for _, ours in stated),
        by_rule=by_rule,
        receipts=list(receipts),
    )


def _evaluate(row: ReceiptRow, sale: Sale, past: Past, context: Context, terms: Terms) -> Evaluation:
    basket = earning_purchase(sale, occurred_at=row.occurred_at, zone=terms.zone, items=context.items, points_minor={})
    last = past.last_purchase_on
    member = MemberFacts(
        language=terms.language,
        purchases_count=past.purchases_count,
        spend_minor=past.spend_minor,
        days_since_purchase=None if last is None else (basket.local_date - last).days,
    )
    return evaluate(basket, member, store_facts(context.stores[sale.store_id]), terms.programme, Headroom())
