"""The rows of recorded actions, written set-based."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from kernel.database import RowWriter
from kernel.events import publish
from loyalty.actions.outcome import Proof, RecordedAction
from loyalty.actions.rows import ACTION_ROWS, BOOKED_COLUMNS, row_of
from loyalty.events import ActionRecorded
from loyalty.models import ActionEvent, ActionProof

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_PROOFS = RowWriter(ActionProof, "member_id", "action_no", "link", "text", "picture_url")
_CHANGE = """
UPDATE action SET status = $3, evaluation = $4, earned = $5, flags = $6, decided_by = $7, decided_at = $8, reason = $9,
                  reversed_at = $10, effect = $11
WHERE member_id = $1 AND action_no = $2
"""
_CHANGED = ("status", "evaluation", "earned", "flags", "decided_by", "decided_at", "reason", "reversed_at", "effect")
_LEAVE = "UPDATE action SET status = 'moved' WHERE member_id = $1 AND action_no = $2"
_FOLLOW = (
    "UPDATE action_proof SET member_id = $3, action_no = $4 WHERE member_id = $1 AND action_no = $2",
    "UPDATE action_event SET member_id = $3, action_no = $4 WHERE member_id = $1 AND action_no = $2",
)
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


async def change_action(connection: "Connection[Record]", action: RecordedAction) -> None:
    """Store what was decided about an action, or that it was taken back."""
    row = dict(zip(BOOKED_COLUMNS, row_of(action), strict=True))
    await connection.execute(_CHANGE, action.member_id, action.action_no, *(row[name] for name in _CHANGED))


async def move_action(connection: "Connection[Record]", action: RecordedAction, moved: RecordedAction) -> None:
    """Go on with a waiting ``action`` as ``moved``, under a number of the member that its own was merged into."""
    key = (action.member_id, action.action_no)
    await connection.execute(_LEAVE, *key)
    await ACTION_ROWS.write(connection, [row_of(moved)])
    for statement in _FOLLOW:
        await connection.execute(statement, *key, moved.member_id, moved.action_no)


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
