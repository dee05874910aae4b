"""I12: the past cannot be rewritten by the application, and was not rewritten by anybody."""

import hashlib
from typing import Final

import msgspec
from sqlmodel import col, select

from kernel.database import ReadSession
from loyalty.ledger.seals import broken_seals
from loyalty.models import ProgrammeVersion
from loyalty.verification.invariant import Found, Invariant, Scope, Violation, collect
from loyalty.verification.reading import Query

APPEND_ONLY_TABLES: Final = (
    "journal",
    "lot_movement",
    "ledger_seal",
    "audit_entry",
    "programme_version",
    "shift_report",
    "accounting_period",
    "accounting_close",
    "accounting_figure",
    "tier_change",
    "job_step",
    "job_payment",
)

_RIGHTS: Final = Query("""
SELECT NULL::bigint, 'role ' || current_user, 'can read and insert', format('can %s %s', r.name, t.name)
FROM unnest($6::text[]) AS t (name)
CROSS JOIN unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS r (name)
WHERE has_table_privilege(format('public.%I', t.name), r.name)
   OR (r.name = 'UPDATE' AND has_any_column_privilege(format('public.%I', t.name), r.name))
""")


async def _rights_too_many(session: ReadSession, scope: Scope, /, *, examples: int) -> Found:
    return await _RIGHTS(session, scope, APPEND_ONLY_TABLES, examples=examples)


async def _broken_seals(session: ReadSession, scope: Scope, /, *, examples: int) -> Found:
    seals = broken_seals(session, first_member=scope.first_member, last_member=scope.last_member)
    broken = (
        Violation(seal.member_id, f"seal up to entry {seal.entry_no}", "the digest of its entries", "another digest")
        async for seal in seals
    )
    return await collect(broken, examples=examples)


async def _altered_versions(session: ReadSession, _: Scope, /, *, examples: int) -> Found:
    altered = []
    for row in await session.exec(select(ProgrammeVersion).order_by(col(ProgrammeVersion.version))):
        digest = hashlib.sha256(msgspec.json.encode(row.document, order="deterministic")).digest()
        if digest != row.digest:
            altered.append(Violation(None, f"programme version {row.version}", row.digest.hex(), digest.hex()))
    return Found(len(altered), altered[:examples])


RIGHTS: Final = Invariant(
    "I12",
    "The role that asks this, which is the application's, cannot change what is append-only.",
    _rights_too_many,
)

SEALS: Final = Invariant("I12", "The journal is what was sealed.", _broken_seals)

VERSIONS: Final = Invariant("I12", "Every programme version is the document that was published.", _altered_versions)

INVARIANTS: Final = (RIGHTS, VERSIONS, SEALS)
