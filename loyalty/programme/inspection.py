"""Everything that is wrong with a programme written as YAML, each with its line and column, in one look."""

import asyncio
from typing import Final

from msgspec.structs import replace

from loyalty.programme.decoding import broken_yaml
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import ProgrammeProblem
from loyalty.programme.salvage import Salvaged
from loyalty.programme.validation import validate
from loyalty.programme.yaml import YamlUnreadableError, read_yaml
from loyalty.programme.yaml_places import YamlPlaces

_FOLLOWS: Final = {"unknown_wallet": "$.wallets", "unknown_tier": "$.tiers", "unknown_segment": "$.segments"}
"""Naming what stands in a list of which a part could not be read is no mistake of its own."""


def inspect_yaml(text: str) -> list[ProgrammeProblem]:
    """All problems of the document in ``text`` in the order of their lines: of the YAML, of its parts, of its meaning.

    Where a part cannot be read the rest is looked at without it.
    """
    try:
        source = read_yaml(text)
    except YamlUnreadableError as broken:
        return [broken_yaml(broken)]
    salvaged = Salvaged(source, ProgrammeDocument)
    problems = salvaged.problems
    if salvaged.value is not None:
        meant = validate(salvaged.value)
        if problems:
            unread = tuple(problem.path for problem in problems)
            meant = [
                replace(problem, path=salvaged.original_path(problem.path))
                for problem in meant
                if not any(path.startswith(_FOLLOWS.get(problem.code, "nowhere")) for path in unread)
            ]
        problems = [*problems, *meant]
    places = YamlPlaces(text)
    return sorted((places.placed(problem) for problem in problems), key=lambda each: (each.line, each.column))


async def problems_of_yaml(text: str) -> list[ProgrammeProblem]:
    """The same, found in a thread: a long document takes seconds in which tills are served."""
    return await asyncio.to_thread(inspect_yaml, text)
