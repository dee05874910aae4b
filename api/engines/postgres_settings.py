"""How the embedded PostgreSQL is configured. Given at every start, so a new release's settings reach old data."""

_ALWAYS = {
    # Reached only from this machine, and only with a password (see `postgres_birth`).
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Sized for a developer's machine or a small shop's: one database, a pool per process.
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    # Short statements repeated millions of times: compiling them costs more than it saves.
    "jit": "off",
    # A client that dies inside a transaction must not keep a member's row locked.
    "idle_in_transaction_session_timeout": "60s",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_min_duration_statement": "1s",
}

# Data that is thrown away anyway, as in tests: no waiting for the disk. A crash of the machine may lose everything;
# a crash of PostgreSQL alone loses at most the last commits.
_NOT_DURABLE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "128MB",
}


def postgres_settings(*, durable: bool) -> dict[str, str]:
    """The whole configuration, by PostgreSQL's own names."""
    return dict(_ALWAYS) if durable else _ALWAYS | _NOT_DURABLE
