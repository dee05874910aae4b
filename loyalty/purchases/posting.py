"""One sale against one account in memory: points paid, points earned, and everything to be stored about it. Pure."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from msgspec import Struct, field

from loyalty.earning.evaluate import evaluate
from loyalty.earning.evaluation import Evaluation
from loyalty.earning.purchase import EarningPurchase, MemberFacts
from loyalty.earning.shares import with_shares
from loyalty.ledger.account import Account, Hold
from loyalty.ledger.bounds import may_owe
from loyalty.ledger.earning import earn, grants_of, has_room_for, why_it_cannot_earn
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.holding import capture_hold, capture_late
from loyalty.ledger.lots import Lot
from loyalty.ledger.moving import forfeit
from loyalty.ledger.shortfall import settle_shortfall
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.purchases.context import Context, earning_purchase, flags_of, member_facts, store_facts
from loyalty.purchases.outcome import Submission
from loyalty.purchases.redeeming import Redeemed, redeem, with_free_lines
from loyalty.purchases.sale import Sale
from loyalty.rewards.vouchers import Voucher
from loyalty.spending.allocation import AllocationLine, allocate


class Paid(Struct, frozen=True):
    """What the points of a hold paid of a sale."""

    points: int = 0
    minor: int = 0
    owed: int = 0
    """Points that were not there, because the hold had been resolved before, and became debt."""
    unpaid: int = 0
    """Points that were not there and were written off, or left."""
    by_line: Mapping[str, int] = field(default_factory=dict)


class Posted(Struct, frozen=True):
    """A sale that an account has taken in, ready to be written."""

    submission: Submission
    account: Account
    purchase_no: int
    occurred_at: datetime
    programme: ProgrammeSnapshot
    basket: EarningPurchase
    evaluation: Evaluation | None
    """None when the member could not earn; a flag says why."""
    paid: Paid
    hold: Hold | None
    lots: tuple[Lot, ...]
    flags: tuple[str, ...]
    redeemed: Redeemed = Redeemed()


def post_sale(
    submission: Submission,
    account: Account,
    context: Context,
    programme: ProgrammeSnapshot,
    *,
    hold: Hold | None,
    vouchers: Mapping[str, Voucher],
    occurred_at: datetime,
    flags: tuple[str, ...],
    now: datetime,
) -> Posted:
    """Capture the sale's hold, evaluate what is left, earn. What is due must have been applied.

    Nothing is refused here: a completed sale is a fact, even when its hold has timed out or its member is blocked.
    """
    sale = submission.sale
    act = Act(Cause("purchase", account.next_purchase_no()), submission.actor, occurred_at, now)
    basket_paid_with = partial(earning_purchase, sale, occurred_at=occurred_at, zone=account.zone, items=context.items)
    basket, paid = basket_paid_with(points_minor={}), Paid()
    facts = _facts(basket, account, context, programme)  # as a quote knows them: before the sale's own points are gone
    if hold is not None:
        paid = _pay_with_points(sale, basket, account, programme, hold, act)
        basket = basket_paid_with(points_minor=paid.by_line)
    redeemed = Redeemed()
    if sale.redemptions:
        redeemed = redeem(sale, basket, account, act, vouchers, programme.document)
        basket = with_free_lines(basket, redeemed.free_lines)
    refused = why_it_cannot_earn(account)
    evaluation = None if refused else _evaluate(basket, facts, account, context, programme, sale.store_id)
    if evaluation is not None and not has_room_for(account, evaluation.points_by_wallet):
        refused, evaluation = ("wallet_full",), None
    lots: list[Lot] = []
    if evaluation is not None:
        lots = earn(account, grants_of(evaluation.groups, occurred_at), act)
        context.counters.count(account.member_id, evaluation.cap_uses, evaluation.budget_uses)
    if account.status == "erased":
        forfeit(account, act)
    late = ("points_missing",) if paid.owed or paid.unpaid else ()
    return Posted(
        submission,
        account,
        act.cause.no,
        occurred_at,
        programme,
        basket,
        evaluation,
        paid,
        hold,
        tuple(lots),
        (
            *(*submission.flags, *flags, *refused, *late, *redeemed.flags),
            *unpaid_flags(sale, hold),
            *flags_of(sale, context),
        ),
        redeemed,
    )


def unpaid_flags(sale: Sale, hold: Hold | None) -> tuple[str, ...]:
    """What the till says that it took in points and no hold had set aside for it: nobody has paid that."""
    if hold is None:
        return ("points_without_hold",) if sale.points_used else ()
    return ("points_above_hold",) if sale.points_used is not None and sale.points_used > hold.amount else ()


def _facts(basket: EarningPurchase, account: Account, context: Context, programme: ProgrammeSnapshot) -> MemberFacts:
    return member_facts(
        account,
        context.pasts.get(account.member_id),
        local_date=basket.local_date,
        programme=programme,
    )


def _evaluate(
    basket: EarningPurchase,
    facts: MemberFacts,
    account: Account,
    context: Context,
    programme: ProgrammeSnapshot,
    store_id: str,
) -> Evaluation:
    headroom = context.counters.headroom(account.member_id, basket.local_date)
    return evaluate(basket, facts, store_facts(context.stores[store_id]), programme, headroom)


def _pay_with_points(
    sale: Sale,
    basket: EarningPurchase,
    account: Account,
    programme: ProgrammeSnapshot,
    hold: Hold,
    act: Act,
) -> Paid:
    room = _room(basket)
    payable_minor = min(sum(room.values()), sale.total_minor)
    points = _points_to_take(sale, hold, payable_minor)
    worth_minor = hold.amount_minor if points == hold.amount else hold.amount_minor * points // hold.amount
    minor = min(worth_minor, payable_minor)
    by_line = _shares(hold, minor, room)
    if hold.is_open:
        capture_hold(account, hold, points, act)
        return Paid(points, minor, by_line=by_line)
    missing = capture_late(account, hold, points, act)
    policies = {wallet.code: wallet.debt for wallet in programme.document.wallets}
    policy = policies.get(hold.wallet, "debt")  # a wallet that a later programme dropped keeps the default
    if policy == "debt" and not may_owe(account, hold.wallet, missing):
        policy = "write_off"
    short = settle_shortfall(account, hold.wallet, missing, policy, act, target="redeemed", kind="spent")
    return Paid(points, minor, short.owed, short.written_off + short.left, by_line)


def _points_to_take(sale: Sale, hold: Hold, payable_minor: int) -> int:
    """What the till says that it used; without its word no more than it takes to pay ``payable_minor``.

    The basket may have shrunk since its points were set aside. What is not needed goes back to its lots.
    """
    if sale.points_used is not None:
        return min(sale.points_used, hold.amount)
    if hold.amount_minor <= payable_minor:
        return hold.amount
    return -(-hold.amount * payable_minor // hold.amount_minor)


def _room(basket: EarningPurchase) -> dict[str, int]:
    """What each line costs after its own and the order's discounts: the most that points can pay of it."""
    return {
        line.line_id: line.amount_minor - line.discount_minor - line.order_discount_minor
        for line in with_shares(basket).lines
    }


def _shares(hold: Hold, minor: int, room: Mapping[str, int]) -> dict[str, int]:
    """The allocation that was quoted, or a new one where the basket or the amount is another."""
    quoted = hold.allocation
    if sum(quoted.values()) == minor and all(share <= room.get(line_id, 0) for line_id, share in quoted.items()):
        return dict(quoted)
    return allocate(minor, [AllocationLine(line_id, amount) for line_id, amount in room.items()])
