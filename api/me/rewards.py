"""``GET /v1/me/rewards``: what the member's points buy."""

from typing import Any

from litestar import Request, Response, get
from msgspec import Struct

from api.dependencies import Member, ServicesOf
from api.documented import NOT_MODIFIED, refusals
from api.etags import conditional
from api.languages import AcceptLanguage, choose_language, in_language
from api.redemptions import PaidPrice, text_in
from loyalty.members.survivors import surviving_member
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.rewards.offering import OfferedReward, offer_rewards
from loyalty.rewards.reasons import Reason


class RewardView(Struct, frozen=True, kw_only=True):
    """A reward. Money is in minor units of the programme's currency."""

    reward: str
    """Its code."""
    name: str
    description: str
    kind: str
    prices: list[PaidPrice]
    """All of them are paid."""
    price_minor: int
    """Money that the till takes besides."""
    share_bp: int
    """Of a percentage discount, in basis points."""
    amount_minor: int
    """Of an amount discount, or of one unit of a payout."""
    minimum_units: int
    """Of a payout, whose ``prices`` are of one unit; so is the maximum."""
    maximum_units: int
    maximum_minor: int
    """Of a percentage discount; 0: no maximum."""
    minimum_basket_minor: int
    left: int | None
    """Pieces; null: no limit. A hint: somebody may take the last one first."""
    valid_days: int
    cancellable: bool
    transferable: bool
    """Whether one that was issued can be given to somebody else."""
    is_available: bool
    reasons: list[Reason]
    """Why it is not to be had now, all of them; empty when it is."""


class RewardList(Struct, frozen=True, kw_only=True):
    """In the programme's order."""

    language: str
    rewards: list[RewardView]


@get(
    "/v1/me/rewards",
    operation_id="listMyRewards",
    summary="What the points buy",
    description="Each reward with every reason why the member cannot have it now, for an app to tell.",
    tags=["Member: rewards"],
    responses=NOT_MODIFIED | refusals(401, 404, 409),
)
async def my_rewards(
    request: Request[Any, Any, Any],
    caller: Member,
    services: ServicesOf,
    accept_language: AcceptLanguage = None,
) -> Response[RewardList]:
    now = services.clock()
    programme = services.programmes.at(now)
    async with services.database.read() as session:
        member = await surviving_member(session, caller.member_id)
        offered = await offer_rewards(session, member.member_id, programme, now=now)
    language = choose_language(accept_language, member.language, programme.document)
    listed = RewardList(language=language, rewards=[_view(one, language, programme) for one in offered])
    return in_language(conditional(request, listed), language)


def _view(offered: OfferedReward, language: str, programme: ProgrammeSnapshot) -> RewardView:
    reward, effect = offered.reward, offered.reward.effect
    return RewardView(
        reward=reward.code,
        name=text_in(reward.names, language, programme),
        description=text_in(reward.descriptions, language, programme),
        kind=effect.kind,
        prices=[PaidPrice(wallet=wallet, points=points) for wallet, points in offered.prices.items()],
        price_minor=reward.price_minor,
        share_bp=effect.share_bp,
        amount_minor=effect.amount_minor,
        minimum_units=effect.minimum_units,
        maximum_units=effect.maximum_units,
        maximum_minor=effect.maximum_minor,
        minimum_basket_minor=effect.minimum_basket_minor,
        left=offered.left,
        valid_days=reward.valid_days,
        cancellable=reward.cancellable,
        transferable=reward.transferable,
        is_available=not offered.reasons,
        reasons=list(offered.reasons),
    )
