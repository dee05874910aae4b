"""What the application's role may do. Applied after every migration, whole, so that it is right whatever was before.

The role reads and writes rows and nothing else: no TRUNCATE, no DDL. Tables that are append-only can only grow: a
bug, or somebody with the application's password, cannot rewrite the past.
"""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

APPEND_ONLY: Final = frozenset(
    {"journal", "lot_movement", "ledger_seal", "audit_entry", "programme_version", "shift_report", "tier_change"}
    | {"accounting_period", "accounting_close", "accounting_figure", "job_step", "job_payment"}
)
_NOT_OURS: Final = "alembic_version"


class SharedRoleError(Exception):
    """The application would connect as the schema's owner, and nothing could be append-only for it."""


async def grant(connection: AsyncConnection, *, app_role: str) -> None:
    """Give ``app_role`` exactly the rights above on everything in the schema. Needs the owner's connection.

    Raises ``SharedRoleError`` when ``app_role`` owns the tables itself or is a superuser.
    """
    shared = await connection.execute(_OWNS, {"role": app_role})
    if shared.scalar():
        raise SharedRoleError(f"{app_role} owns the schema: APP_DATABASE_URL needs a role of its own")
    role = await connection.scalar(text("SELECT quote_ident(:role)"), {"role": app_role})
    tables = (await connection.execute(_TABLES, {"not_ours": _NOT_OURS})).scalars().all()
    statements = [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT ON {_NOT_OURS} TO {role}",
        *(f"GRANT SELECT, INSERT ON {table} TO {role}" for table in tables),
        *(f"GRANT UPDATE, DELETE ON {table} TO {role}" for table in tables if table not in APPEND_ONLY),
    ]
    for statement in statements:
        await connection.execute(text(statement))


async def excess_rights(connection: AsyncConnection, *, app_role: str) -> list[tuple[str, str]]:
    """Append-only tables with a right that ``app_role`` has and must not have, as (table, right)."""
    rows = await connection.execute(_EXCESS, {"role": app_role, "tables": sorted(APPEND_ONLY)})
    return [(table, right) for table, right in rows]


_OWNS = text(
    """
SELECT rolsuper OR pg_has_role(rolname, current_user, 'MEMBER') FROM pg_roles WHERE rolname = :role
"""
)
_TABLES = text(
    """
SELECT quote_ident(relname) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> :not_ours
ORDER BY relname
"""
)
_EXCESS = text(
    """
SELECT t.name, r.name
FROM unnest(CAST(:tables AS text[])) AS t (name)
CROSS JOIN unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS r (name)
WHERE has_table_privilege(:role, format('public.%I', t.name), r.name)
ORDER BY t.name, r.name
"""
)
