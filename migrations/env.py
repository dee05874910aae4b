"""What Alembic runs. The connection is always handed in (``migrations.running``): there is no ``alembic.ini``."""

from alembic import context

from migrations.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    compare_type=True,
    compare_server_default=True,
    # The caller's transaction spans all revisions and the grants: a migration is applied whole or not at all.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
