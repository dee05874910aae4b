"""V1: a case is about somebody, and a decision that froze was an act on record."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

CASES: Final = Invariant(
    "V1",
    "Every case has its member, and every decision of one is in the audit log.",
    Query("""
SELECT c.member_id, 'case ' || c.case_id, 'a member', NULL
FROM review_case AS c
WHERE c.member_id BETWEEN $1 AND $2 AND NOT EXISTS (SELECT FROM member m WHERE m.member_id = c.member_id)
UNION ALL
SELECT c.member_id, 'case ' || c.case_id, 'an entry of the audit log', NULL
FROM review_case AS c
WHERE c.member_id BETWEEN $1 AND $2 AND c.state = 'closed' AND NOT EXISTS (
    SELECT FROM audit_entry a WHERE a.subject = 'case:' || c.case_id AND a.actor = c.decided_by
)
"""),
)

INVARIANTS: Final = (CASES,)
