"""A data directory that is gone afterwards, for tests and benchmarks."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch_data_dir() -> Iterator[Path]:
    """An empty directory that embedded engines can use even when root starts them, removed with its contents.

    The engine, which is then another user, has to pass through it; pytest's `tmp_path` lets nobody else in.
    """
    directory = Path(tempfile.mkdtemp(prefix="comeback-"))
    try:
        directory.chmod(0o711)
        yield directory
    finally:
        shutil.rmtree(directory)
