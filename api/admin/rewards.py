"""``GET /v1/admin/rewards``: how much of each reward is out."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, get
from msgspec import Meta, Struct

from api.dependencies import ServicesOf
from api.documented import NOT_MODIFIED, refusals
from api.etags import conditional
from api.security.permissions import Permission, requires_permission
from kernel.database import driver
from loyalty.rewards.counting import CountedReward, count_rewards


class RewardStockView(Struct, frozen=True, kw_only=True):
    """A reward of the programme in force."""

    reward: str
    """Its code."""
    names: dict[str, str]
    """By language."""
    kind: str
    archived: bool
    stock: int | None
    """Pieces in all; null: no limit."""
    taken: int
    """Pieces that are out."""
    left: int | None
    """Pieces, or free codes of its pool where those are fewer; null: no limit."""
    low_since: datetime | None
    """Since when no more than its ``low_stock`` have been left, as far as the worker has looked; null: more are."""
    states: Annotated[dict[str, int], Meta(examples=[{"issued": 12, "fulfilled": 240}])]
    """How many redemptions are in each state, without those in which there is none."""


class RewardStockList(Struct, frozen=True, kw_only=True):
    """In the programme's order."""

    rewards: list[RewardStockView]


@get(
    "/v1/admin/rewards",
    operation_id="listRewardStock",
    summary="How much of each reward is out",
    tags=["Staff: rewards"],
    guards=[requires_permission(Permission.PROGRAMME_READ)],
    responses=NOT_MODIFIED | refusals(401, 403, 409),
)
async def list_reward_stock(request: Request[Any, Any, Any], services: ServicesOf) -> Response[RewardStockList]:
    now = services.clock()
    programme = services.programmes.at(now)
    async with services.database.read() as session:
        counted = await count_rewards(await driver(session), programme, now=now)
    return conditional(request, RewardStockList(rewards=[_view(one) for one in counted]))


def _view(counted: CountedReward) -> RewardStockView:
    reward = counted.reward
    return RewardStockView(
        reward=reward.code,
        names=reward.names,
        kind=reward.effect.kind,
        archived=reward.archived,
        stock=counted.stock,
        taken=counted.taken,
        left=counted.left,
        low_since=counted.low_since,
        states=dict(counted.states),
    )
