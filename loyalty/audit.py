"""Who changed what, when and why.

An entry is written in the transaction of the change it records, and for good. It holds ids and codes alone; the values
before and after stand apart in ``audit_detail``, from where erasing a person removes them.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from loyalty.models import AuditDetail, AuditEntry


class AuditRecord(Struct, frozen=True):
    """An entry and its values; ``detail`` is None where there were none, and after they have been erased."""

    entry: AuditEntry
    detail: AuditDetail | None


class AuditFilter(Struct, frozen=True, kw_only=True):
    """What is asked of the audit log. Everything given must hold; the period is half open."""

    subject: str | None = None
    actor: str | None = None
    action: str | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None


async def record_change(
    session: WriteSession,
    *,
    actor: str,
    action: str,
    subject: str,
    before: object = None,
    after: object = None,
    reason: str | None = None,
    now: datetime,
) -> None:
    """Note that ``actor`` did ``action`` (``store.created``) to ``subject``, for the ``reason`` (a code, no free text).

    ``subject`` is a member's public id, or the kind and the id of anything else (``store:vera``). ``before`` and
    ``after`` are mappings or structs of what can be shown again, so no secrets; None where there is nothing.
    """
    entry = AuditEntry(at=now, actor=actor, action=action, subject=subject, reason=reason)
    session.add(entry)
    await session.flush()
    if before is not None or after is not None:
        values = {"before": msgspec.to_builtins(before), "after": msgspec.to_builtins(after)}
        session.add(AuditDetail(audit_id=entry.audit_id, **values))
        await session.flush()


async def list_changes(
    session: ReadSession, wanted: AuditFilter, *, below: int | None, limit: int
) -> Sequence[AuditRecord]:
    """The latest entries first, ``limit`` of those whose number is below ``below``."""
    statement = select(AuditEntry, AuditDetail).outerjoin(
        AuditDetail, col(AuditDetail.audit_id) == col(AuditEntry.audit_id)
    )
    if below is not None:
        statement = statement.where(col(AuditEntry.audit_id) < below)
    if wanted.subject is not None:
        statement = statement.where(col(AuditEntry.subject) == wanted.subject)
    if wanted.actor is not None:
        statement = statement.where(col(AuditEntry.actor) == wanted.actor)
    if wanted.action is not None:
        statement = statement.where(col(AuditEntry.action) == wanted.action)
    if wanted.from_at is not None:
        statement = statement.where(col(AuditEntry.at) >= wanted.from_at)
    if wanted.until_at is not None:
        statement = statement.where(col(AuditEntry.at) < wanted.until_at)
    rows = await session.exec(statement.order_by(col(AuditEntry.audit_id).desc()).limit(limit))
    return [AuditRecord(entry, detail) for entry, detail in rows]
