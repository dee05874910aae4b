"""An action on its way in, and what became of it. Values, not exceptions: one refusal must not stop its neighbours."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from kernel.errors import DomainError
from loyalty.actions.evaluate import FieldValue
from loyalty.actions.freezing import FrozenAction
from loyalty.refunds.returned import WalletEffect

Reporter: TypeAlias = Literal["member", "system", "staff", "comeback"]
"""Who tells of it; ``comeback``: our own code has found it out."""


class Proof(Struct, frozen=True, kw_only=True):
    """What shows that it was done. It leads to a person, so it is kept where it can be erased."""

    link: str | None = None
    text: str | None = None
    picture_url: str | None = None


class ActionSubmission(Struct, frozen=True, kw_only=True):
    """Something that a member is said to have done."""

    member_id: int
    type: str
    """Code of an action type of the programme."""
    reporter: Reporter
    source: str
    """Who tells of it: ``member``, ``staff``, ``system:<name>`` (it outlives its keys) or ``job:<name>``."""
    actor: str
    """Who did it, as the journal writes it."""
    event_id: str | None = None
    """The source's own name for it: told again under it, it is the same action."""
    occurred_at: datetime | None = None
    """None: now."""
    channel: str = ""
    store_id: str | None = None
    fields: Mapping[str, FieldValue] = {}
    post_digest: str | None = None
    """Of a repost: which post it is, as a digest under the installation's key, since a post leads to a person."""
    proof: Proof | None = None
    natural_key: str | None = None
    """For kinds that Comeback finds out itself: what makes two of it the same act. At most 128 characters."""


class RecordedAction(Struct, frozen=True, kw_only=True):
    """An action as it stands in the books."""

    member_id: int
    action_no: int
    type: str
    natural_key: str
    status: str
    """``accepted``, ``waiting``, ``rejected`` or ``moved``."""
    source: str
    event_id: str | None
    channel: str
    store_id: str | None
    occurred_at: datetime
    local_date: date
    recorded_at: datetime
    fields: dict[str, FieldValue]
    programme_version: int
    evaluation: FrozenAction
    earned: dict[str, int]
    """Points by wallet, as they were when it was accepted."""
    flags: tuple[str, ...] = ()
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    reversed_at: datetime | None = None
    effect: tuple[WalletEffect, ...] = ()
    """How the points that were taken back were found."""
    is_repeat: bool = False
    """Whether it had been recorded before this call."""


ActionOutcome: TypeAlias = RecordedAction | DomainError
