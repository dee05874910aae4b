"""The server and the worker as child processes of `comeback up`."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from api.engines.child import start_child, stop_child
from kernel.settings import Settings

_START_SECONDS = 30
_STOP_SECONDS = 15


class ChildEndedError(Exception):
    """The server or the worker ended although nobody asked it to; its log says why."""

    def __init__(self, command: str, status: int | None) -> None:
        super().__init__(f"comeback {command} ended by itself (status {status})")


Children = Mapping[str, subprocess.Popen[bytes]]


@contextmanager
def server_and_worker(settings: Settings) -> Iterator[Children]:
    """Run `comeback serve` and `comeback worker` with these settings; the server is stopped first.

    They log to our standard output. They stop with us even when we are killed (on Linux).
    """
    environment = os.environ | _as_environment(settings)
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for command, *options in (("worker",), ("serve", "--workers", "1")):
            arguments = [sys.executable, "-m", "api.cli", command, *options]
            children[command] = start_child(arguments, environment=environment)
        yield children
    finally:
        for child in reversed(children.values()):
            stop_child(child, signal.SIGTERM, patience_seconds=_STOP_SECONDS)


def wait_until_ready(settings: Settings, children: Children) -> None:
    """Return when the service says that it can work; raises ChildEndedError or TimeoutError."""
    deadline = time.monotonic() + _START_SECONDS
    while not _is_ready(settings):
        refuse_ended(children)
        if time.monotonic() > deadline:
            raise TimeoutError(f"the service was not ready within {_START_SECONDS} s")
        time.sleep(0.05)


def refuse_ended(children: Children) -> None:
    """Raises ChildEndedError when one of them runs no more."""
    for command, child in children.items():
        if child.poll() is not None:
            raise ChildEndedError(command, child.returncode)


def _is_ready(settings: Settings) -> bool:
    """The internal port says that the database answers, and the public one takes connections."""
    host = _reached(settings)
    try:
        with urllib.request.urlopen(f"http://{host}:{settings.internal_port}/readyz", timeout=2) as answer:
            ready = bool(answer.status == 200)
        with socket.create_connection((host, settings.port), timeout=2):
            return ready
    except OSError:  # Not listening yet, or not ready: urllib raises an answer of 503.
        return False


def _reached(settings: Settings) -> str:
    """The address at which we reach what listens on `settings.host`."""
    return "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104 - compared, not listened on


def _as_environment(settings: Settings) -> dict[str, str]:
    """What `up` decided, by the names that the children read; everything else they read from our environment."""
    secrets = {
        "DATABASE_URL": settings.database_url,
        "APP_DATABASE_URL": settings.app_database_url,
        "REDIS_URL": settings.redis_url,
    }
    return {name: secret.get_secret_value() for name, secret in secrets.items() if secret is not None} | {
        "COMEBACK_PORT": str(settings.port),
        "COMEBACK_INTERNAL_PORT": str(settings.internal_port),
        "COMEBACK_DEVELOPMENT": str(settings.development),
    }
