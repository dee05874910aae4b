"""Keeping an evaluation beside its purchase: enough to explain it and to evaluate what is left after a refund."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct, field

from loyalty.earning.evaluation import Evaluation, FiredRule
from loyalty.earning.purchase import EarningPurchase, EarnLine, Headroom, MemberFacts, StoreFacts

FORMAT = 1
"""Raised when the meaning of a member changes. Defaults below are part of the format: absent means empty."""


class FrozenEvaluation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An evaluation as it is written down, encoded by msgspec. The lines of the purchase are kept elsewhere."""

    format: int
    programme_version: int
    purchase: EarningPurchase
    """Without its lines."""
    member: MemberFacts
    store: StoreFacts
    points: dict[str, int] = field(default_factory=dict)
    """By wallet."""
    fired: tuple[FiredRule, ...] = ()
    multipliers: tuple[str, ...] = ()
    missed: dict[str, str] = field(default_factory=dict)
    """Reason to the rules it kept out, hexadecimal bits in the order of rules of the version's snapshot."""
    details: dict[str, str] = field(default_factory=dict)
    headroom: Headroom = Headroom()


def freeze(evaluation: Evaluation) -> FrozenEvaluation:
    """What is to be kept of ``evaluation``."""
    bought = evaluation.purchase
    return FrozenEvaluation(
        format=FORMAT,
        programme_version=evaluation.programme_version,
        purchase=EarningPurchase(
            occurred_at=bought.occurred_at,
            local_date=bought.local_date,
            zone=bought.zone,
            channel=bought.channel,
            currency=bought.currency,
            lines=(),
            order_discount_minor=bought.order_discount_minor,
            tenders=bought.tenders,
        ),
        member=evaluation.member,
        store=evaluation.store,
        points=evaluation.points_by_wallet,
        fired=evaluation.fired,
        multipliers=evaluation.multipliers,
        missed={reason: f"{rules:x}" for reason, rules in evaluation.missed.items()},
        details=evaluation.details,
        headroom=evaluation.headroom,
    )


def thaw(kept: Mapping[str, object] | bytes | str) -> FrozenEvaluation:
    """Read back what ``freeze`` gave, as JSON text or as the object decoded from it.

    Raises ``msgspec.ValidationError`` where it is something else, or of a later format.
    """
    if isinstance(kept, bytes | str):
        frozen = msgspec.json.decode(kept, type=FrozenEvaluation)
    else:
        frozen = msgspec.convert(kept, FrozenEvaluation)
    if frozen.format > FORMAT:
        raise msgspec.ValidationError(f"written by a later release: format {frozen.format}")
    return frozen


def with_lines(frozen: FrozenEvaluation, lines: tuple[EarnLine, ...]) -> EarningPurchase:
    """The purchase as it was evaluated; ``lines`` are all its lines as they were sold, in any order."""
    return msgspec.structs.replace(frozen.purchase, lines=lines)
