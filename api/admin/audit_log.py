"""Who changed what, when and why."""

from datetime import datetime
from typing import Any

from litestar import get
from msgspec import Struct

from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, number_position
from api.dependencies import ServicesOf
from api.documented import refusals
from api.parameters import FromInQuery, InstantInQuery, TextInQuery, as_utc
from api.security.permissions import Permission, requires_permission
from loyalty.audit import AuditFilter, AuditRecord, list_changes


class AuditEntryView(Struct, frozen=True, kw_only=True):
    """One change. ``before`` and ``after`` are null where there were no values, and once they have been erased."""

    audit_id: int
    at: datetime
    actor: str
    """``staff:<id>``, ``member``, ``terminal:<id>`` or ``system:<key id>``."""
    action: str
    """``store.created``, ``member.erased``, ...; may grow."""
    subject: str
    """A member's public id, or the kind and the id of anything else: ``store:vera``."""
    reason: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditPage(Struct, frozen=True, kw_only=True):
    """The latest first. ``next`` is the cursor of the next page; null on the last."""

    entries: list[AuditEntryView]
    next: str | None


@get(
    "/v1/admin/audit-entries",
    operation_id="listAuditEntries",
    summary="The audit log",
    description="By subject, actor, action and time; everything given must hold. `until` is exclusive.",
    tags=["Staff: audit"],
    guards=[requires_permission(Permission.AUDIT_READ)],
    responses=refusals(401, 403),
)
async def list_audit_entries(
    services: ServicesOf,
    subject: TextInQuery = None,
    actor: TextInQuery = None,
    action: TextInQuery = None,
    from_at: FromInQuery = None,
    until: InstantInQuery = None,
    cursor: PageCursor = None,
    limit: PageLimit = DEFAULT_PER_PAGE,
) -> AuditPage:
    wanted = AuditFilter(
        subject=subject,
        actor=actor,
        action=action,
        from_at=as_utc(from_at, "from"),
        until_at=as_utc(until, "until"),
    )
    async with services.database.read() as session:
        rows = await list_changes(session, wanted, below=number_position(cursor), limit=limit + 1)
    page, following = cut(rows, limit, lambda record: record.entry.audit_id)
    return AuditPage(entries=[_view(record) for record in page], next=following)


def _view(record: AuditRecord) -> AuditEntryView:
    entry, detail = record.entry, record.detail
    return AuditEntryView(
        audit_id=entry.audit_id,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        reason=entry.reason,
        before=detail.before if detail else None,
        after=detail.after if detail else None,
    )
