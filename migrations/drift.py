"""Whether the revisions build what the models describe, down to what Alembic does not compare.

The models are created in a schema that is rolled back, and PostgreSQL's catalogue is read for both: columns with
types and defaults, constraints, indexes with their predicates, storage parameters.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from migrations.tables import METADATA

_MODELS = "comeback_models"


async def differences(connection: AsyncConnection) -> list[str]:
    """Lines ``only in the models: ...`` and ``only in the database: ...``; none when they agree."""
    transaction = await connection.begin_nested() if connection.in_transaction() else await connection.begin()
    try:
        migrated = await _facts(connection, "public")
        await connection.execute(text(f"CREATE SCHEMA {_MODELS}"))
        await connection.execute(text(f"SET LOCAL search_path = {_MODELS}"))
        await connection.run_sync(METADATA.create_all, checkfirst=False)
        described = await _facts(connection, _MODELS)
    finally:
        await transaction.rollback()
    return [f"only in the models: {fact}" for fact in sorted(described - migrated)] + [
        f"only in the database: {fact}" for fact in sorted(migrated - described)
    ]


async def _facts(connection: AsyncConnection, schema: str) -> set[str]:
    await connection.execute(text(f"SET LOCAL search_path = {schema}"))
    return set((await connection.execute(_FACTS, {"schema": schema})).scalars())


_FACTS = text(
    """
WITH ours AS (
    SELECT oid, relname, reloptions FROM pg_class
    WHERE relnamespace = CAST(:schema AS regnamespace) AND relkind IN ('r', 'p') AND relname <> 'alembic_version'
)
SELECT format('column %s.%s %s%s%s%s', relname, attname, format_type(atttypid, atttypmod),
              CASE WHEN attnotnull THEN ' not null' ELSE '' END,
              coalesce(' default ' || pg_get_expr(adbin, adrelid), ''),
              CASE attidentity WHEN '' THEN '' ELSE ' identity ' || attidentity::text END)
FROM ours JOIN pg_attribute ON attrelid = ours.oid AND attnum > 0 AND NOT attisdropped
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
UNION ALL
SELECT format('constraint %s on %s %s', conname, relname, pg_get_constraintdef(pg_constraint.oid))
FROM ours JOIN pg_constraint ON conrelid = ours.oid
UNION ALL
SELECT format('index %s', replace(pg_get_indexdef(indexrelid), :schema || '.', ''))
FROM ours JOIN pg_index ON indrelid = ours.oid
UNION ALL
SELECT format('storage of %s %s', relname, (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(reloptions) AS o))
FROM ours WHERE reloptions IS NOT NULL
UNION ALL
SELECT format('table %s', relname) FROM ours
"""
)
