"""A1: a closed month is what the ledger says of it, whenever it is asked."""

from typing import Final

from sqlmodel import col, select

from kernel.database import ReadSession, driver
from loyalty.accounting.roll_forward import Figures, roll_forwards
from loyalty.models import AccountingClose, AccountingFigure, AccountingPeriod
from loyalty.verification.invariant import Found, Invariant, Scope, Violation
from loyalty.verification.reading import Query

_CHAINED: Final = Query("""
SELECT NULL::bigint, 'month ' || month, 'from ' || before, 'from ' || starts_at
FROM (SELECT month, starts_at, lag(ends_at) OVER (ORDER BY month) AS before FROM accounting_period) AS months
WHERE starts_at <> before
UNION ALL
SELECT NULL, format('%s %s of store %s', f.month, f.wallet, f.store_id), coalesce(b.closing, 0)::text, f.opening::text
FROM accounting_figure AS f
JOIN accounting_period AS p USING (month)
JOIN accounting_period AS before ON before.ends_at = p.starts_at
LEFT JOIN accounting_figure AS b ON b.month = before.month AND b.wallet = f.wallet AND b.store_id = f.store_id
WHERE f.opening <> coalesce(b.closing, 0)
""")


async def _other_figures(session: ReadSession, _: Scope, /, *, examples: int) -> Found:
    closed = select(AccountingPeriod).where(col(AccountingPeriod.month).in_(select(AccountingClose.month)))
    periods = (await session.exec(closed.order_by(col(AccountingPeriod.ends_at)))).all()
    every = await roll_forwards(await driver(session), [period.ends_at for period in periods], by="store")
    differing = []
    for period, rows in zip(periods, every, strict=True):
        kept = {
            (row.wallet, row.store_id): Figures(**{name: getattr(row, name) for name in Figures.__struct_fields__})
            for row in await session.exec(select(AccountingFigure).where(col(AccountingFigure.month) == period.month))
        }
        found = {(row.wallet, row.group): row.points for row in rows}
        for key in sorted(kept.keys() | found.keys()):
            if kept.get(key) != found.get(key):
                what = f"{period.month} {key[0]} of store {key[1]}"
                differing.append(Violation(None, what, str(found.get(key)), str(kept.get(key))))
    return Found(len(differing), differing[:examples])


CLOSED: Final = Invariant(
    "A1",
    "The figures of a closed month are those that journal and lots give.",
    _other_figures,
    needs_all_members=True,
)

CHAINED: Final = Invariant(
    "A1",
    "A month begins where the one before ended, with what that closed with.",
    _CHAINED,
    needs_all_members=True,
)

INVARIANTS: Final = (CLOSED, CHAINED)
