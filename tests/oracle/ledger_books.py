"""The model's lists of facts, the totals folded from them, what falls due, and the moves operations share."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta

from tests.oracle.ledger_facts import (
    DEBT,
    EXPIRED,
    FORFEITED,
    MEMBER,
    WRITTEN_OFF,
    Fact,
    FactKind,
    Group,
    Hold,
    HoldState,
    Lot,
    Member,
    Movement,
    MovementKind,
    Part,
    Row,
    Settings,
    in_take_back_order,
)


class Books:
    """All members, lots, holds, debts, facts and journal rows; numbers count from 1."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.members: list[Member] = []
        self.lots: list[Lot] = []
        self.holds: list[Hold] = []
        self.facts: list[Fact] = []
        self.journal: list[Row] = []
        self.movement_count = 0
        # Of the operation in progress: when it is recorded, the instant it has come to, and its fact.
        self.now = self.at = datetime.min.replace(tzinfo=UTC)
        self.fact: Fact | None = None

    # Reading

    def home(self, member: int | Member) -> Member:
        """The member that a number means today: merges are followed."""
        found = self.members[member - 1] if isinstance(member, int) else member
        return self.home(found.merged_into) if found.merged_into else found

    def lots_of(self, member: int | Member, wallet: str | None = None) -> list[Lot]:
        home = self.home(member)
        return [lot for lot in self.lots if self.home(lot.member) is home and wallet in (None, lot.wallet)]

    def open_holds_of(self, member: int | Member) -> list[Hold]:
        home = self.home(member)
        return [hold for hold in self.holds if hold.state == "open" and self.home(hold.member) is home]

    def debt(self, member: int | Member, wallet: str) -> int:
        number = self.home(member).number
        rows = [row for row in self.journal if row.member == number and row.wallet == wallet]
        return sum(row.points * ((row.debit == DEBT) - (row.credit == DEBT)) for row in rows)

    def balance(self, member: int | Member, wallet: str) -> int:
        return sum(lot.remaining for lot in self.lots_of(member, wallet)) - self.debt(member, wallet)

    def held(self, member: int | Member, wallet: str) -> int:
        return sum(lot.held for lot in self.lots_of(member, wallet))

    def pending(self, member: int | Member, wallet: str) -> int:
        return sum(lot.remaining for lot in self.lots_of(member, wallet) if lot.activated_at is None)

    def free(self, member: int | Member, wallet: str, at: datetime) -> int:
        """Points that can be spent at `at`, provided that what is due by then was applied."""
        return sum(lot.unheld for lot in self.lots_of(member, wallet) if lot.is_live(at))

    def available_at(self, member: int, wallet: str, at: datetime) -> int:
        """Points that could be spent at `at` if nothing else happened until then; writes nothing."""
        future = deepcopy(self)
        future.apply_due(member, at)
        return future.free(member, wallet, at)

    # What is due

    def apply_due(self, member: int | Member, now: datetime) -> None:
        home = self.home(member)
        self.now, self.fact = now, None
        while due := [event for event in self._events(home) if event[0] <= now]:
            self.at, rank, number = min(due)
            home.clock = self.at
            if rank == 0:
                self.lots[number - 1].activate(self.at)
            elif rank == 1:
                self._release(self.holds[number - 1], "timed_out")
            else:
                lot = self.lots[number - 1]
                self._take(lot, "expired", lot.unheld, EXPIRED)
            self._repay(home)

    def _events(self, home: Member) -> list[tuple[datetime, int, int]]:
        lots = self.lots_of(home)
        return (
            [(max(lot.available_from, home.clock), 0, lot.number) for lot in lots if lot.activated_at is None]
            + [(max(hold.times_out_at, home.clock), 1, hold.number) for hold in self.open_holds_of(home)]
            + [(max(lot.expires_at, home.clock), 2, lot.number) for lot in lots if lot.expires_at and lot.unheld]
        )

    def _begin(self, now: datetime, *members: int | Member) -> Member:
        """Applies what is due to each member and answers the first one's home."""
        homes = [self.home(member) for member in members]
        now = max([now, *(home.clock for home in homes)])
        for home in homes:
            self.apply_due(home, now)
            home.clock = self.at = now
        return homes[0]

    def _finish(self, *homes: Member) -> None:
        for home in homes:
            self._repay(home)
            self.apply_due(home, home.clock)

    # Rows, movements, lots

    def _post(
        self, home: Member, wallet: str, debit: str, credit: str, points: int, at: datetime | None = None
    ) -> None:
        if points == 0:
            return
        own = [row for row in self.journal if row.member == home.number]
        before = next((row.balance_after for row in reversed(own) if row.wallet == wallet), 0)
        change = points * ((credit in (MEMBER, DEBT)) - (debit in (MEMBER, DEBT)))
        recorded_at = max([self.now, *(row.recorded_at for row in own)])
        fact = self.fact.number if self.fact else None
        row = Row(
            home.number,
            len(own) + 1,
            wallet,
            debit,
            credit,
            points,
            before + change,
            at or self.at,
            recorded_at,
            fact,
        )
        self.journal.append(row)

    def _move(self, lot: Lot, kind: MovementKind, points: int) -> None:
        if points:
            self.movement_count += 1
            lot.movements.append(Movement(self.movement_count, kind, points, self.at))

    def _take(self, lot: Lot, kind: MovementKind, points: int, credit: str) -> None:
        self._move(lot, kind, points)
        self._post(lot.member, lot.wallet, MEMBER, credit, points)

    def _new_fact(self, home: Member, kind: FactKind) -> Fact:
        self.fact = Fact(len(self.facts) + 1, home, kind)
        self.facts.append(self.fact)
        return self.fact

    def _new_lot(
        self,
        home: Member,
        group: Group,
        debit: str,
        origin: Lot | None = None,
        occurred_at: datetime | None = None,
        earned: bool = True,
    ) -> Lot:
        assert self.fact
        available_from = group.available_from or self.at
        lot = Lot(
            len(self.lots) + 1,
            home,
            group.wallet,
            group.points,
            available_from,
            group.expiry,
            self.fact.number if earned else 0,
            self.movement_count,
            origin,
        )
        self.lots.append(lot)
        self._post(home, group.wallet, debit, MEMBER, group.points, occurred_at)
        if available_from <= self.at:
            lot.activate(available_from)
        return lot

    def _copy_lot(self, home: Member, origin: Lot, points: int, debit: str) -> Lot:
        group = Group(origin.wallet, points, origin.available_from, origin.expiry)
        lot = self._new_lot(home, group, debit, origin)
        lot.activated_at, lot.expires_at = origin.activated_at, origin.expires_at
        return lot

    def _release(self, hold: Hold, state: HoldState) -> None:
        hold.state = state
        for part in hold.parts:
            assert part.lot
            self._move(part.lot, "released", part.points)
        hold.parts = []

    # Debt

    def _raise_debt(self, home: Member, wallet: str, points: int, credit: str) -> list[Part]:
        self._post(home, wallet, DEBT, credit, points)
        return [Part("debt", wallet, points)]

    def _fall_short(self, home: Member, wallet: str, points: int, credit: str) -> list[Part]:
        setting = self.settings.shortfall[wallet]
        if setting == "debt":
            return self._raise_debt(home, wallet, points, credit)
        self._post(home, wallet, WRITTEN_OFF, credit, points)
        return [Part(setting, wallet, points)]

    def _repay(self, home: Member) -> None:
        for wallet in self.settings.shortfall:
            debt = self.debt(home, wallet)
            for lot in in_take_back_order(self.lots_of(home, wallet)) if debt else []:
                points = min(lot.unheld, debt)
                self._take(lot, "repaid", points, DEBT)
                debt -= points
        if home.erased:
            self._forfeit(home)

    def _forfeit(self, home: Member) -> None:
        for lot in self.lots_of(home):
            self._take(lot, "expired", lot.unheld, FORFEITED)
        for wallet in self.settings.shortfall:
            self._post(home, wallet, WRITTEN_OFF, DEBT, self.debt(home, wallet))

    # Putting back

    def _undo(self, home: Member, parts: list[Part], points: int, debit: str, grace_days: int | None) -> None:
        """Puts spent points back where they were taken from, the last taken first."""
        for part in reversed(parts):
            back = min(points, part.points)
            part.points, points = part.points - back, points - back
            if back and part.lot:
                self._put_back(home, part.lot, back, debit, grace_days)
            elif part.kind == "debt":
                self._undo_debt(home, part.wallet, back, debit)
            else:
                self._post(home, part.wallet, debit, WRITTEN_OFF, back)

    def _put_back(self, home: Member, lot: Lot, points: int, debit: str, grace_days: int | None) -> None:
        late = lot.has_expired(self.at)
        if late and grace_days is not None:
            expires_at = self.at + timedelta(days=grace_days)
            self._new_lot(home, Group(lot.wallet, points, self.at, lambda activated_at: expires_at), debit, lot)
            return
        if lot.member is home:
            self._move(lot, "restored", points)
            self._post(home, lot.wallet, debit, MEMBER, points)
        else:
            lot = self._copy_lot(home, lot, points, debit)
        if late:
            self._take(lot, "expired", points, EXPIRED)

    def _undo_debt(self, home: Member, wallet: str, points: int, debit: str) -> None:
        cancelled = min(points, self.debt(home, wallet))
        self._post(home, wallet, debit, DEBT, cancelled)
        if points > cancelled:
            self._new_lot(home, Group(wallet, points - cancelled), debit, earned=False)
