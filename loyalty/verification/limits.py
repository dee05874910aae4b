"""I11: counters of caps and budgets are folds of what was paid, less what was given back, and stay within limits."""

from typing import Final

from kernel.database import ReadSession, driver
from loyalty.budgets import BUDGET_SLICES
from loyalty.earning.refunding import kept_after
from loyalty.programme.publishing import refresh
from loyalty.programme.versions import PublishedProgrammes
from loyalty.refunds.original import load_original
from loyalty.verification.invariant import Found, Invariant, Scope
from loyalty.verification.reading import Query

_REFUNDED: Final = """
SELECT p.member_id, p.purchase_no FROM purchase AS p
WHERE p.member_id BETWEEN $1 AND $2 AND p.evaluation ? 'fired'
  AND EXISTS (SELECT FROM refund AS r WHERE r.member_id = p.member_id AND r.purchase_no = p.purchase_no)
ORDER BY 1, 2
"""
_PAID: Final = """
SELECT p.member_id, p.programme_version AS version, (p.evaluation -> 'purchase' ->> 'local_date')::date AS day,
       paid ->> 0 AS rule, (paid ->> 1)::bigint - coalesce(back.points, 0) AS points
FROM purchases AS p
CROSS JOIN jsonb_array_elements(p.evaluation -> 'fired') AS paid
LEFT JOIN unnest($6::bigint[], $7::bigint[], $8::text[], $9::bigint[]) AS back (member_id, purchase_no, rule, points)
  ON back.member_id = p.member_id AND back.purchase_no = p.purchase_no AND back.rule = paid ->> 0
UNION ALL
SELECT member_id, programme_version, local_date, paid ->> 0, (paid ->> 1)::bigint
FROM actions CROSS JOIN jsonb_array_elements(evaluation -> 'fired') AS paid
WHERE reversed_at IS NULL
UNION ALL
SELECT member_id, programme_version, local_date, 'action:' || type, 1
FROM actions WHERE status IN ('accepted', 'waiting')
"""
"""What counts against limits: points that rules paid, and once each action, under a name of its own."""
_RULES: Final = """
SELECT v.version, r ->> 'code' AS rule, r -> 'caps' AS caps, (r ->> 'budget_points')::bigint AS budget_points
FROM programme_version AS v,
     jsonb_array_elements((v.document -> 'earn_rules') || coalesce(v.document -> 'action_rules', '[]')) AS r
UNION ALL
SELECT v.version, 'action:' || (a ->> 'code'), a -> 'limits', NULL
FROM programme_version AS v, jsonb_array_elements(coalesce(v.document -> 'actions', '[]')) AS a
"""
_CAPS: Final = f"""
SELECT r.version, r.rule, cap.key AS period, cap.value::bigint AS points
FROM ({_RULES}) AS r, jsonb_each_text(r.caps) AS cap
WHERE cap.value IS NOT NULL
"""  # noqa: S608 - put together from the constants above
_COUNTERS: Final = """
SELECT member_id, rule, period, period_key, points::bigint AS used
FROM cap_counter, jsonb_each_text(used) AS counted (rule, points)
"""
_CAP_FOLDS: Final = Query(f"""
SELECT member_id, format('%s a %s, %s', rule, period, period_key), coalesce(f.points, 0)::text,
       coalesce(c.used, 0)::text
FROM (
    SELECT paid.member_id, paid.rule, caps.period, sum(paid.points) AS points,
           CASE caps.period WHEN 'day' THEN to_char(paid.day, 'YYYY-MM-DD')
                            WHEN 'week' THEN to_char(date_trunc('week', paid.day), 'YYYY-MM-DD')
                            WHEN 'month' THEN to_char(paid.day, 'YYYY-MM-01') ELSE 'ever' END AS period_key
    FROM ({_PAID}) AS paid JOIN ({_CAPS}) AS caps USING (version, rule)
    GROUP BY 1, 2, 3, 5
) AS f
FULL JOIN ({_COUNTERS} WHERE member_id BETWEEN $1 AND $2) AS c USING (member_id, rule, period, period_key)
WHERE coalesce(f.points, 0) <> coalesce(c.used, 0)
  AND NOT EXISTS (SELECT FROM merged AS m WHERE m.member_id = coalesce(f.member_id, c.member_id))
""")  # noqa: S608 - put together from the constants above
_BUDGET_FOLDS: Final = Query(f"""
SELECT NULL::bigint, format('budget of %s, slice %s', rule, slice_no), coalesce(f.points, 0)::text,
       coalesce(b.used, 0)::text
FROM (
    SELECT paid.rule, paid.member_id % {BUDGET_SLICES} AS slice_no, sum(paid.points) AS points
    FROM ({_PAID}) AS paid
    JOIN (SELECT version, rule FROM ({_RULES}) AS r WHERE budget_points IS NOT NULL) AS budgets USING (version, rule)
    GROUP BY 1, 2
) AS f
FULL JOIN budget_slice AS b USING (rule, slice_no)
WHERE coalesce(f.points, 0) <> coalesce(b.used, 0)
""")  # noqa: S608 - put together from the constants above


async def _wrong_counters(session: ReadSession, scope: Scope, /, *, examples: int) -> Found:
    given_back = await _given_back(session, scope)
    caps = await _CAP_FOLDS(session, scope, *given_back, examples=examples)
    if not scope.is_whole:
        return caps
    budgets = await _BUDGET_FOLDS(session, scope, *given_back, examples=examples)
    return Found(caps.total + budgets.total, [*caps.examples, *budgets.examples][:examples])


async def _given_back(session: ReadSession, scope: Scope) -> tuple[list[int], list[int], list[str], list[int]]:
    """What refunds returned to limits, as columns: member, purchase, rule, points.

    Refunds do not write that down: it follows from the sale's frozen facts and from what came back, in its order.
    """
    connection = await driver(session)
    refunded = await connection.fetch(_REFUNDED, scope.first_member, scope.last_member)
    programmes = PublishedProgrammes()
    if refunded:
        await refresh(session, programmes)
    rows: list[tuple[int, int, str, int]] = []
    for key in refunded:
        original = await load_original(connection, *key)
        programme = programmes.version(original.programme_version) if original else None
        if original is None or original.evaluation is None or programme is None:
            continue
        kept = kept_after(original.evaluation, original.lines, original.states, programme).rule_points
        rows += [(*key, paid.rule, paid.points - kept.get(paid.rule, 0)) for paid in original.evaluation.fired]
    member_ids, purchase_nos, rules, points = (list(column) for column in zip(*rows, strict=True)) if rows else [[]] * 4
    return member_ids, purchase_nos, rules, points


COUNTERS: Final = Invariant(
    "I11",
    "What was used of a cap or a budget is what purchases and actions were paid under it, less what was given back.",
    _wrong_counters,
)

CAPS: Final = Invariant(
    "I11",
    "No member has had more of a rule, or of an action, in a period than its limit, the highest of all versions.",
    Query(f"""
SELECT c.member_id, format('%s a %s, %s', c.rule, c.period, c.period_key), 'at most ' || caps.points, c.used::text
FROM ({_COUNTERS} WHERE member_id BETWEEN $1 AND $2) AS c
JOIN (SELECT rule, period, max(points) AS points FROM ({_CAPS}) AS every GROUP BY 1, 2) AS caps USING (rule, period)
WHERE c.used > caps.points
  AND NOT EXISTS (SELECT FROM merged AS m WHERE m.member_id = c.member_id)
"""),  # noqa: S608 - put together from the constants above
)

BUDGETS: Final = Invariant(
    "I11",
    "The slices of a budget together allow no more than the budget, the highest of all versions.",
    Query(f"""
SELECT NULL::bigint, 'budget of ' || rule, 'at most ' || coalesce(budgets.points, 0), slices.allowance::text
FROM (SELECT rule, sum(allowance) AS allowance FROM budget_slice GROUP BY 1) AS slices
LEFT JOIN (SELECT rule, max(budget_points) AS points FROM ({_RULES}) AS r GROUP BY 1) AS budgets USING (rule)
WHERE slices.allowance > coalesce(budgets.points, 0)
"""),  # noqa: S608 - put together from the constants above
)

INVARIANTS: Final = (COUNTERS, CAPS, BUDGETS)
