"""JSON paths as problems name them: ``$.earn_rules[3].names.en``."""

import re
from collections.abc import Iterable
from typing import Final

_STEP: Final = re.compile(r"\[(\d+)\]|\.([^.\[\]]+)")


def steps_of(path: str) -> list[str | int]:
    """Names and places of ``path``, from the outermost."""
    return [int(place) if place else name for place, name in _STEP.findall(path)]


def path_of(steps: Iterable[str | int]) -> str:
    """The path of ``steps``."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
