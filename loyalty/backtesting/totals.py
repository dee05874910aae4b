"""Adding up what was relived: sums that do not depend on the order, and that parts add to each other."""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Final

from msgspec import Struct, field

from loyalty.backtesting.reliving import Relived
from loyalty.backtesting.tiers import TierMover, farthest
from loyalty.earning.calendar import available_from, expires_at, local_day_starts
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.tiers.measures import Days, Measures, add_to

MOST_AFFECTED: Final = 20
STEPS: Final = (1, 10, 100, 1_000, 10_000, 100_000)
"""Where the classes of differences begin, in points, either way."""


class Sum(Struct):
    """Points under the document, and what they really were."""

    drafted: int = 0
    happened: int = 0

    @property
    def difference(self) -> int:
        return self.drafted - self.happened

    def add(self, other: "Sum") -> None:
        self.drafted += other.drafted
        self.happened += other.happened


class MemberSum(Struct, frozen=True):
    """What one member would have, and has, in one wallet."""

    member_id: int
    wallet: str
    drafted: int
    happened: int

    @property
    def difference(self) -> int:
        return self.drafted - self.happened


class Totals(Struct):
    """Everything that a back-test adds up."""

    purchases: int = 0
    purchases_changed: int = 0
    """Of which a wallet would have been paid other points."""
    members: int = 0
    members_changed: int = 0
    rules: dict[str, Sum] = field(default_factory=dict)
    wallets: dict[str, Sum] = field(default_factory=dict)
    living: dict[str, Sum] = field(default_factory=dict)
    """By wallet: the points that would not have expired by now, had nobody spent any."""
    classes: dict[str, dict[int, int]] = field(default_factory=dict)
    """By wallet: the class of a difference (0, or the step that it reaches, with its sign) to members."""
    most_affected: list[MemberSum] = field(default_factory=list)
    tier_moves: dict[tuple[str | None, str | None], int] = field(default_factory=dict)
    """From one tier to another: members."""
    farthest_moved: list[TierMover] = field(default_factory=list)

    def add(self, other: "Totals") -> None:
        """Take in the totals of other members."""
        self.purchases += other.purchases
        self.purchases_changed += other.purchases_changed
        self.members += other.members
        self.members_changed += other.members_changed
        for mine, theirs in (
            (self.rules, other.rules),
            (self.wallets, other.wallets),
            (self.living, other.living),
        ):
            for code, points in theirs.items():
                mine.setdefault(code, Sum()).add(points)
        for wallet, classes in other.classes.items():
            here = self.classes.setdefault(wallet, {})
            for step, members in classes.items():
                here[step] = here.get(step, 0) + members
        self.most_affected = most_affected([*self.most_affected, *other.most_affected])
        for move, members in other.tier_moves.items():
            self.tier_moves[move] = self.tier_moves.get(move, 0) + members
        self.farthest_moved = farthest([*self.farthest_moved, *other.farthest_moved])

    def move(self, movers: Iterable[TierMover]) -> None:
        """Take in members who would be in another tier."""
        for each in movers:
            move = (each.from_tier, each.to_tier)
            self.tier_moves[move] = self.tier_moves.get(move, 0) + 1
        self.farthest_moved = farthest([*self.farthest_moved, *movers])


def most_affected(members: Iterable[MemberSum]) -> list[MemberSum]:
    """Those with the greatest differences either way, the greatest first; equals in the order of members."""
    return heapq.nsmallest(
        MOST_AFFECTED,
        (each for each in members if each.difference),
        key=lambda each: (-abs(each.difference), each.member_id, each.wallet),
    )


def class_of(difference: int) -> int:
    """The step that a difference reaches, with its sign; 0 for none."""
    reached = max((step for step in STEPS if abs(difference) >= step), default=0)
    return reached if difference > 0 else -reached


class Adding:
    """Takes what one part relived, in whatever order."""

    def __init__(self, draft: ProgrammeSnapshot, versions: Mapping[int, ProgrammeSnapshot], *, now: datetime) -> None:
        self._totals = Totals()
        self._draft = _Rules(draft, now)
        self._versions = {version: _Rules(programme, now) for version, programme in versions.items()}
        self._members: defaultdict[int, dict[str, Sum]] = defaultdict(dict)
        self.changed_days: defaultdict[int, Days] = defaultdict(dict)
        """By member: the points that their days would have come to, less those that they came to."""

    def take(self, relived: Relived) -> None:
        """One purchase."""
        here = self._members[relived.member_id]
        drafted = self._draft.tell(relived, relived.drafted)
        happened = self._versions[relived.happened_under].tell(relived, relived.happened)
        changed = False
        for wallet in drafted.keys() | happened.keys():
            points, living = drafted.get(wallet, (0, 0)), happened.get(wallet, (0, 0))
            if points[0] != living[0]:
                changed = True
                measures = Measures(points={wallet: points[0] - living[0]})
                add_to(self.changed_days[relived.member_id], relived.local_date, measures)
            here.setdefault(wallet, Sum()).add(Sum(points[0], living[0]))
            self._totals.living.setdefault(wallet, Sum()).add(Sum(points[1], living[1]))
        for rule in relived.drafted.keys() | relived.happened.keys():
            self._totals.rules.setdefault(rule, Sum()).add(
                Sum(relived.drafted.get(rule, 0), relived.happened.get(rule, 0))
            )
        self._totals.purchases += 1
        self._totals.purchases_changed += changed

    @property
    def members(self) -> Collection[int]:
        """Whose purchases there were."""
        return self._members.keys()

    def totals(self) -> Totals:
        """What it comes to."""
        totals = self._totals
        totals.members = len(self._members)
        sums = self.member_sums()
        totals.members_changed = len({each.member_id for each in sums if each.difference})
        for each in sums:
            totals.wallets.setdefault(each.wallet, Sum()).add(Sum(each.drafted, each.happened))
            classes = totals.classes.setdefault(each.wallet, {})
            step = class_of(each.difference)
            classes[step] = classes.get(step, 0) + 1
        totals.most_affected = most_affected(sums)
        return totals

    def member_sums(self) -> list[MemberSum]:
        """What each member would have, and has, by wallet."""
        return [
            MemberSum(member_id, wallet, points.drafted, points.happened)
            for member_id, wallets in self._members.items()
            for wallet, points in wallets.items()
        ]


class _Rules:
    """The rules of one version: into which wallet each pays, and how long what it pays lives."""

    def __init__(self, programme: ProgrammeSnapshot, now: datetime) -> None:
        self._programme = programme
        self._rules = {rule.code: rule for rule in programme.rules}
        self._now = now
        self._living: dict[tuple[int, date, str], bool] = {}

    def tell(self, relived: Relived, rule_points: Mapping[str, int]) -> dict[str, tuple[int, int]]:
        """By wallet: the points of a purchase, and how many of them would still live."""
        wallets: dict[str, tuple[int, int]] = {}
        for code, points in rule_points.items():
            rule = self._rules[code]
            terms_no = rule.terms_no_by_tier.get(relived.tier, rule.terms_no)
            before = wallets.get(rule.wallet, (0, 0))
            lives = self._lives(terms_no, relived.local_date, relived.zone)
            wallets[rule.wallet] = (before[0] + points, before[1] + points * lives)
        return wallets

    def _lives(self, terms_no: int, day: date, zone: str) -> bool:
        key = (terms_no, day, zone)
        lives = self._living.get(key)
        if lives is None:
            terms = self._programme.lot_terms[terms_no]
            begins = available_from(terms.pending, day, zone) or local_day_starts(day, zone)
            ends = expires_at(terms.expiry, begins, zone)
            lives = self._living[key] = ends is None or ends > self._now
        return lives
