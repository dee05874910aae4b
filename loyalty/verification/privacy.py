"""I14 and I15: the ledger and its neighbours name nobody, and forgetting a person changes no sum."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

COLUMNS: Final = Invariant(
    "I14",
    "No table that is kept for good has a column for personal data.",
    Query(r"""
SELECT NULL::bigint, 'column ' || a.attname, 'no such column', c.relname
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relname IN ('journal', 'lot', 'lot_movement', 'hold', 'member', 'balance', 'ledger_seal', 'idempotency_key',
                    'receipt_key', 'outbox_event', 'outbox_delivery', 'outbox_parked', 'audit_entry', 'cap_counter',
                    'purchase', 'purchase_line', 'refund', 'action', 'action_event', 'invoice', 'invoice_payment',
                    'invoice_key', 'redemption', 'payout', 'payout_batch')
  AND a.attname ~* '(^|_)(name|surname|phone|mail|email|address|birth|birthday|card|passport|comment|note)(_|$)'
"""),
)

KNOWN_VALUES: Final = Invariant(
    "I14",
    "No member's phone, e-mail, card or account stands in the journal, a refund, an action, the audit, an event, an "
    "answer.",
    Query(r"""
SELECT known.member_id, texts.place, 'no personal data', 'their ' || known.kind
FROM (
    SELECT 'journal, as an actor or a reason' AS place, concat_ws(' ', actor, reason) AS text
    FROM (SELECT DISTINCT actor, reason FROM journal) AS j
    UNION ALL
    SELECT 'audit_entry, in what is said of ' || subject, concat_ws(' ', actor, subject, reason)
    FROM (SELECT DISTINCT actor, subject, reason FROM audit_entry) AS a
    UNION ALL
    SELECT 'refund, as a reason', reason FROM (SELECT DISTINCT reason FROM refund WHERE reason IS NOT NULL) AS r
    UNION ALL
    SELECT 'action', concat_ws(' ', natural_key, event_id, reason, fields::text) FROM action
    UNION ALL
    SELECT 'outbox_event ' || event_id, payload::text FROM outbox_event
    UNION ALL
    SELECT 'outbox_delivery ' || event_id, payload::text FROM outbox_delivery
    UNION ALL
    SELECT 'outbox_parked ' || event_id, payload::text FROM outbox_parked
    UNION ALL
    SELECT format('idempotency_key %s of %s', key, client),
           encode(body, 'escape') || ' ' || coalesce(encode(outcome, 'escape'), '')
    FROM idempotency_key TABLESAMPLE SYSTEM (
        (SELECT least(100, 5000000 / greatest(reltuples, 1)) FROM pg_class WHERE oid = 'idempotency_key'::regclass)
    )
) AS texts
CROSS JOIN LATERAL (
    SELECT DISTINCT lower(word[1]) AS word FROM regexp_matches(texts.text, '[+0-9A-Za-z@._%-]{8,}', 'g') AS word
) AS words
JOIN (
    SELECT member_id, kind, lower(value) AS word FROM person_identity
    WHERE kind IN ('phone', 'email', 'card') AND length(value) >= 8 AND member_id BETWEEN $1 AND $2
    UNION SELECT member_id, 'account', lower(account) FROM payout_payee
    WHERE length(account) >= 8 AND member_id BETWEEN $1 AND $2
) AS known USING (word)
"""),
)
"""Whole words are compared, so that it costs one pass. Of more than 50,000 stored answers a random part is read,
another one each time. Ids of other systems and short cards are left out: a number of a few digits is found everywhere.
"""

FORGOTTEN: Final = Invariant(
    "I15",
    "Of an erased member, and of those merged into them, nothing is kept that says who they were.",
    Query("""
WITH RECURSIVE erased (member_id) AS (
    SELECT member_id FROM member WHERE status = 'erased'
    UNION SELECT m.member_id FROM erased AS e JOIN member AS m ON m.merged_into = e.member_id
)
SELECT kept.member_id, kept.place, 'nothing', format('%s rows', count(*))
FROM (
    SELECT member_id, 'person' AS place FROM person
    UNION ALL SELECT member_id, 'person_identity' FROM person_identity
    UNION ALL SELECT member_id, 'identity' FROM identity
    UNION ALL SELECT member_id, 'consent' FROM consent
    UNION ALL SELECT member_id, 'member_session' FROM member_session
    UNION ALL SELECT member_id, 'one_time_code' FROM one_time_code
    UNION ALL SELECT member_id, 'qr_use' FROM qr_use
    UNION ALL SELECT member_id, 'action_proof' FROM action_proof
    UNION ALL SELECT member_id, 'payout_payee' FROM payout_payee
    UNION ALL SELECT member_id, 'member_trace' FROM member_trace
) AS kept
JOIN erased USING (member_id)
WHERE kept.member_id BETWEEN $1 AND $2
GROUP BY kept.member_id, kept.place
"""),
)

FORFEITED: Final = Invariant(
    "I15",
    "An erased member has no points and no debt: the journal's entries forfeited them.",
    Query("""
SELECT b.member_id, 'balance of ' || b.wallet, 'remaining 0, debt 0',
       format('remaining %s, debt %s', b.remaining, b.debt)
FROM balances AS b JOIN members AS m USING (member_id)
WHERE m.status = 'erased' AND (b.remaining <> 0 OR b.debt <> 0)
"""),
)

INVARIANTS: Final = (COLUMNS, KNOWN_VALUES, FORGOTTEN, FORFEITED)
