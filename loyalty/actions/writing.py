"""The rows of recorded actions, written set-based."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from kernel.database import RowWriter
from kernel.events import publish
from loyalty.actions.outcome import Proof, RecordedAction
from loyalty.actions.rows import ACTION_ROWS, row_of
from loyalty.events import ActionRecorded
from loyalty.models import ActionEvent, ActionProof

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_PROOFS = RowWriter(ActionProof, "member_id", "action_no", "link", "text", "picture_url")
_EVENTS = RowWriter(ActionEvent, "source", "event_id", "member_id", "action_no", "body")


async def write_actions(connection: "Connection[Record]", actions: Sequence[RecordedAction]) -> None:
    """Insert the actions."""
    await ACTION_ROWS.write(connection, [row_of(action) for action in actions])


async def write_proofs(connection: "Connection[Record]", proofs: Sequence[tuple[RecordedAction, Proof]]) -> None:
    """Insert what shows that they were done."""
    await _PROOFS.write(
        connection,
        [(action.member_id, action.action_no, proof.link, proof.text, proof.picture_url) for action, proof in proofs],
    )


async def write_events(
    connection: "Connection[Record]", events: Sequence[tuple[RecordedAction, str, str, bytes]]
) -> None:
    """Claim the sources' names, in one order. One that is claimed meanwhile breaks the transaction."""
    rows = [
        (source, event_id, action.member_id, action.action_no, body)
        for action, source, event_id, body in sorted(events, key=lambda event: event[1:3])
    ]
    await _EVENTS.write(connection, rows)


async def announce_actions(
    connection: "Connection[Record]", actions: Sequence[RecordedAction], *, now: datetime
) -> None:
    """Tell the other packages of those that count."""
    accepted = [action for action in actions if action.status == "accepted"]
    await publish(connection, [recorded_event(action) for action in accepted], now=now)


def recorded_event(action: RecordedAction) -> ActionRecorded:
    return ActionRecorded(
        member_id=action.member_id,
        action_no=action.action_no,
        action_type=action.type,
        occurred_at=action.occurred_at,
        local_date=action.local_date,
        points_earned=action.earned,
    )
