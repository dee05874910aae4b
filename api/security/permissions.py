"""What each role of staff may do, and the guard that asks.

A permission is ``<subject>:<act>``. A person with several roles may do what any of them may.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from api.callers import StaffCaller
from kernel.errors import ForbiddenError


class Permission(StrEnum):
    """Everything that a person of staff may be allowed."""

    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    MEMBERS_PERSONAL = "members:personal"
    """Names, birthdays, phones and e-mails in clear; masked for everybody else."""
    POINTS_ADJUST = "points:adjust"
    POINTS_ADJUST_MORE = "points:adjust-more"
    """Approving what is beyond the limit of who asks."""
    MEMBERS_MERGE = "members:merge"
    MEMBERS_ERASE = "members:erase"
    ACTIONS_MODERATE = "actions:moderate"
    """Look at what shows that an action was done, decide, and take back what was wrong."""
    ACTIONS_REPORT = "actions:report"
    """Say that a member has done something."""
    STORES_READ = "stores:read"
    STORES_WRITE = "stores:write"
    TERMINAL_KEYS = "terminals:keys"
    CASHIERS_WRITE = "cashiers:write"
    CATALOGUE_WRITE = "catalogue:write"
    PROGRAMME_READ = "programme:read"
    PROGRAMME_DRAFT = "programme:draft"
    PROGRAMME_PUBLISH = "programme:publish"
    SEGMENTS_WRITE = "segments:write"
    APPROVALS_READ = "approvals:read"
    APPROVALS_DECIDE = "approvals:decide"
    """Allowing what somebody else asked for, together with the permission that its kind needs."""
    TASKS_CANCEL = "tasks:cancel"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    """Preparing one, up to its preview."""
    JOBS_APPLY = "jobs:apply"
    REPORTS_READ = "reports:read"
    ACCOUNTING_CLOSE = "accounting:close"
    REDEMPTIONS_READ = "redemptions:read"
    REDEMPTIONS_END = "redemptions:end"
    """Handing over what was issued, or taking it back."""
    PAYOUTS_REQUEST = "payouts:request"
    """Asking for a payout on a member's behalf."""
    PAYOUTS_READ = "payouts:read"
    PAYOUTS_DECIDE = "payouts:decide"
    PAYOUTS_SETTLE = "payouts:settle"
    """Exporting approved payouts, with their accounts in clear, and saying what became of them."""
    REWARDS_GRANT = "rewards:grant"
    """Giving a member a reward for nothing."""
    COUPONS_WRITE = "coupons:write"
    CASES_READ = "cases:read"
    CASES_DECIDE = "cases:decide"
    METRICS_READ = "metrics:read"
    AUDIT_READ = "audit:read"
    STAFF_WRITE = "staff:write"
    SYSTEM_KEYS = "systems:keys"
    IMPORTS_WRITE = "imports:write"
    """Moving in members and points of another system, as many as its files say."""
    DEVELOPMENT = "development:read"


_READERS: Final = frozenset({Permission.STORES_READ, Permission.PROGRAMME_READ, Permission.METRICS_READ})

PERMISSIONS: Final[dict[str, frozenset[Permission]]] = {
    "owner": frozenset(Permission),
    "manager": frozenset(Permission)
    - {Permission.STAFF_WRITE, Permission.SYSTEM_KEYS, Permission.IMPORTS_WRITE, Permission.DEVELOPMENT},
    "marketer": _READERS
    | {
        Permission.PROGRAMME_DRAFT,
        Permission.CATALOGUE_WRITE,
        Permission.COUPONS_WRITE,
        Permission.REPORTS_READ,
        Permission.SEGMENTS_WRITE,
        Permission.APPROVALS_READ,
        Permission.TASKS_CANCEL,
        Permission.JOBS_READ,
        Permission.JOBS_WRITE,
    },
    "support": _READERS
    | {
        Permission.MEMBERS_READ,
        Permission.MEMBERS_WRITE,
        Permission.POINTS_ADJUST,
        Permission.MEMBERS_MERGE,
        Permission.REDEMPTIONS_READ,
        Permission.REDEMPTIONS_END,
        Permission.PAYOUTS_REQUEST,
        Permission.PAYOUTS_READ,
        Permission.CASES_READ,
        Permission.CASES_DECIDE,
        Permission.ACTIONS_MODERATE,
        Permission.ACTIONS_REPORT,
    }
    | {Permission.APPROVALS_READ},
    "analyst": _READERS | {Permission.REPORTS_READ},
    "finance": _READERS
    | {
        Permission.REPORTS_READ,
        Permission.ACCOUNTING_CLOSE,
        Permission.PAYOUTS_READ,
        Permission.PAYOUTS_DECIDE,
        Permission.PAYOUTS_SETTLE,
    },
}


class PermissionMissingError(ForbiddenError):
    """None of the caller's roles has the ``permission``."""

    code = "permission_missing"
    title = "Your roles do not allow this."


def has_permission(caller: StaffCaller, permission: Permission) -> bool:
    """Whether any of the caller's roles has it."""
    return any(permission in PERMISSIONS.get(role, ()) for role in caller.roles)


def roles_with(caller: StaffCaller, permission: Permission) -> list[str]:
    """Those of the caller's roles that have it."""
    return [role for role in caller.roles if permission in PERMISSIONS.get(role, ())]


@dataclass(frozen=True)
class PermissionGuard:
    """Lets a person pass whose roles have the ``permission``."""

    permission: Permission

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        staff: StaffCaller = connection.scope["user"]
        if not has_permission(staff, self.permission):
            raise PermissionMissingError(permission=self.permission.value)


def requires_permission(permission: Permission) -> PermissionGuard:
    """A guard for staff's routes."""
    return PermissionGuard(permission)
