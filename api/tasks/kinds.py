"""Every kind of task on one page, and what does it."""

from collections.abc import Mapping
from typing import Final

from api.tasks.working import Run

KINDS: Final[Mapping[str, Run]] = {}
