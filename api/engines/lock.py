"""One launcher for one home at a time.

The lock is an flock on a file of the home: the system gives it back when its holder ends, however it ends, so a
crash leaves nothing to clean. It is not inherited by the engine, which may outlive its launcher.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.engines.errors import EngineError


class EngineBusyError(EngineError):
    """Another live process runs the engine of this home."""

    def __init__(self, home: Path, holder: str) -> None:
        super().__init__(
            f"{home} is in use by process {holder or '(unknown)'}: stop it, or choose another COMEBACK_DATA_DIR"
        )


@contextmanager
def exclusive_lock(home: Path) -> Iterator[None]:
    """Hold the home for as long as the block runs; raises EngineBusyError at once when somebody has it."""
    descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EngineBusyError(home, os.read(descriptor, 32).decode().strip()) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
