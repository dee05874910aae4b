"""Whether the facts of an action are those that its type declares. Pure."""

import re
from collections.abc import Mapping

from loyalty.actions.errors import ActionFieldsError
from loyalty.actions.evaluate import FieldValue
from loyalty.programme.action_kinds import fields_of
from loyalty.programme.actions import ActionField, ActionType
from loyalty.programme.part import MAX_EXACT

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_SKU = re.compile(r"[^\x00-\x1f\x7f/]{1,64}")


def check_fields(action: ActionType, values: Mapping[str, FieldValue]) -> None:
    """Raise ``ActionFieldsError`` with everything that is wrong, unless the values are those that are declared."""
    declared = {field.code: field for field in fields_of(action)}
    wrong = dict.fromkeys(values.keys() - declared.keys(), "is not a fact of this action")
    for code, field in declared.items():
        if code not in values:
            if not field.optional:
                wrong[code] = "is missing"
        elif problem := _problem(field, values[code]):
            wrong[code] = problem
    if wrong:
        raise ActionFieldsError(None, fields=dict(sorted(wrong.items())))


def _problem(field: ActionField, value: FieldValue) -> str:
    match field.type:
        case "bool":
            return "" if isinstance(value, bool) else "is not true or false"
        case "int":
            whole = isinstance(value, int) and not isinstance(value, bool)
            return "" if whole and abs(int(value)) <= MAX_EXACT else "is not a whole number of at most 2^53 - 1"
        case "choice":
            return "" if value in field.choices else f"is none of: {', '.join(field.choices)}"
        case "sku":
            return "" if isinstance(value, str) and _SKU.fullmatch(value) else "is not a SKU"
        case _:
            return "" if isinstance(value, str) and _CODE.fullmatch(value) else "is not a code of 1 to 64 characters"
