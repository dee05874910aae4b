"""Where in a YAML text something stands: JSON paths and places inside conditions as lines and columns of the text."""

from typing import Final

import yaml
from msgspec.structs import replace

from loyalty.programme.paths import steps_of
from loyalty.programme.problems import ProgrammeProblem
from loyalty.programme.yaml import compose_yaml

_BLOCKS: Final = "|>"


class YamlPlaces:
    """The places of one text, which ``read_yaml`` has read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._root = compose_yaml(text)

    def placed(self, problem: ProgrammeProblem) -> ProgrammeProblem:
        """``problem`` with the line and column of the text. What is missing is placed where it is missed."""
        node, key = self._find(problem.path)
        if problem.line and isinstance(node, yaml.ScalarNode):
            line, column = self._inside(node, problem.line, problem.column)
        else:
            mark = (key or node).start_mark if node else None
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return replace(problem, line=line, column=column)

    def _find(self, path: str) -> tuple[yaml.Node | None, yaml.Node | None]:
        """The innermost node on ``path``, with its key where it is a structure: for a reader that begins at its key."""
        node, key = self._root, None
        for step in steps_of(path):
            if isinstance(node, yaml.MappingNode):
                found = next((pair for pair in node.value if pair[0].value == step), None)
                if found is None:
                    return node, key
                key, node = found
                key = None if isinstance(node, yaml.ScalarNode) else key
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node, key = node.value[step], None
            else:
                return node, key
        return node, key

    def _inside(self, node: yaml.ScalarNode, line: int, column: int) -> tuple[int, int]:
        """The place in the text of a place in the scalar's value, however it is quoted, folded or indented."""
        lines = str(node.value).split("\n")
        offset = sum(len(before) + 1 for before in lines[: line - 1]) + max(column - 1, 0)
        at = self._begin(node)
        reached = at
        for character in str(node.value)[: offset + 1]:
            if character.isspace():
                continue
            found = self._text.find(character, at, node.end_mark.index)
            if found < 0:
                break
            reached, at = found, found + 1
        before = self._text.rfind("\n", 0, reached)
        return self._text.count("\n", 0, reached) + 1, reached - before

    def _begin(self, node: yaml.ScalarNode) -> int:
        start: int = node.start_mark.index
        if node.style is not None and node.style in _BLOCKS:
            return self._text.index("\n", start) + 1
        return start + 1 if node.style else start
