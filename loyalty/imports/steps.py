"""A delivery's way from state to state: checked, applied, taken back, each by a task of the worker."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import ConflictError
from loyalty.identities import LookupKey
from loyalty.imports.deliveries import NothingSentError, keep_faults, lock_delivery, sent_files
from loyalty.models import ImportDelivery, Task
from loyalty.tasks.asking import ask_for_task

Step: TypeAlias = Literal["check", "apply", "reverse"]
TASKS: Final[dict[Step, str]] = {"check": "import.check", "apply": "import.apply", "reverse": "import.reverse"}
_STATES: Final[dict[Step, tuple[tuple[str, ...], str, str]]] = {
    "check": (("open", "checking", "checked"), "checking", "checked"),
    "apply": (("checked",), "applying", "applied"),
    "reverse": (("applied",), "reversing", "reversed"),
}
"""Step -> the states that it begins in, the one it is in, and the one it ends in."""


class DeliveryStateError(ConflictError):
    """The delivery is in a ``state`` that does not allow it."""

    code = "delivery_state"
    title = "The delivery's state does not allow this."


class DeliveryFaultyError(ConflictError):
    """Its files have ``problems``: nothing of them can be applied."""

    code = "delivery_faulty"
    title = "The files have problems."


async def reopen(session: WriteSession, locked: ImportDelivery) -> None:
    """Other files are sent: what was found out about the earlier ones says nothing any more.

    Raises ``DeliveryStateError`` once it is being applied.
    """
    if not await _may(session, locked, ("open", "checking", "checked"), "applying"):
        raise DeliveryStateError(None, state=locked.state)
    await keep_faults(session, locked, [])
    locked.state, locked.totals = "open", {}
    session.add(locked)
    await session.flush()


class OtherLookupKeyError(ConflictError):
    """The worker would enter phones and cards under which nobody is looked for."""

    code = "other_lookup_key"
    title = "The worker has another lookup key than the API: both need the same COMEBACK_LOOKUP_KEY."


async def begin_import_step(
    session: WriteSession,
    locked: ImportDelivery,
    step: Step,
    *,
    lookup_key: LookupKey,
    requested_by: str,
    now: datetime,
) -> Task:
    """Ask for the task that does a step; again, when the task before failed or was called off.

    Its worker must have the same ``lookup_key``, see ``require_same_key``. Raises ``DeliveryStateError``,
    ``NothingSentError`` and ``DeliveryFaultyError``.
    """
    before, during, _ = _STATES[step]
    if not await _may(session, locked, before, during):
        raise DeliveryStateError(None, state=locked.state)
    if step == "check" and not await sent_files(session, locked.delivery_id):
        raise NothingSentError
    if step == "apply" and locked.problems:
        raise DeliveryFaultyError(None, problems=locked.problems)
    if step == "reverse" and locked.import_id is None:
        raise DeliveryStateError("All of it had come before: there is nothing to take back.", state=locked.state)
    asked = {"delivery_id": locked.delivery_id, "key_check": _key_check(lookup_key, locked.delivery_id)}
    task = await ask_for_task(session, TASKS[step], asked, requested_by=requested_by, now=now)
    locked.state, locked.task_id = during, task.task_id
    session.add(locked)
    await session.flush()
    return task


async def lock_under_way(session: WriteSession, delivery_id: int, step: Step, task_id: int) -> ImportDelivery | None:
    """The delivery, while the task is at this step of it; None where another has ended it, or other files came."""
    delivery = await lock_delivery(session, delivery_id)
    return delivery if (delivery.state, delivery.task_id) == (_STATES[step][1], task_id) else None


def require_same_key(parameters: Mapping[str, Any], lookup_key: LookupKey) -> None:
    """Raise ``OtherLookupKeyError`` unless the task was asked for by a process with this key."""
    if parameters["key_check"] != _key_check(lookup_key, parameters["delivery_id"]):
        raise OtherLookupKeyError


def _key_check(lookup_key: LookupKey, delivery_id: int) -> str:
    return lookup_key.digest("import_delivery", str(delivery_id)).hex()


def ended(step: Step) -> str:
    """The state after a step."""
    return _STATES[step][2]


async def _may(session: ReadSession, locked: ImportDelivery, states: tuple[str, ...], halfway: str) -> bool:
    """Whether it is in one of the states, or was left halfway by a task that is at an end."""
    if locked.state in states:
        return True
    if locked.state != halfway or locked.task_id is None:
        return False
    task = (await session.exec(select(Task).where(col(Task.task_id) == locked.task_id))).one()
    return task.state not in ("queued", "running")
