"""Actions as every audience sees them, and the fields that requests about them share."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, TypeAlias

import msgspec
from litestar.exceptions import ClientException
from litestar.params import PathParameter
from msgspec import Meta, Struct

from api.cursors import text_position
from api.idempotency import veiled
from api.services import Services
from kernel.ids import encode_public_id
from loyalty.actions.evaluate import FieldValue
from loyalty.actions.outcome import Proof, RecordedAction
from loyalty.actions.reading import ActionPosition, ProvenAction
from loyalty.programme.part import MAX_EXACT
from loyalty.purchases.sale import canonical
from loyalty.receipts import member_and_number

_PERSONAL: Final = frozenset({"post_id", "proof", "member"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

ActionInPath: TypeAlias = Annotated[str, PathParameter(description="Public id of an action: `act_...`", max_length=64)]
ActionCode: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=48, pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*$(?!\\n)", examples=["daily-login"])
]
FieldCode: TypeAlias = Annotated[str, Meta(min_length=1, max_length=32, examples=["score"])]
_Value: TypeAlias = (
    Annotated[int, Meta(ge=-MAX_EXACT, le=MAX_EXACT)] | Annotated[str, Meta(min_length=1, max_length=64)] | bool
)
Fields: TypeAlias = Annotated[dict[FieldCode, _Value], Meta(max_length=64, examples=[{}])]
PostId: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=256, pattern="^[^\\u0000-\\u001f\\u007f]+$(?!\\n)", examples=["9f3c2a"])
]
Link: TypeAlias = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=2_000,
        pattern="^https?://[^\\u0000-\\u0020\\u007f]+$(?!\\n)",
        examples=["https://social.example.com/posts/9f3c2a"],
    ),
]
ProofText: TypeAlias = Annotated[
    str,
    Meta(min_length=1, max_length=4_000, pattern="^[^\\u0000-\\u0008\\u000e-\\u001f\\u007f]*$", examples=["Great."]),
]


class ProofFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shows that it was done. It is removed when the person is."""

    link: Link | None = None
    text: ProofText | None = None
    picture_url: Link | None = None


class ProofView(Struct, frozen=True, kw_only=True):
    """What shows that it was done."""

    link: str | None
    text: str | None
    picture_url: str | None


class ActionView(Struct, frozen=True, kw_only=True):
    """An action as it stands in the books."""

    id: str
    type: str
    """Code of an action type of the programme."""
    status: str
    """``accepted``, ``waiting`` for staff to look at it, or ``rejected``; more may come."""
    occurred_at: datetime
    local_date: date
    """The member's day: limits count by it."""
    recorded_at: datetime
    store_id: str | None
    fields: dict[str, FieldValue]
    earned: dict[str, int]
    """Points by wallet, as they were when it was accepted."""
    flags: list[str]
    """Why it earned nothing although it was accepted: ``earning_frozen``, ``member_blocked``; may grow."""
    reason: str | None
    """A code: why it was rejected or taken back."""
    reversed_at: datetime | None
    """When what it earned was taken back."""


def view_action(action: RecordedAction) -> ActionView:
    """An action as its member and other systems see it."""
    return ActionView(
        id=action_id(action.member_id, action.action_no),
        type=action.type,
        status=action.status,
        occurred_at=action.occurred_at,
        local_date=action.local_date,
        recorded_at=action.recorded_at,
        store_id=action.store_id,
        fields=dict(action.fields),
        earned=dict(action.earned),
        flags=list(action.flags),
        reason=action.reason,
        reversed_at=action.reversed_at,
    )


def view_proof(proof: Proof | None) -> ProofView | None:
    return ProofView(link=proof.link, text=proof.text, picture_url=proof.picture_url) if proof else None


def proof_of(fields: ProofFields | None) -> Proof | None:
    """The proof, where anything was given."""
    if fields is None or fields == ProofFields():
        return None
    return Proof(link=fields.link, text=fields.text, picture_url=fields.picture_url)


def digest_of_post(services: Services, post_id: str | None) -> str | None:
    """What is kept of a post: who has a copy of the database cannot try out whose posts are in it."""
    return None if post_id is None else services.lookup_key.digest("post", post_id).hex()


def comparable(services: Services, told: Struct) -> dict[str, object]:
    """What repeats of a request are compared with: its personal members are veiled."""
    return {
        name: veiled(services, canonical(value).decode() if isinstance(value, Struct) else value)
        if name in _PERSONAL and value is not None
        else value
        for name, value in msgspec.structs.asdict(told).items()
    }


def action_id(member_id: int, action_no: int) -> str:
    return encode_public_id("act", member_id, action_no)


def action_key(public_id: str) -> tuple[int, int] | None:
    """Member and number; None for text that is no action's id."""
    return member_and_number("act", public_id)


def position_text(one: ProvenAction) -> str:
    """Where a list stands, for its cursor."""
    recorded_at, member_id, action_no = one.position
    return f"{(recorded_at - _EPOCH) // timedelta(microseconds=1)} {member_id} {action_no}"


def action_position(cursor: str | None) -> ActionPosition | None:
    """What a cursor says. It decides where a list begins, never whose it is."""
    text = text_position(cursor)
    if text is None:
        return None
    try:
        microseconds, member_id, action_no = (int(part) for part in text.split(" "))
        position = ActionPosition(_EPOCH + timedelta(microseconds=microseconds), member_id, action_no)
    except (ValueError, OverflowError):
        raise ClientException("The cursor is not one that this list gave.") from None
    if not 0 <= min(member_id, action_no) <= max(member_id, action_no) < 2**63:
        raise ClientException("The cursor is not one that this list gave.")
    return position
