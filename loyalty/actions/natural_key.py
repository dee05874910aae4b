"""What makes two actions of a type the same act: it is paid once, whoever tells of it and however often. Pure."""

import hashlib
from datetime import date

import msgspec

from loyalty.actions.errors import ActionFieldsError
from loyalty.actions.outcome import ActionSubmission
from loyalty.programme.actions import ActionType


def natural_key(submission: ActionSubmission, action: ActionType, *, local_date: date) -> str:
    """The key of an action whose fields have been checked, at most 160 characters; empty where each is one of its own.

    ``local_date`` is the member's day. Raises ``ActionFieldsError`` where what the kind goes by is not there.
    """
    match action.kind:
        case "daily_login":
            return local_date.isoformat()
        case "birthday":
            return str(local_date.year)
        case "visit":
            return f"{_given(submission.store_id, 'store')}:{local_date}"
        case "repost":
            return f"{submission.fields['network']}:{_given(submission.post_digest, 'post_id')}"
        case "review" | "quiz" | "contest":
            field = "sku" if action.kind == "review" else action.kind
            return str(submission.fields[field])
        case _:
            return _custom(submission, action)


def _custom(submission: ActionSubmission, action: ActionType) -> str:
    if submission.natural_key is not None:
        return submission.natural_key
    if action.natural_key:
        return (
            f"fields:{_digest(msgspec.json.encode([submission.fields[code] for code in action.natural_key]).decode())}"
        )
    if submission.event_id is not None:
        return f"event:{_digest(f'{submission.source} {submission.event_id}')}"
    return ""


def _given(value: str | None, name: str) -> str:
    if value is None:
        raise ActionFieldsError(None, fields={name: "is missing"})
    return value


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
