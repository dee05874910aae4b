"""An engine's log: appended to from start to start, one older file kept."""

from pathlib import Path
from typing import BinaryIO

_LARGEST_BYTES = 16 * 1024 * 1024


def open_log(log: Path) -> BinaryIO:
    """Open `log` for appending; a large one is first moved to `<name>.1`."""
    if log.exists() and log.stat().st_size > _LARGEST_BYTES:
        log.rename(log.with_suffix(".log.1"))
    return log.open("ab")


def last_lines(log: Path, *, since: int) -> str:
    """The end of what was written after the byte `since`: enough to say why a start failed."""
    with log.open("rb") as source:
        source.seek(since)
        return "\n".join(source.read().decode(errors="replace").splitlines()[-20:])
