"""`comeback serve` as its own process, as it is run in production."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from api.cli.processes import wait_until_ready
from api.cli.serve import Server
from api.engines.child import start_child, stop_child
from bench.stand import Stand
from kernel.settings import Settings


@contextmanager
def serving(stand: Stand, *, server: Server, workers: int = 1) -> Iterator[subprocess.Popen[bytes]]:
    """Run the server until the block ends; it is ready when the block begins."""
    command = [sys.executable, "-m", "api.cli", "serve", "--server", server.value, "--workers", str(workers)]
    child = start_child(command, environment=os.environ | _environment(stand.settings))
    try:
        wait_until_ready(stand.settings, {"serve": child})
        yield child
    finally:
        stop_child(child, signal.SIGTERM, patience_seconds=15)


def _environment(settings: Settings) -> dict[str, str]:
    assert settings.app_database_url is not None, "the stand has a database"
    assert settings.redis_url is not None, "the stand has a cache"
    return {
        "APP_DATABASE_URL": settings.app_database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "COMEBACK_DATA_DIR": str(settings.data_dir),
        "COMEBACK_PORT": str(settings.port),
        "COMEBACK_INTERNAL_PORT": str(settings.internal_port),
        "COMEBACK_LOG_LEVEL": settings.log_level,
    }
