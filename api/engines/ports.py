"""Which port an embedded engine listens on: the one it had before if it is free, else any free one."""

import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"


def choose_port(home: Path) -> int:
    """A port of 127.0.0.1 that is free now; nothing holds it until the engine does, so starting may still fail."""
    try:
        remembered = int((home / "port").read_text())
    except (FileNotFoundError, ValueError):
        remembered = 0
    return remembered if remembered and _is_free(remembered) else _any_free_port()


def remember_port(home: Path, port: int) -> None:
    """Keep the port that worked, so that a bookmarked address is still right after a restart."""
    (home / "port").write_text(f"{port}\n")


def free_port_near(wanted: int, *, but_not: int | None = None) -> int:
    """`wanted` if it is free, else the next that is, within a hundred; any free one after that."""
    for port in range(wanted, min(wanted + 100, 65_536)):
        if port != but_not and _is_free(port):
            return port
    return _any_free_port()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Without this, a port left in TIME_WAIT by the last run would look taken; the engines set it too.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
