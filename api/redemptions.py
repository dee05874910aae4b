"""A redemption as members and staff see it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypeAlias

from litestar.params import PathParameter
from msgspec import Struct

from loyalty.models import Redemption
from loyalty.programme.languages import best_language
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.rewards.codes import redemption_id
from loyalty.rewards.states import is_shown, state_at

RedemptionInPath: TypeAlias = Annotated[
    str, PathParameter(description="Public id of a redemption: `red_...`", max_length=64)
]


class PaidPrice(Struct, frozen=True, kw_only=True):
    """Points of one wallet that a reward costs."""

    wallet: str
    points: int


class RedemptionView(Struct, frozen=True, kw_only=True):
    """A reward that was issued to a member."""

    id: str
    reward: str
    name: str
    kind: str
    """``gift``, ``percent_discount``, ``amount_discount``, ``free_item``, ``coupon``, ``wallet_points``, ...; may
    grow."""
    state: str
    """``reserved``, ``issued``, ``used``, ``fulfilled``, ``cancelled``, ``expired``, ``refunded`` or ``given``."""
    code: str | None
    """To be shown at the till, as text and as the picture under ``qr``. Null once it is of no use."""
    qr: str | None
    """Path of the picture."""
    transferable: bool
    """Whether it can be given to somebody else now."""
    present_code: str | None
    """With it somebody else has the reward, while it can be claimed."""
    received: bool
    """Somebody else gave it."""
    coupon: str | None
    """The code that was handed out."""
    prices: list[PaidPrice]
    price_minor: int
    """Money that the till takes besides."""
    issued_at: datetime
    expires_at: datetime | None
    """Exclusive. Null: it waits to be handed over."""
    ended_at: datetime | None
    store_id: str | None
    """Where it was used."""
    discount_minor: int | None
    """What the till took off for it."""


def view_redemption(
    redemption: Redemption, programme: ProgrammeSnapshot, *, language: str, now: datetime
) -> RedemptionView:
    """``programme`` is the version with which it was issued."""
    public_id = redemption_id(redemption.member_id, redemption.redemption_no)
    state = state_at(redemption, now)
    usable = is_shown(redemption, now)
    reward = programme.rewards[redemption.reward]
    return RedemptionView(
        id=public_id,
        reward=redemption.reward,
        name=text_in(reward.names, language, programme),
        kind=redemption.kind,
        state=state,
        code=redemption.shown_code if usable else None,
        qr=f"/v1/me/redemptions/{public_id}/qr" if usable else None,
        transferable=reward.transferable and usable and redemption.from_member_id is None,
        present_code=redemption.present_code if usable else None,
        received=redemption.from_member_id is not None,
        coupon=redemption.coupon,
        prices=[PaidPrice(wallet=price["wallet"], points=price["points"]) for price in redemption.prices],
        price_minor=redemption.price_minor,
        issued_at=redemption.issued_at,
        expires_at=redemption.expires_at,
        ended_at=redemption.expires_at if state == "expired" else redemption.ended_at,
        store_id=redemption.store_id,
        discount_minor=redemption.discount_minor,
    )


def text_in(texts: Mapping[str, str], language: str, programme: ProgrammeSnapshot) -> str:
    """The text in ``language``, else in the programme's fallback; empty where there is none at all."""
    return texts.get(best_language(language, frozenset(texts), programme.document.fallback_language), "")
