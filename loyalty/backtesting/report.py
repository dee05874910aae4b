"""What a back-test tells: differences by rule, wallet and member, in points and in money."""

from collections.abc import Mapping

from msgspec import Struct

from loyalty.backtesting.totals import STEPS, MemberSum, Sum, Totals
from loyalty.members.ids import member_public_id
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.spending import PointValue


class RuleDifference(Struct, frozen=True, kw_only=True):
    """Points of one rule, known by its code: one that only one side has is 0 on the other."""

    rule: str
    drafted: int
    happened: int
    difference: int


class WalletDifference(Struct, frozen=True, kw_only=True):
    """Points of one wallet. Money is by the document's point value on both sides; null where points do not pay.

    ``living`` are the points that have not expired by now: the most that can still be owed, if nobody had spent any.
    """

    wallet: str
    drafted: int
    happened: int
    difference: int
    cost_drafted_minor: int | None
    cost_happened_minor: int | None
    living_drafted: int
    living_happened: int
    liability_drafted_minor: int | None
    liability_happened_minor: int | None


class MemberDifference(Struct, frozen=True, kw_only=True):
    """A member and a wallet."""

    member_id: str
    wallet: str
    drafted: int
    happened: int
    difference: int


class TierMoveCount(Struct, frozen=True, kw_only=True):
    """So many members would be in another tier by now. Null: below the lowest."""

    from_tier: str | None
    to_tier: str | None
    members: int


class MemberMove(Struct, frozen=True, kw_only=True):
    """A member who would be in another tier."""

    member_id: str
    from_tier: str | None
    to_tier: str | None


class DifferenceClass(Struct, frozen=True, kw_only=True):
    """How many members' difference lies within these bounds, both included; null: no bound."""

    wallet: str
    from_points: int | None
    to_points: int | None
    members: int


class BacktestReport(Struct, frozen=True, kw_only=True):
    """What the recorded purchases would have earned under the document, after all their refunds."""

    purchases: int
    purchases_changed: int
    members: int
    members_changed: int
    difference: int
    """In points of the document's primary wallet."""
    currency: str
    rules: list[RuleDifference]
    wallets: list[WalletDifference]
    most_affected: list[MemberDifference]
    distribution: list[DifferenceClass]
    tier_moves: list[TierMoveCount] = []
    """Of members whose purchases were looked at; who would stay is not among them."""
    farthest_moved: list[MemberMove] = []


def report_of(totals: Totals, document: ProgrammeDocument) -> BacktestReport:
    """The report of all parts' ``totals`` together."""
    return BacktestReport(
        purchases=totals.purchases,
        purchases_changed=totals.purchases_changed,
        members=totals.members,
        members_changed=totals.members_changed,
        difference=totals.wallets.get(document.primary_wallet, Sum()).difference,
        currency=document.currency,
        rules=[
            RuleDifference(rule=rule, drafted=sums.drafted, happened=sums.happened, difference=sums.difference)
            for rule, sums in sorted(totals.rules.items())
        ],
        wallets=[_wallet(wallet, totals, document) for wallet in sorted(totals.wallets)],
        most_affected=[_member(each) for each in totals.most_affected],
        distribution=[
            each for wallet, classes in sorted(totals.classes.items()) for each in _distribution(wallet, classes)
        ],
        tier_moves=[
            TierMoveCount(from_tier=move[0], to_tier=move[1], members=members)
            for move, members in sorted(
                totals.tier_moves.items(), key=lambda each: (each[0][0] or "", each[0][1] or "")
            )
        ],
        farthest_moved=[
            MemberMove(member_id=member_public_id(each.member_id), from_tier=each.from_tier, to_tier=each.to_tier)
            for each in totals.farthest_moved
        ],
    )


def _wallet(wallet: str, totals: Totals, document: ProgrammeDocument) -> WalletDifference:
    sums, living = totals.wallets[wallet], totals.living.get(wallet, Sum())
    pays = wallet == (document.spending.wallet or document.primary_wallet)
    value = document.spending.value if pays else None
    return WalletDifference(
        wallet=wallet,
        drafted=sums.drafted,
        happened=sums.happened,
        difference=sums.difference,
        cost_drafted_minor=_minor(sums.drafted, value),
        cost_happened_minor=_minor(sums.happened, value),
        living_drafted=living.drafted,
        living_happened=living.happened,
        liability_drafted_minor=_minor(living.drafted, value),
        liability_happened_minor=_minor(living.happened, value),
    )


def _minor(points: int, value: PointValue | None) -> int | None:
    """Rounded down: a part of a minor unit is never paid."""
    return None if value is None else points * value.minor // value.points


def _member(each: MemberSum) -> MemberDifference:
    return MemberDifference(
        member_id=member_public_id(each.member_id),
        wallet=each.wallet,
        drafted=each.drafted,
        happened=each.happened,
        difference=each.difference,
    )


def _tier_moves(counted: Mapping[tuple[str | None, str | None], int]) -> list[TierMoveCount]:
    by_names = sorted(counted.items(), key=lambda each: (each[0][0] or "", each[0][1] or ""))
    return [TierMoveCount(from_tier=before, to_tier=after, members=members) for (before, after), members in by_names]


def _distribution(wallet: str, classes: Mapping[int, int]) -> list[DifferenceClass]:
    ends = dict(zip(STEPS, (*(step - 1 for step in STEPS[1:]), None), strict=True))
    told = []
    for step, members in sorted(classes.items()):
        near, far = abs(step), ends.get(abs(step), 0)
        bounds = (near, far) if step >= 0 else (None if far is None else -far, -near)
        told.append(DifferenceClass(wallet=wallet, from_points=bounds[0], to_points=bounds[1], members=members))
    return told
