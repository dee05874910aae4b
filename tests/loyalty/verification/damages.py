"""For each invariant, something that a bug or a hand in the database would do to break it."""

from dataclasses import dataclass

from loyalty.verification import (
    accounting,
    actions,
    append_only,
    balances,
    due,
    goals,
    goodwill,
    holds,
    imports,
    invoices,
    jobs,
    limits,
    lots,
    outbox,
    payouts,
    privacy,
    receipts,
    references,
    referrals,
    review,
    rewards,
    sales,
    tiers,
)
from loyalty.verification.invariant import Invariant

_PLACES = {
    "last_entry": "member_id = {anna} AND entry_no = (SELECT max(entry_no) FROM journal WHERE member_id = {anna})",
    "a_sales_key": "(client, key) = (SELECT client, key FROM receipt_key WHERE receipt_key LIKE '%/a-last')",
}
"""Rows that several statements are about."""


@dataclass(frozen=True)
class Damage:
    """``statements`` in SQL, with members' numbers by name, that break ``invariant``."""

    invariant: Invariant
    what: str
    statements: tuple[str, ...]
    spoils_tiers: bool = False
    """What is damaged is a fact that tiers are folded from, so that they do not fit it any more."""

    @property
    def codes(self) -> set[str]:
        """Of all invariants that do not hold then."""
        return {self.invariant.code} | ({"I10"} if self.spoils_tiers else set())

    def sql(self, members: dict[str, int]) -> list[str]:
        """The statements for these members."""
        places = {name: place.format(**members) for name, place in _PLACES.items()}
        return [statement.format(**members, **places) for statement in self.statements]


def damage(invariant: Invariant, what: str, *statements: str, spoils_tiers: bool = False) -> Damage:
    return Damage(invariant, what, statements, spoils_tiers)


_REFERRAL = "INSERT INTO referral (member_id, referrer_id, referred_at, qualifies_until, changed_at, state"

DAMAGES = (
    damage(
        referrals.PAID,
        "a referral that says it was rewarded, and paid nobody",
        f"""{_REFERRAL}, purchase_member_id, purchase_no, qualified_at, milestone)
        VALUES ({{anna}}, {{boris}}, now(), now(), now(), 'rewarded', {{anna}}, 1, now(), 1)""",
    ),
    damage(
        referrals.ROWS,
        "a referral by nobody",
        f"{_REFERRAL}) VALUES ({{anna}}, 999999, now(), now(), now(), 'registered')",
    ),
    damage(
        goals.AWARDS,
        "a goal that nobody bought as much for",
        "UPDATE goal_award SET amount = 1000000000000, required = 1000000000000 WHERE member_id = {boris}",
    ),
    damage(
        goals.PAID,
        "a goal that says it was paid by another action",
        "UPDATE goal_award SET times = times + 1 WHERE member_id = {boris}",
    ),
    damage(
        tiers.DAYS,
        "a day that counts for more than was bought",
        """UPDATE tier_day SET spend_minor = spend_minor + 1 WHERE (member_id, day) =
        (SELECT member_id, max(day) FROM tier_day WHERE member_id = {boris} GROUP BY 1)""",
    ),
    damage(
        tiers.TIERS,
        "a tier that nobody earned",
        "UPDATE member SET tier = 'platinum' WHERE member_id = {anna}",
    ),
    damage(
        tiers.HISTORY,
        "a lost change of tier",
        "UPDATE tier_standing SET last_change_no = last_change_no + 1 WHERE member_id = {boris}",
    ),
    damage(
        tiers.BONUSES,
        "an entry bonus that was not paid like that",
        "UPDATE tier_bonus SET points = points + 1 WHERE member_id = {boris}",
    ),
    damage(
        balances.JOURNAL_FOLD,
        "a debt nobody entered",
        "UPDATE balance SET debt = debt + 1 WHERE member_id = {boris} AND debt > 0",
    ),
    damage(
        balances.LOT_FOLD,
        "a balance that holds what no lot holds",
        "UPDATE balance SET held = held + 1 WHERE member_id = {anna} AND wallet = 'points'",
    ),
    damage(
        balances.BALANCE_CHAIN,
        "an entry with a wrong balance",
        "UPDATE journal SET balance_after = balance_after + 1 WHERE {last_entry}",
    ),
    damage(
        balances.NUMBERS,
        "a lost lot number",
        "UPDATE member SET last_lot_no = last_lot_no + 1 WHERE member_id = {anna}",
    ),
    damage(
        balances.NUMBERS,
        "a lost refund",
        "UPDATE member SET last_refund_no = last_refund_no + 1 WHERE member_id = {dina}",
    ),
    damage(
        balances.INSTANTS,
        "an entry from before its time",
        "UPDATE journal SET recorded_at = recorded_at - interval '1 year' WHERE {last_entry}",
    ),
    damage(
        balances.INSTANTS,
        "a member whose last change is forgotten",
        "UPDATE member SET recorded_at = recorded_at - interval '1 year' WHERE member_id = {anna}",
    ),
    damage(
        balances.TRANSFERS,
        "a transfer that arrives at somebody else",
        "DELETE FROM ledger_seal WHERE member_id = {anna}",
        "UPDATE journal SET cause_no = {boris} WHERE member_id = {anna} AND debit = 'transfer'",
    ),
    damage(
        balances.DEBTORS,
        "a debt that was not repaid from free points",
        "UPDATE member SET last_entry_no = last_entry_no + 1 WHERE member_id = {anna}",
        "UPDATE balance SET debt = debt + 5 WHERE member_id = {anna} AND wallet = 'points'",
        """INSERT INTO journal (member_id, entry_no, wallet, debit, credit, amount, kind, cause_kind, cause_no, actor,
        occurred_at, recorded_at, balance_after)
        SELECT m.member_id, m.last_entry_no, 'points', 'debt', 'adjusted', 5, 'adjusted', 'adjustment', 1, 'system',
        m.recorded_at, m.recorded_at, b.remaining - b.debt FROM member m JOIN balance b USING (member_id)
        WHERE m.member_id = {anna} AND b.wallet = 'points'""",
        spoils_tiers=True,
    ),
    damage(
        lots.FOLDS,
        "a lot that lost a point",
        """UPDATE lot SET remaining = remaining - 1 WHERE (member_id, lot_no) =
        (SELECT member_id, lot_no FROM lot WHERE member_id = {anna} AND remaining - held > 1 LIMIT 1)""",
    ),
    damage(
        lots.BOUNDS,
        "a capture before its hold",
        """UPDATE lot_movement m SET kind = o.kind, entry_no = o.entry_no
        FROM lot_movement o JOIN purchase p ON p.member_id = o.member_id AND p.hold_no = o.cause_no
        WHERE o.cause_kind = 'hold' AND p.receipt_key LIKE '%/a-paid' AND m.member_id = o.member_id
        AND m.cause_kind = 'hold' AND m.cause_no = o.cause_no AND m.movement_no <> o.movement_no""",
    ),
    damage(
        lots.LIVES,
        "a spend from a lot that was pending",
        """UPDATE lot SET activated_at = '2027-01-01Z' WHERE (member_id, lot_no) IN
        (SELECT member_id, lot_no FROM lot_movement WHERE kind = 'held')""",
    ),
    damage(
        lots.LIVES,
        "a spend from a lot that had expired",
        """UPDATE lot SET expires_at = '2026-03-01Z' WHERE remaining = 0 AND (member_id, lot_no) IN
        (SELECT member_id, lot_no FROM lot_movement WHERE kind = 'spent')""",
    ),
    damage(
        lots.SPEND_ORDER,
        "a hold of points that expire later",
        "UPDATE lot SET expires_at = expires_at + interval '20 days' WHERE member_id = {anna} AND held > 0",
    ),
    damage(
        receipts.REGISTERED,
        "a purchase whose receipt is free again",
        "DELETE FROM receipt_key WHERE kind = 'purchase' AND receipt_key LIKE '%/a2'",
    ),
    damage(
        receipts.LEADS_SOMEWHERE,
        "a receipt of no purchase",
        """INSERT INTO receipt_key (receipt_key, kind, member_id, number_of_kind, client, key)
        SELECT 'nowhere', 'purchase', {anna}, 999, client, key FROM idempotency_key i
        WHERE status = 201 AND NOT EXISTS (SELECT FROM receipt_key k WHERE (k.client, k.key) = (i.client, i.key))
        LIMIT 1""",
    ),
    damage(
        receipts.OUTSIDE_LEDGERS,
        "a refund that waits and does not",
        "UPDATE waiting_refund SET applied_at = received_at WHERE applied_at IS NULL",
    ),
    damage(
        receipts.OUTSIDE_LEDGERS,
        "a guest's receipt that is not registered",
        "DELETE FROM receipt_key WHERE kind = 'guest'",
    ),
    damage(
        receipts.ONE_EFFECT_A_KEY,
        "two purchases under one key",
        """UPDATE receipt_key SET (client, key) = (SELECT client, key FROM idempotency_key WHERE {a_sales_key})
        WHERE kind = 'purchase' AND member_id = {anna}""",
    ),
    damage(receipts.ANSWERED, "an effect without its answer", "DELETE FROM idempotency_key WHERE {a_sales_key}"),
    damage(
        receipts.REFUSED,
        "an effect of a refused request",
        "UPDATE idempotency_key SET status = 409 WHERE {a_sales_key}",
    ),
    damage(receipts.STORED, "an error kept as an answer", "UPDATE idempotency_key SET status = 503 WHERE status = 422"),
    damage(holds.MOVEMENTS, "a hold of more than it took", "UPDATE hold SET amount = amount + 1 WHERE status = 'open'"),
    damage(
        holds.RESOLUTIONS, "an open hold with an end", "UPDATE hold SET resolved_at = created_at WHERE status = 'open'"
    ),
    damage(
        holds.OWNERS,
        "a hold of somebody who was merged",
        "UPDATE member SET status = 'merged', merged_into = {boris} WHERE member_id = {anna}",
        spoils_tiers=True,
    ),
    damage(
        holds.CAUSES,
        "a release without a hold",
        "UPDATE lot_movement SET cause_kind = 'purchase' WHERE kind = 'released'",
    ),
    damage(
        sales.EARNED,
        "a purchase that says it earned more",
        "UPDATE purchase SET earned = '{{\"points\": 9999}}' WHERE receipt_key LIKE '%/a4'",
        spoils_tiers=True,
    ),
    damage(
        sales.SPENT,
        "a purchase that says more was spent",
        "UPDATE purchase SET points_spent = points_spent + 1 WHERE points_spent > 0",
    ),
    damage(
        sales.TAKEN_BACK,
        "refunds of more than was earned",
        "UPDATE purchase SET earned = '{{\"points\": 1}}' WHERE receipt_key LIKE '%/b0'",
        spoils_tiers=True,
    ),
    damage(
        sales.REFUNDS,
        "a refund that says it returned points",
        "UPDATE refund SET effect = jsonb_set(effect, '{{0,returned}}', '1') WHERE receipt_key LIKE '%/rb0'",
    ),
    damage(
        sales.EFFECTS,
        "points taken from nowhere",
        "UPDATE refund SET effect = jsonb_set(effect, '{{0,forgiven}}', '3') WHERE receipt_key LIKE '%/rb0'",
    ),
    damage(
        sales.OWN_LOTS,
        "a claw-back from another purchase's lot",
        "UPDATE lot_movement SET cause_no = cause_no + 1 WHERE kind = 'clawed' AND member_id = {boris}",
    ),
    damage(
        sales.RETURNED_GOODS,
        "a line of which less came back than its refund says",
        "UPDATE purchase_line AS l SET refunded_quantity = 0 FROM refund AS r WHERE r.receipt_key LIKE '%/r3'"
        " AND (l.member_id, l.purchase_no) = (r.member_id, r.purchase_no) AND l.refunded_quantity > 0",
    ),
    damage(
        sales.TOTALS,
        "a total that is not its lines",
        "UPDATE purchase SET rounding_minor = rounding_minor + 1 WHERE receipt_key LIKE '%/a2'",
    ),
    damage(
        sales.REFUNDED_MONEY,
        "more cash than the goods were worth",
        "UPDATE refund SET cash_minor = amount_minor + 1 WHERE receipt_key LIKE '%/rb0'",
    ),
    damage(
        jobs.APPLIED,
        "a job that says it gave more",
        """UPDATE job_item SET moved = '{{"points": 41}}' WHERE member_id = {boris} AND state = 'applied'""",
    ),
    damage(
        jobs.APPLIED,
        "points of a job without its item",
        "DELETE FROM job_item WHERE member_id = {boris} AND state = 'applied'",
    ),
    damage(
        jobs.REVERSED,
        "a job that says it took back more",
        """UPDATE job_item SET returned = '{{"points": -31}}' WHERE member_id = {boris} AND state = 'reversed'""",
    ),
    damage(
        jobs.ITEMS,
        "an item of no job",
        "INSERT INTO job_item (member_id, job_id, state, points) VALUES ({boris}, 999, 'listed', '{{}}')",
    ),
    damage(
        jobs.PAYMENTS,
        "a job that paid another amount for a purchase",
        "UPDATE job_payment SET points = points + 1 WHERE member_id = {boris}",
    ),
    damage(
        jobs.FACTS,
        "a job that paid for what never happened",
        "UPDATE job_payment SET fact_no = fact_no + 900 WHERE member_id = {boris}",
    ),
    damage(
        jobs.GIVEN,
        "a reward of a job that is nowhere",
        "UPDATE job_item SET before = jsonb_build_object('redemption_no', 999) WHERE before ? 'redemption_no'",
    ),
    damage(jobs.BEGUN, "a job that nobody applied", "DELETE FROM job_step WHERE step = 'apply'"),
    damage(
        jobs.ALONE,
        "a large job begun by one person",
        "UPDATE job_step SET points = 100001 WHERE (job_id, step) = (SELECT job_id, step FROM job_step LIMIT 1)",
    ),
    damage(
        limits.COUNTERS,
        "a cap used by nobody",
        "UPDATE cap_counter SET used = used || jsonb_build_object('base', (used ->> 'base')::int + 1)"
        " WHERE member_id = {boris}",
    ),
    damage(
        limits.COUNTERS,
        "a budget used by nobody",
        "UPDATE budget_slice SET used = used + 1 WHERE used < allowance AND slice_no = 1",
    ),
    damage(
        limits.CAPS,
        "more than the cap",
        "UPDATE cap_counter SET used = jsonb_build_object('base', 401) WHERE member_id = {boris} AND period = 'day'",
    ),
    damage(
        limits.BUDGETS, "a slice out of nothing", "UPDATE budget_slice SET allowance = allowance + 1 WHERE slice_no = 3"
    ),
    damage(
        append_only.VERSIONS,
        "a published programme that was edited",
        """UPDATE programme_version SET document = jsonb_set(document, '{{name}}', '"Other"')""",
    ),
    damage(
        append_only.SEALS,
        "a sealed entry that was edited",
        "UPDATE journal SET actor = 'staff:eve' WHERE member_id = {anna} AND entry_no = 2",
    ),
    damage(
        outbox.WAITING,
        "an event that is not delivered",
        "UPDATE outbox_event SET created_at = created_at - interval '200 years'",
    ),
    damage(
        outbox.ONCE,
        "an event that will be delivered twice",
        """INSERT INTO outbox_delivery (handler, partition_no, event_id, member_id, type, payload, created_at)
        SELECT 'loyalty.member_facts', 1, event_id, member_id, type, payload, created_at FROM outbox_event""",
    ),
    damage(
        outbox.EFFECTS,
        "an effect that happened twice",
        "UPDATE member_fact SET purchases_count = purchases_count + 1 WHERE member_id = {boris}",
    ),
    damage(privacy.COLUMNS, "a column for a phone", "ALTER TABLE journal ADD COLUMN phone text"),
    damage(
        privacy.KNOWN_VALUES,
        "an e-mail in a stored answer",
        """UPDATE idempotency_key SET outcome = '{{"email":"Anna@Example.com"}}' WHERE {a_sales_key}""",
    ),
    damage(
        privacy.KNOWN_VALUES,
        "an e-mail as a reason",
        "UPDATE journal SET reason = 'asked by anna@example.com' WHERE {last_entry}",
    ),
    damage(
        privacy.KNOWN_VALUES,
        "an account in a stored answer",
        """UPDATE idempotency_key SET outcome = '{{"iban":"DE89370400440532013000"}}' WHERE {a_sales_key}""",
    ),
    damage(
        privacy.FORGOTTEN,
        "an account that stayed",
        "INSERT INTO payout_payee (member_id, redemption_no, holder, account) VALUES ({dina}, 1, 'Dina', '40817')",
    ),
    damage(
        privacy.FORGOTTEN,
        "a name that stayed",
        "INSERT INTO person (member_id, name, updated_at) VALUES ({dina}, 'Dina', '2026-03-02Z')",
    ),
    damage(
        actions.EARNED,
        "an action that says it earned more",
        """UPDATE action SET earned = '{{"points": 4}}' WHERE member_id = {anna} AND action_no = 1""",
        spoils_tiers=True,
    ),
    damage(
        actions.STATES,
        "points for what still waits",
        "UPDATE action SET status = 'rejected', decided_at = recorded_at WHERE type = 'story' AND member_id = {anna}",
        "UPDATE action SET status = 'waiting', type = 'story' WHERE member_id = {anna} AND action_no = 1",
    ),
    damage(
        actions.TAKEN_BACK,
        "an effect on what was not taken back",
        """UPDATE action SET effect = '[{{"wallet": "points", "from_lots": 1, "forgiven": 0, "owed": 0,
        "written_off": 0, "left": 0}}]' WHERE member_id = {anna} AND action_no = 1""",
    ),
    damage(
        actions.EVENTS,
        "an event that became nothing",
        "UPDATE action_event SET action_no = 999 WHERE member_id = {anna} AND event_id = 'al0'",
    ),
    damage(
        actions.PROOFS,
        "a proof of nothing",
        "INSERT INTO action_proof (member_id, action_no, text) VALUES ({anna}, 999, 'me')",
    ),
    damage(
        invoices.PAID,
        "a payment that no longer counts for its invoice",
        """UPDATE invoice_payment SET reversed_at = recorded_at, reason = 'bounced'
        WHERE member_id = {anna} AND invoice_no = 1 AND payment_no = 1""",
    ),
    damage(
        invoices.PAID,
        "an invoice that was whole before its last payment",
        """UPDATE invoice SET paid_at = paid_at - interval '1 hour' WHERE member_id = {anna} AND invoice_no = 1""",
    ),
    damage(
        invoices.ACTIONS,
        "punctuality paid for an invoice that is open",
        """UPDATE action SET natural_key = 'invoice:{clara}:2:1' WHERE member_id = {clara} AND type = 'punctual'""",
    ),
    damage(
        invoices.KEYS,
        "an invoice number that leads to nothing",
        "UPDATE invoice_key SET invoice_no = 99 WHERE member_id = {anna} AND billing_number = 'i1'",
    ),
    damage(
        privacy.FORFEITED,
        "an erased member with a debt",
        "UPDATE member SET status = 'erased' WHERE member_id = {boris}",
    ),
    damage(
        due.NEXT_DUE,
        "an expiry that nobody waits for",
        "UPDATE balance SET next_due_at = NULL WHERE member_id = {anna}",
    ),
    damage(
        references.MEMBERS,
        "a list with nobody on it",
        "INSERT INTO segment_member (member_id, segment_code, added_at) VALUES (999999, 'friends', '2026-03-01Z')",
    ),
    damage(
        references.MEMBERS,
        "a card of nobody",
        "INSERT INTO identity (kind, value_hash, member_id, created_at) VALUES ('card', 'x', 999999, '2026-03-02Z')",
    ),
    damage(
        references.ENTRIES,
        "a movement under another entry",
        """UPDATE lot_movement SET entry_no = 1 WHERE (member_id, movement_no) =
        (SELECT member_id, movement_no FROM lot_movement WHERE kind = 'expired' AND member_id = {anna} LIMIT 1)""",
    ),
    damage(
        references.MOVEMENTS, "a release with an entry", "UPDATE lot_movement SET entry_no = 1 WHERE kind = 'released'"
    ),
    damage(
        references.CAUSES,
        "an expiry of no lot",
        "DELETE FROM ledger_seal WHERE member_id = {anna}",
        "UPDATE journal SET cause_no = 999 WHERE member_id = {anna} AND kind = 'expired'",
    ),
    damage(
        rewards.PAID,
        "a reward that says it was used and was not paid",
        "UPDATE redemption SET state = 'used', ended_at = issued_at, store_id = 'nowhere' WHERE reward = 'tenth'"
        " AND state = 'issued'",
    ),
    damage(
        rewards.RETURNED,
        "a cancelled gift whose points are gone",
        "UPDATE redemption SET state = 'fulfilled' WHERE reward = 'mug' AND member_id = {boris}"
        " AND state = 'cancelled'",
        "UPDATE reward_stock SET taken = taken + 1 WHERE reward = 'mug'",
    ),
    damage(rewards.STOCK, "a piece that nobody has", "UPDATE reward_stock SET taken = taken + 1 WHERE reward = 'mug'"),
    damage(
        rewards.CODES,
        "a code of another redemption",
        "UPDATE redemption_code SET redemption_no = redemption_no + 90 WHERE redemption_no = 1",
    ),
    damage(rewards.CODES, "a present with the code of none", "DELETE FROM present_code"),
    damage(
        rewards.PRESENTS,
        "a present that nobody has",
        "UPDATE redemption SET to_redemption_no = 999 WHERE state = 'given'",
    ),
    damage(
        rewards.PRESENTS,
        "a present of nobody",
        "UPDATE redemption SET from_redemption_no = 999 WHERE from_member_id IS NOT NULL AND state = 'refunded'",
    ),
    damage(
        payouts.DECIDED,
        "a payout that was paid without having been exported",
        "UPDATE payout AS p SET batch_id = NULL FROM redemption AS r"
        " WHERE (r.member_id, r.redemption_no) = (p.member_id, p.redemption_no) AND r.state = 'fulfilled'",
        "DELETE FROM payout_batch AS b WHERE NOT EXISTS (SELECT FROM payout AS p WHERE p.batch_id = b.batch_id)",
    ),
    damage(
        payouts.DECIDED,
        "points held for money that nobody asked for",
        "DELETE FROM payout WHERE decision IS NULL",
    ),
    damage(
        payouts.AMOUNT,
        "more money than the points buy",
        "UPDATE payout SET amount_minor = amount_minor + 1 WHERE batch_id IS NULL",
    ),
    damage(
        payouts.AMOUNT,
        "a payout for the points of fewer units",
        "UPDATE payout SET units = units * 2, amount_minor = amount_minor * 2 WHERE batch_id IS NULL",
    ),
    damage(payouts.BATCHES, "a batch of another sum", "UPDATE payout_batch SET total_minor = total_minor + 1"),
    damage(payouts.PAYEES, "money for nobody", "DELETE FROM payout_payee"),
    damage(
        rewards.COUPONS,
        "a code that another redemption shows",
        "UPDATE coupon SET redemption_no = redemption_no + 90 WHERE state = 'handed_out'",
    ),
    damage(
        rewards.COUPONS,
        "a code that is good though it was taken back",
        "UPDATE coupon SET state = 'handed_out' WHERE state = 'withdrawn'",
    ),
    damage(
        rewards.COUPONS,
        "a coupon that can be used longer than its code",
        "UPDATE redemption SET expires_at = '2031-01-01T00:00:00Z' WHERE coupon IS NOT NULL AND state = 'issued'",
    ),
    damage(
        rewards.GRANTED,
        "a gift of the business that was paid for",
        "UPDATE redemption SET price_minor = 1 WHERE grant_reason IS NOT NULL",
    ),
    damage(rewards.STOCK, "more pieces out than there are", "UPDATE reward_stock SET given = 0 WHERE reward = 'mug'"),
    damage(
        references.REDEMPTIONS,
        "a reward that was never published",
        "UPDATE redemption SET reward = 'gone' WHERE reward = 'mug'",
        "UPDATE reward_stock SET reward = 'gone' WHERE reward = 'mug'",
    ),
    damage(
        references.REDEMPTIONS,
        "a reward that was used in no sale",
        "UPDATE redemption SET purchase_no = 999 WHERE member_id = {boris} AND state = 'used'",
    ),
    damage(
        references.REDEMPTIONS,
        "a reward that was used in the sale of a stranger",
        """UPDATE redemption SET purchase_member_id = {anna}, purchase_no = 1
        WHERE member_id = {boris} AND state = 'used'""",
    ),
    damage(references.SALES, "purchases of no store", "DELETE FROM store"),
    damage(
        references.ORIGINS,
        "a lot from no lot",
        "UPDATE lot SET origin_lot_no = 999 WHERE member_id = {anna} AND origin_member_id IS NOT NULL",
    ),
    damage(
        goodwill.COUNTED,
        "points charged to somebody who gave none",
        "INSERT INTO goodwill_day (actor, day, points) VALUES ('staff:eve', '2026-03-02', 5)",
    ),
    damage(
        review.CASES,
        "a case of nobody",
        """INSERT INTO review_case (kind, subject, member_id, period, facts, opened_at)
        VALUES ('many_refunds', 'mem_0', 999999, '2026-03', '{{}}', '2026-03-02Z')""",
    ),
    damage(imports.REGISTERED, "a lot that could come again", "DELETE FROM imported_lot"),
    damage(
        imports.COUNTED,
        "an import that says that it brought more",
        "UPDATE import_run SET counts = jsonb_set(counts, '{{points,points}}', '41')",
    ),
    damage(
        imports.SENT,
        "a file of no delivery",
        """INSERT INTO import_file (delivery_id, name, content, sent_at)
        VALUES (999999, 'members.csv', '', '2026-03-02Z')""",
    ),
    damage(
        imports.SENT,
        "a delivery that became an import that is not there",
        """INSERT INTO import_delivery (source, zone, state, requested_by, requested_at, import_id, totals)
        VALUES ('old', 'UTC', 'applied', 'staff:x', '2026-03-02Z', 999999, '{{}}')""",
    ),
    damage(
        imports.SENT,
        "a problem that was not counted",
        """INSERT INTO import_fault (delivery_id, fault_no, file, line, column_name, fault_code, message)
        VALUES (999999, 1, 'lots.csv', 2, 'points', 'number_malformed', 'is no whole number')""",
    ),
    damage(
        imports.RECEIPTS,
        "a receipt that moved in and was no purchase",
        "INSERT INTO imported_receipt VALUES (1, 999999, (SELECT max(import_id) FROM import_run), NULL, '')",
    ),
    damage(
        imports.RECEIPTS_COUNTED,
        "an import that says that it brought a receipt",
        "UPDATE import_run SET counts = jsonb_set(counts, '{{receipts_new}}', '4100')",
    ),
    damage(imports.MADE, "a member of no import", "UPDATE imported_member SET import_id = 999999"),
    damage(
        accounting.CLOSED,
        "a closed month that was prettified",
        """UPDATE accounting_figure SET issued = issued + 1, clawed_back = clawed_back - 1
        WHERE month = '2026-03' AND wallet = 'points' AND issued > 0""",
    ),
    damage(
        accounting.CHAINED,
        "a month that begins late",
        "UPDATE accounting_period SET starts_at = starts_at + interval '1 day' WHERE month = '2026-03'",
    ),
)
