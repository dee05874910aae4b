"""I19: an invoice is as paid as its payments say, and pays for being paid in time once."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

PAID: Final = Invariant(
    "I19",
    "What is paid of an invoice is what its payments that stand add up to; a whole one was whole with the latest.",
    Query("""
SELECT i.member_id, format('invoice %s (%s)', i.invoice_no, i.state),
       format('%s, whole at %s', coalesce(p.paid_minor, 0), p.last_at), format('%s, %s', i.paid_minor, i.paid_at)
FROM invoice AS i
LEFT JOIN (
    SELECT member_id, invoice_no, sum(amount_minor) AS paid_minor, max(paid_at) AS last_at,
           array_agg(payment_no) AS payment_nos
    FROM invoice_payment WHERE member_id BETWEEN $1 AND $2 AND reversed_at IS NULL GROUP BY 1, 2
) AS p USING (member_id, invoice_no)
WHERE i.member_id BETWEEN $1 AND $2
  AND (i.paid_minor <> coalesce(p.paid_minor, 0)
       OR i.state = 'paid' AND (i.paid_at IS DISTINCT FROM p.last_at OR i.settled_by <> ALL (p.payment_nos)))
UNION ALL
SELECT p.member_id, format('payment %s of invoice %s', p.payment_no, p.invoice_no), 'an invoice that counts it', NULL
FROM invoice_payment AS p
WHERE p.member_id BETWEEN $1 AND $2 AND NOT EXISTS (
    SELECT FROM invoice i
    WHERE i.member_id = p.member_id AND i.invoice_no = p.invoice_no AND p.payment_no <= i.last_payment_no
)
"""),
)

ACTIONS: Final = Invariant(
    "I19",
    "What was paid for punctuality and stands is for an invoice that was paid in time, by the payment that made it so.",
    Query("""
SELECT a.member_id, format('action %s (%s)', a.action_no, a.natural_key), 'an invoice paid in time', i.state
FROM actions AS a
LEFT JOIN invoice AS i ON a.natural_key = format('invoice:%s:%s:%s', i.member_id, i.invoice_no, i.settled_by)
  AND i.member_id = split_part(a.natural_key, ':', 2)::bigint
  AND i.invoice_no = split_part(a.natural_key, ':', 3)::bigint
WHERE a.source = 'job:invoices' AND a.status = 'accepted' AND a.reversed_at IS NULL
  AND (i.punctual_run IS NULL OR i.punctual_run = 0
       OR i.punctual_run <> (a.fields ->> 'punctual_run')::bigint
       OR (i.paid_at AT TIME ZONE i.zone)::date > i.due_on)
"""),
)

KEYS: Final = Invariant(
    "I19",
    "Every invoice is registered under its source and number, and every number leads to its invoice.",
    Query("""
SELECT coalesce(i.member_id, k.member_id), format('%s of %s', coalesce(i.billing_number, k.billing_number),
       coalesce(i.source, k.source)), 'invoice ' || i.invoice_no, 'invoice ' || k.invoice_no
FROM (SELECT * FROM invoice WHERE member_id BETWEEN $1 AND $2) AS i
FULL JOIN (SELECT * FROM invoice_key WHERE member_id BETWEEN $1 AND $2) AS k USING (member_id, invoice_no)
WHERE (i.source, i.billing_number) IS DISTINCT FROM (k.source, k.billing_number)
"""),
)

INVARIANTS: Final = (PAID, ACTIONS, KEYS)
