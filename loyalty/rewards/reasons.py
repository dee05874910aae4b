"""Why a reward is not to be had, said so that an app can act on it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from kernel.errors import NotFoundError, UnprocessableError


class Reason(Struct, frozen=True, kw_only=True):
    """One reason; ``code`` says which of the other members are given.

    - ``archived``, ``member_blocked``, ``spending_frozen``, ``not_in_window``, ``tier``, ``segment``, ``condition``,
      ``out_of_stock``: none.
    - ``insufficient_points``: ``wallet``, ``required``, ``available``, ``missing``.
    - ``limit_reached``: ``period`` (day, week, month, lifetime), ``limit``, and ``resets_at`` unless it never does.
    - ``too_few_units``, ``too_many_units`` of a payout: ``limit``.
    - ``payee_needed`` for a payout that was asked for like another reward, ``not_a_payout`` for the contrary: none.
    """

    code: str
    wallet: str | None = None
    required: int | None = None
    available: int | None = None
    missing: int | None = None
    period: str | None = None
    limit: int | None = None
    resets_at: datetime | None = None


class RewardRefusedError(UnprocessableError):
    """The member cannot have the reward now. ``reasons`` are all there are, each a ``Reason``."""

    code = "reward_refused"
    title = "This reward cannot be had now."

    def __init__(self, reasons: Sequence[Reason]) -> None:
        self.reasons = reasons
        super().__init__(
            None,
            reasons=[
                {name: value for name, value in msgspec.to_builtins(reason).items() if value is not None}
                for reason in reasons
            ],
        )


class RewardNotFoundError(NotFoundError):
    """The programme in force has no such reward."""

    code = "reward_not_found"
    title = "There is no such reward."
