"""An action out of its row, and into it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from kernel.database import RowWriter
from loyalty.actions.freezing import thaw
from loyalty.actions.outcome import RecordedAction
from loyalty.models import Action
from loyalty.refunds.returned import WalletEffect

BOOKED_COLUMNS = (
    *("member_id", "action_no", "type", "natural_key", "status", "source", "event_id", "channel", "store_id"),
    *("occurred_at", "local_date", "recorded_at", "fields", "programme_version", "evaluation", "earned", "flags"),
    *("decided_by", "decided_at", "reason", "reversed_at", "effect"),
)
ACTION_ROWS = RowWriter(Action, *BOOKED_COLUMNS)
_JSON = frozenset({"fields", "evaluation", "earned", "flags", "effect"})


def booked_from(values: Sequence[Any], *, is_repeat: bool = False) -> RecordedAction:
    """The action out of ``BOOKED_COLUMNS`` of its row, in their order."""
    row = dict(zip(BOOKED_COLUMNS, values, strict=True))
    row["evaluation"] = thaw(row["evaluation"])
    row["flags"] = tuple(row["flags"])
    row["effect"] = msgspec.convert(row["effect"] or [], tuple[WalletEffect, ...])
    return RecordedAction(**row, is_repeat=is_repeat)


def row_of(action: RecordedAction) -> tuple[object, ...]:
    """``BOOKED_COLUMNS`` of the action."""
    return tuple(_stored(name, getattr(action, name)) for name in BOOKED_COLUMNS)


def _stored(name: str, value: object) -> object:
    if name == "effect" and not value:
        return None
    return msgspec.json.encode(value).decode() if name in _JSON else value
