"""I1 and I3: a stored balance is what its journal and its lots add up to, and a debtor has nothing free."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

JOURNAL_FOLD: Final = Invariant(
    "I1",
    "Every balance is the fold of its journal entries.",
    Query("""
SELECT member_id, 'balance of ' || wallet,
       format('remaining %s, debt %s', coalesce(j.remaining, 0), coalesce(j.debt, 0)),
       format('remaining %s, debt %s', coalesce(b.remaining, 0), coalesce(b.debt, 0))
FROM (SELECT member_id, wallet, sum(into_lots) AS remaining, sum(into_debt) AS debt FROM entries GROUP BY 1, 2) AS j
FULL JOIN balances AS b USING (member_id, wallet)
WHERE coalesce(j.remaining, 0) <> coalesce(b.remaining, 0) OR coalesce(j.debt, 0) <> coalesce(b.debt, 0)
"""),
)

LOT_FOLD: Final = Invariant(
    "I1",
    "Every balance is the fold of its lots and their movements.",
    Query("""
SELECT member_id, 'balance of ' || wallet,
       format('remaining %s, held %s', coalesce(f.remaining, 0), coalesce(f.held, 0)),
       format('remaining %s, held %s', coalesce(b.remaining, 0), coalesce(b.held, 0))
FROM (
    SELECT l.member_id, l.wallet, sum(l.amount + coalesce(m.remaining, 0)) AS remaining,
           sum(coalesce(m.held, 0)) AS held
    FROM lots AS l
    LEFT JOIN (
        SELECT member_id, lot_no, sum(into_remaining) AS remaining, sum(into_held) AS held FROM movements GROUP BY 1, 2
    ) AS m USING (member_id, lot_no)
    GROUP BY 1, 2
) AS f
FULL JOIN balances AS b USING (member_id, wallet)
WHERE coalesce(f.remaining, 0) <> coalesce(b.remaining, 0) OR coalesce(f.held, 0) <> coalesce(b.held, 0)
"""),
)

BALANCE_CHAIN: Final = Invariant(
    "I1",
    "Every entry states the balance that follows from the entry before it.",
    Query("""
SELECT member_id, format('entry %s, balance of %s', entry_no, wallet), chained::text, balance_after::text
FROM (
    SELECT member_id, entry_no, wallet, balance_after,
           sum(into_lots - into_debt) OVER (PARTITION BY member_id, wallet ORDER BY entry_no) AS chained
    FROM entries
) AS chain
WHERE chained <> balance_after
"""),
)

NUMBERS: Final = Invariant(
    "I1",
    "All that a member has, from entries to redemptions, is numbered without gaps up to the last.",
    Query("""
SELECT coalesce(n.member_id, m.member_id), n.what,
       format('1 to %s', coalesce(m.last, 0)), format('%s rows, %s to %s', n.total, n.lowest, n.highest)
FROM (
    SELECT member_id, 'journal' AS what, count(*) AS total, min(entry_no) AS lowest, max(entry_no) AS highest
    FROM entries GROUP BY 1
    UNION ALL
    SELECT member_id, 'lot_movement', count(*), min(movement_no), max(movement_no) FROM movements GROUP BY 1
    UNION ALL
    SELECT member_id, 'lot', count(*), min(lot_no), max(lot_no) FROM lots GROUP BY 1
    UNION ALL
    SELECT member_id, 'hold', count(*), min(hold_no), max(hold_no) FROM holds GROUP BY 1
    UNION ALL
    SELECT member_id, 'purchase', count(*), min(purchase_no), max(purchase_no) FROM purchases GROUP BY 1
    UNION ALL
    SELECT member_id, 'refund', count(*), min(refund_no), max(refund_no) FROM refunds GROUP BY 1
    UNION ALL
    SELECT member_id, 'redemption', count(*), min(redemption_no), max(redemption_no) FROM redemptions GROUP BY 1
    UNION ALL
    SELECT member_id, 'action', count(*), min(action_no), max(action_no) FROM actions GROUP BY 1
) AS n
FULL JOIN (
    SELECT member_id, given.what, given.last
    FROM members, LATERAL (
        VALUES ('journal', last_entry_no), ('lot_movement', last_movement_no), ('lot', last_lot_no),
               ('hold', last_hold_no), ('purchase', last_purchase_no), ('refund', last_refund_no),
               ('redemption', last_redemption_no), ('action', last_action_no)
    ) AS given (what, last)
    WHERE given.last <> 0
) AS m ON m.member_id = n.member_id AND m.what = n.what
WHERE n.member_id IS NULL OR n.lowest <> 1 OR n.total <> n.highest OR n.highest <> coalesce(m.last, 0)
"""),
)

INSTANTS: Final = Invariant(
    "I1",
    "Within a member nothing is recorded before what came before it, nor after the member's last change.",
    Query("""
SELECT member_id, what, 'not before ' || before, recorded_at::text
FROM (
    SELECT member_id, 'entry ' || entry_no AS what, recorded_at,
           lag(recorded_at) OVER (PARTITION BY member_id ORDER BY entry_no) AS before
    FROM entries
    UNION ALL
    SELECT member_id, 'movement ' || movement_no, recorded_at,
           lag(recorded_at) OVER (PARTITION BY member_id ORDER BY movement_no)
    FROM movements
) AS rows
WHERE recorded_at < before
UNION ALL
SELECT m.member_id, 'last change', 'not before ' || max(e.recorded_at), m.recorded_at::text
FROM members AS m JOIN entries AS e USING (member_id)
GROUP BY 1, m.recorded_at HAVING max(e.recorded_at) > m.recorded_at
"""),
)

TRANSFERS: Final = Invariant(
    "I1",
    "What leaves one member by transfer arrives at the other.",
    Query("""
SELECT least(member_id, cause_no), format('%s between members %s and %s', wallet, least(member_id, cause_no),
       greatest(member_id, cause_no)), '0', sum(amount * ((credit = 'transfer')::int - (debit = 'transfer')::int))::text
FROM journal
WHERE 'transfer' IN (debit, credit) AND (member_id BETWEEN $1 AND $2 OR cause_no BETWEEN $1 AND $2)
GROUP BY least(member_id, cause_no), greatest(member_id, cause_no), wallet
HAVING sum(amount * ((credit = 'transfer')::int - (debit = 'transfer')::int)) <> 0
"""),
)

DEBTORS: Final = Invariant(
    "I3",
    "While a wallet has debt, all its points are held.",
    Query("""
SELECT member_id, format('free points of %s with a debt of %s', wallet, debt), '0', (remaining - held)::text
FROM balances WHERE debt > 0 AND remaining > held
"""),
)

INVARIANTS: Final = (JOURNAL_FOLD, LOT_FOLD, BALANCE_CHAIN, NUMBERS, INSTANTS, TRANSFERS, DEBTORS)
