"""Reading YAML strictly: what is written is what is meant.

YAML 1.1 as PyYAML reads it turns ``no`` (Norwegian) into false, ``12:30`` into 750, ``1.5`` into a binary float and a
repeated key into silence. Here only ``true``, ``false``, ``null`` and whole decimal numbers (to 100 digits) are not
text, a repeated key is refused, and so are tags, and anchors, with which a small file can stand for a huge one.
"""

import re
from typing import Any

import yaml

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 32


class YamlUnreadableError(ValueError):
    """Not the YAML that is read here. ``line`` and ``column`` start at 1; 0 where there is no place."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def _place(mark: Any) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


class _StrictLoader(yaml.SafeLoader):
    """PyYAML's safe loader with fewer meanings."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # the base class declares it so


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"true|false", "tf"),
    ("tag:yaml.org,2002:null", r"null|~|", ["n", "~", ""]),
    ("tag:yaml.org,2002:int", r"-?(0|[1-9][0-9]{0,99})", "-0123456789"),
):
    _StrictLoader.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), list(_first))


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise YamlUnreadableError(f"the key {key!r} is no text", *_place(key_node.start_mark))
        if key in result:
            raise YamlUnreadableError(f"the key {key!r} is repeated", *_place(key_node.start_mark))
        result[key] = loader.construct_object(value_node, deep=True)
    return result


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_yaml(text: str) -> Any:
    """The one document in ``text`` as dicts, lists, text, int, bool and None. Raises ``YamlUnreadableError``."""
    if len(text) > MAX_CHARACTERS:
        raise YamlUnreadableError(f"is longer than {MAX_CHARACTERS} characters")
    try:
        _refuse_traps(text)
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a safe loader with fewer meanings
    except yaml.MarkedYAMLError as broken:
        raise YamlUnreadableError(broken.problem or "is no YAML", *_place(broken.problem_mark)) from None
    except yaml.YAMLError as broken:
        raise YamlUnreadableError("is no YAML") from broken


def compose_yaml(text: str) -> yaml.Node | None:
    """The nodes of a text that ``read_yaml`` has read, with their places; None for an empty one."""
    loader = _StrictLoader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _refuse_traps(text: str) -> None:
    # The reader's time grows with the square of the depth, so depth is counted before anything is built.
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if getattr(event, "anchor", None):
            raise YamlUnreadableError("anchors and aliases are not read", *_place(event.start_mark))
        if getattr(event, "tag", None):
            raise YamlUnreadableError("tags are not read", *_place(event.start_mark))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise YamlUnreadableError(f"is nested deeper than {MAX_DEPTH}", *_place(event.start_mark))
