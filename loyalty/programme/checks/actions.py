"""Action types."""

import re

from loyalty.programme.action_facts import FIELD_TYPES, OWN_NAMES
from loyalty.programme.action_kinds import KINDS, fields_of
from loyalty.programme.actions import PROOFS, ActionField, ActionType
from loyalty.programme.checks.names import check_codes, check_known, check_names
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import Problems, ProgrammeProblem
from loyalty.programme.rules import CAP_PERIODS

MAX_CODE_CHARACTERS = 48
"""Of an action type: its counters are kept under the code with a prefix."""
MAX_HOURS = 24 * 366
MAX_LATE_DAYS = 366
MAX_FIELDS = 32
_FIELD_CODE = re.compile(r"[a-z][a-z0-9_]{0,31}")
_RESERVED = frozenset({"in", "true", "false", "null"})
"""Words of CEL that cannot follow a dot."""


def check_actions(document: ProgrammeDocument) -> Problems:
    """Every action type, and the instants that are accepted."""
    yield from check_codes([action.code for action in document.actions], "$.actions")
    for place, action in enumerate(document.actions):
        path = f"$.actions[{place}]"
        if len(action.code) > MAX_CODE_CHARACTERS:
            yield ProgrammeProblem(f"{path}.code", "text_too_long", f"is longer than {MAX_CODE_CHARACTERS} characters")
        yield from check_names(action.names, f"{path}.names", document.fallback_language)
        yield from check_known(action.kind, KINDS, f"{path}.kind", "unknown_kind")
        yield from check_known(action.proof, PROOFS, f"{path}.proof", "unknown_proof")
        yield from _check_reporters(action, path)
        yield from _check_fields(action, path)
        yield from _check_natural_key(action, path)
        yield from _check_limits(action, path)
    if document.action_intake.late_days > MAX_LATE_DAYS:
        yield ProgrammeProblem("$.action_intake.late_days", "out_of_range", f"is above {MAX_LATE_DAYS}")


def _check_reporters(action: ActionType, path: str) -> Problems:
    kind = KINDS.get(action.kind)
    if kind is None:
        return
    for place, reporter in enumerate(action.reported_by):
        yield from check_known(reporter, sorted(kind.reporters), f"{path}.reported_by[{place}]", "unknown_reporter")
    if not action.reported_by and not kind.own:
        yield ProgrammeProblem(f"{path}.reported_by", "missing", "names nobody who may report it")
    if action.proof == "moderated" and kind.own:
        yield ProgrammeProblem(f"{path}.proof", "not_for_this_kind", f"does nothing for {action.kind!r}")


def _check_fields(action: ActionType, path: str) -> Problems:
    fields = fields_of(action)
    own = len(fields) - len(action.fields)
    if len(action.fields) > MAX_FIELDS:
        yield ProgrammeProblem(f"{path}.fields", "too_many", f"has more than {MAX_FIELDS} items")
    for place, field in enumerate(action.fields):
        where = f"{path}.fields[{place}]"
        if not _FIELD_CODE.fullmatch(field.code) or field.code in _RESERVED:
            yield ProgrammeProblem(f"{where}.code", "bad_code", "is no lower-case name that CEL can take")
        if field.code in OWN_NAMES or field.code in {other.code for other in fields[: own + place]}:
            yield ProgrammeProblem(f"{where}.code", "duplicate_code", f"{field.code!r} is used before")
        yield from _check_type(field, where)


def _check_type(field: ActionField, path: str) -> Problems:
    yield from check_known(field.type, FIELD_TYPES, f"{path}.type", "unknown_field_type")
    if (field.type == "choice") != bool(field.choices):
        yield ProgrammeProblem(f"{path}.choices", "bad_choices", "has items for the type 'choice', and only for it")
    for place, choice in enumerate(field.choices):
        if not _FIELD_CODE.fullmatch(choice):
            yield ProgrammeProblem(f"{path}.choices[{place}]", "bad_code", "is no lower-case name")


def _check_natural_key(action: ActionType, path: str) -> Problems:
    if action.natural_key and action.kind != "custom":
        yield ProgrammeProblem(f"{path}.natural_key", "not_for_this_kind", f"does nothing for {action.kind!r}")
        return
    required = [field.code for field in action.fields if not field.optional]
    for place, code in enumerate(action.natural_key):
        yield from check_known(code, required, f"{path}.natural_key[{place}]", "unknown_field")


def _check_limits(action: ActionType, path: str) -> Problems:
    for period in CAP_PERIODS:
        limit = getattr(action.limits, period)
        if limit is not None and limit < 1:
            yield ProgrammeProblem(f"{path}.limits.{period}", "out_of_range", "is below 1; leave it out for no limit")
    if action.cooldown_hours > MAX_HOURS:
        yield ProgrammeProblem(f"{path}.cooldown_hours", "out_of_range", f"is above {MAX_HOURS}")
