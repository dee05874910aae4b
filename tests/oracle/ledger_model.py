"""What the points ledger means, as a small, slow and plain model: the specification and the tests' oracle.

Lists of facts, plain loops, no database. Each operation takes `now` (aware UTC) and answers `Done` or a
`Refusal`; a refusal changes nothing but what was due anyway. The numbered choices are the meaning that the
production ledger follows.

Time
 1. Before an operation, everything due by its `now` happens at its own instant; at equal instants first
    activations, then hold time-outs, then expiries, each by lot or hold number. What an operation itself
    makes due happens at its end.
 2. An operation earlier than the last thing that happened to the member counts as happening at that
    instant; `recorded_at` never goes back within a member.
 3. A lot is activated at its `available_from`, even when it is recorded later: the points of a late receipt
    live from the instant of the sale. Its expiry is computed then and never again. Activation moves no
    points, so it writes no journal row; neither do hold and release.
 4. A hold times out, and a lot expires, at the instant itself (both ends are exclusive).
 5. Points that come free in a lot past its expiry (its hold ended) first repay debt and then expire, at the
    instant they came free.
Journal
 6. There is one row per movement that changes a lot's remaining points, one per debt raised, moved or
    undone, and one per point total that was forgiven or written off; a group of 0 points makes neither lot
    nor row.
 7. Every claw-back credits the code that the earn debited in full, from the member, `debt`, `expired`
    (forgiven) or `written_off`, so that the net of that code for a purchase is always its current target;
    spends likewise.
Debt
 8. After every operation and every due event, and between the capture and the earn of one sale, debt is
    repaid from any unheld points of the wallet in take-back order: pending lots first, then
    never-expiring, then the latest expiry, then the higher lot number.
 9. Debt is one sum for each wallet. Undoing the debt of a spend cancels what is owed; the rest was repaid
    meanwhile and comes as a new lot, at once, for as long as the programme's own points live: here for good.
Spending
10. Spend, hold, gift and negative adjustment take free points by (expiry, never last; lot number), all or
    nothing; a negative adjustment may be told to raise a debt for what is missing.
11. A capture takes the first points of its hold; 0 points are allowed. A hold resolves once; one that timed
    out or was voided can still be captured, late and once; a void after the time-out is refused.
12. A late capture spends available points up to what is asked; the shortfall is a debt, or by the wallet's
    setting written off or clamped (booked as written off and reported to the till).
Reversing
13. A refund names the target per wallet (earned points that stay; a wallet not named stays as it is) and
    how many more spent points come back. It first puts spent points back, then claws back. Partial refunds
    made at one time that reach the same targets give the same balance, debt and held points in any order,
    and the same free and pending ones together; only which lots repaid a debt may differ.
14. Spent points return in the reverse order they were taken: a shortfall first (its debt is undone;
    written-off and clamped points come back to nobody), then lots.
15. Points returning to an expired lot expire at once, before they could repay a debt, or form a grace lot
    that lives `grace_days` from now; a grace lot, and a lot made by a merge, still belongs to the purchase
    that earned it.
16. A claw-back takes from the purchase's own lots, unheld points in take-back order; then what expired or
    was forfeited there is forgiven; then own points that are held or have repaid a debt become debt
    whatever the setting (less the debt that this purchase already raised); only the rest follows the
    wallet's setting.
17. A refund only ever takes: a target above what stands is refused, and a claw-back is not undone. What a
    rule paid and a refund took may have been paid to others since, under the same cap or budget.
18. Reversing an earn, spend, purchase or adjustment is a refund of all of it, once; afterwards refunds are
    refused. Gifts, merges and erasures are not reversible. Only purchases are refunded in part.
Members
19. A merge voids the open holds of the member who leaves, and moves each lot's remaining points, with
    pending state and expiry, to a new lot with `origin`, and the debt; the merged number then means the
    other member. Points put back later into a lot of the merged member form a new lot of the other one.
20. A gift moves free points to new lots with the same expiry; the purchase that earned them owns them no
    more, so its refund counts them as spent.
21. Erasing voids open holds, forfeits all points and writes off debts. New operations are then refused, but
    completed sales (purchase, late capture), refunds and reversals are recorded; what they bring is
    forfeited, and what they owe written off. (Production lets such sales earn nothing to begin with.)
"""

from datetime import datetime, timedelta

from tests.oracle.ledger_books import Books
from tests.oracle.ledger_facts import (
    DEBT,
    EXPIRED,
    TRANSFER,
    Done,
    Expiry,
    Fact,
    Group,
    Hold,
    HoldState,
    Lot,
    Member,
    Part,
    Refusal,
    in_take_back_order,
    never,
    points_by_kind,
    spend_order,
)

Answer = Done | Refusal
Figures = dict[str, dict[str, int]]


class Ledger(Books):
    """The operations. Each locks nothing, decides before it writes, and answers a value."""

    # Members

    def enrol(self, *, now: datetime) -> Answer:
        self.members.append(Member(len(self.members) + 1, now))
        return Done(len(self.members))

    def merge(self, source: int, target: int, *, now: datetime) -> Answer:
        old, new = self._begin(now, source, target), self.home(target)
        if old is new or old.erased or new.erased:
            return Refusal("same_member" if old is new else "member_erased")
        self._void_holds(old)
        fact = self._new_fact(new, "merge")
        for lot in self.lots_of(old):
            if points := lot.remaining:
                self._take(lot, "transferred", points, TRANSFER)
                self._copy_lot(new, lot, points, TRANSFER)
        for wallet in self.settings.shortfall:
            debt = self.debt(old, wallet)
            self._post(old, wallet, TRANSFER, DEBT, debt)
            self._post(new, wallet, DEBT, TRANSFER, debt)
        old.merged_into = new
        self._finish(new)
        return Done(fact.number)

    def _void_holds(self, home: Member) -> None:
        for hold in self.open_holds_of(home):
            self._release(hold, "voided")
        self._finish(home)

    def erase(self, member: int, *, now: datetime) -> Answer:
        home = self._begin(now, member)
        if home.erased:
            return Refusal("member_erased")
        self._void_holds(home)
        fact = self._new_fact(home, "erase")
        home.erased = True
        self._finish(home)
        return Done(fact.number)

    # Earning

    def earn(self, member: int, groups: list[Group], *, now: datetime, occurred_at: datetime | None = None) -> Answer:
        home = self._begin(now, member)
        if home.erased or any(group.points < 0 for group in groups):
            return Refusal("member_erased" if home.erased else "bad_points")
        fact = self._new_fact(home, "earn")
        self._earn(home, fact, groups, occurred_at)
        self._finish(home)
        return Done(fact.number)

    def _earn(self, home: Member, fact: Fact, groups: list[Group], occurred_at: datetime | None = None) -> None:
        for group in groups:
            fact.earned[group.wallet] = fact.earned.get(group.wallet, 0) + group.points
            fact.clawed[group.wallet] = []
            if group.points:
                self._new_lot(home, group, fact.earn_code, occurred_at=occurred_at)

    def purchase(
        self,
        member: int,
        groups: list[Group],
        *,
        now: datetime,
        hold: int | None = None,
        points: int = 0,
        occurred_at: datetime | None = None,
    ) -> Answer:
        """A completed sale: captures `points` of its hold, late if the hold has timed out, then earns."""
        home = self._begin(now, member)
        kept = self.holds[hold - 1] if hold else None
        if any(group.points < 0 for group in groups):
            return Refusal("bad_points")
        if kept and self.home(kept.member) is not home:
            return Refusal("hold_of_another_member")
        if kept and (refusal := self._capture_refusal(kept, points, "open", "timed_out", "voided")):
            return refusal
        fact = self._new_fact(home, "purchase")
        figures = self._capture(home, kept, points, fact) if kept else {}
        self._repay(home)
        self._earn(home, fact, groups, occurred_at)
        self._finish(home)
        return Done(fact.number, figures)

    # Spending

    def spend(self, member: int, wallet: str, points: int, *, now: datetime) -> Answer:
        home = self._begin(now, member)
        if refusal := self._spend_refusal(home, wallet, points):
            return refusal
        fact = self._new_fact(home, "spend")
        self._spend(home, fact, wallet, points)
        self._finish(home)
        return Done(fact.number)

    def _spend_refusal(self, home: Member, wallet: str, points: int, *, beyond_free: bool = False) -> Refusal | None:
        if home.erased or points <= 0:
            return Refusal("member_erased" if home.erased else "bad_points")
        free = self.free(home, wallet, self.at)
        if points > free and not beyond_free:
            return Refusal("insufficient_points", {"required": points, "available": free, "missing": points - free})
        return None

    def _choose(self, home: Member, wallet: str, points: int) -> list[tuple[Lot, int]]:
        chosen = []
        for lot in sorted(self.lots_of(home, wallet), key=spend_order):
            share = min(points, lot.unheld) if lot.is_live(self.at) else 0
            points -= share
            if share:
                chosen.append((lot, share))
        return chosen

    def _spend(self, home: Member, fact: Fact, wallet: str, points: int) -> int:
        """Takes what there is of `points`, and answers how many were missing."""
        for lot, share in self._choose(home, wallet, points):
            self._take(lot, "spent", share, fact.spend_code)
            fact.spent.append(Part("lot", wallet, share, lot))
            points -= share
        return points

    def adjust(
        self,
        member: int,
        wallet: str,
        points: int,
        *,
        now: datetime,
        expiry: Expiry = never,
        may_go_negative: bool = False,
    ) -> Answer:
        home = self._begin(now, member)
        if refusal := self._spend_refusal(home, wallet, abs(points), beyond_free=points > 0 or may_go_negative):
            return refusal
        fact = self._new_fact(home, "adjust")
        if points > 0:
            self._earn(home, fact, [Group(wallet, points, None, expiry)])
        else:
            missing = self._spend(home, fact, wallet, -points)
            fact.spent += self._raise_debt(home, wallet, missing, fact.spend_code)
        self._finish(home)
        return Done(fact.number)

    def gift(self, giver: int, receiver: int, wallet: str, points: int, *, now: datetime) -> Answer:
        old, new = self._begin(now, giver, receiver), self.home(receiver)
        if old is new or new.erased:
            return Refusal("same_member" if old is new else "member_erased")
        if refusal := self._spend_refusal(old, wallet, points):
            return refusal
        fact = self._new_fact(old, "gift")
        for lot, share in self._choose(old, wallet, points):
            self._take(lot, "transferred", share, TRANSFER)
            self._copy_lot(new, lot, share, TRANSFER).gifted = True
        self._finish(old, new)
        return Done(fact.number)

    # Holds

    def hold(self, member: int, wallet: str, points: int, timeout_s: int, *, now: datetime) -> Answer:
        home = self._begin(now, member)
        if refusal := self._spend_refusal(home, wallet, points):
            return refusal
        parts = [Part("lot", wallet, share, lot) for lot, share in self._choose(home, wallet, points)]
        for part in parts:
            assert part.lot
            self._move(part.lot, "held", part.points)
        times_out_at = self.at + timedelta(seconds=timeout_s)
        self.holds.append(Hold(len(self.holds) + 1, home, wallet, points, times_out_at, parts))
        return Done(len(self.holds))

    def void(self, hold: int, *, now: datetime) -> Answer:
        kept = self.holds[hold - 1]
        home = self._begin(now, kept.member)
        if kept.state != "open":
            return Refusal(f"hold_{kept.state}")
        self._release(kept, "voided")
        self._finish(home)
        return Done(hold)

    def capture(self, hold: int, points: int, *, now: datetime) -> Answer:
        return self._capture_alone(hold, points, ("open",), now)

    def late_capture(self, hold: int, points: int, *, now: datetime) -> Answer:
        return self._capture_alone(hold, points, ("timed_out", "voided"), now)

    def _capture_alone(self, hold: int, points: int, states: tuple[HoldState, ...], now: datetime) -> Answer:
        kept = self.holds[hold - 1]
        home = self._begin(now, kept.member)
        if refusal := self._capture_refusal(kept, points, *states):
            return refusal
        fact = self._new_fact(home, "spend")
        figures = self._capture(home, kept, points, fact)
        self._finish(home)
        return Done(fact.number, figures)

    def _capture_refusal(self, hold: Hold, points: int, *states: HoldState) -> Refusal | None:
        if hold.state not in states:
            return Refusal(f"hold_{hold.state}")
        if not 0 <= points <= hold.authorised:
            return Refusal("above_authorised", {"authorised": hold.authorised})
        return None

    def _capture(self, home: Member, hold: Hold, points: int, fact: Fact) -> Figures:
        hold.captured = points
        if hold.state != "open":
            hold.state = "captured_late"
            missing = self._spend(home, fact, hold.wallet, points)
            fact.spent += self._fall_short(home, hold.wallet, missing, fact.spend_code)
            return {hold.wallet: {"spent": points - missing, "missing": missing}}
        for part in hold.parts:
            assert part.lot
            share = min(part.points, points)
            self._take(part.lot, "captured", share, fact.spend_code)
            fact.spent.append(Part("lot", hold.wallet, share, part.lot))
            part.points, points = part.points - share, points - share
        self._release(hold, "captured")
        return {hold.wallet: {"spent": hold.captured, "missing": 0}}

    # Refunding and reversing

    def refund(self, purchase: int, targets: dict[str, int], spent_back: int, *, now: datetime) -> Answer:
        """Leaves `targets` of what was earned, and puts `spent_back` more of the spent points back."""
        fact = self.facts[purchase - 1]
        home = self._begin(now, fact.member)
        if fact.kind != "purchase":
            return Refusal("not_a_purchase")
        return self._put_right(home, fact, targets, spent_back)

    def reverse(self, number: int, *, now: datetime) -> Answer:
        fact = self.facts[number - 1]
        home = self._begin(now, fact.member)
        if fact.kind not in ("earn", "spend", "purchase", "adjust"):
            return Refusal("not_reversible")
        answer = self._put_right(home, fact, dict.fromkeys(fact.earned, 0), sum(part.points for part in fact.spent))
        fact.reversed = True
        return answer

    def _put_right(self, home: Member, fact: Fact, targets: dict[str, int], spent_back: int) -> Answer:
        if fact.reversed:
            return Refusal("already_reversed")
        stands = {
            wallet: earned - points_by_kind(fact.clawed[wallet]).total() for wallet, earned in fact.earned.items()
        }
        if any(not 0 <= target <= stands.get(wallet, 0) for wallet, target in targets.items()):
            return Refusal("above_what_stands")
        if not 0 <= spent_back <= sum(part.points for part in fact.spent):
            return Refusal("above_spent")
        self.fact = fact
        self._undo(home, fact.spent, spent_back, fact.spend_code, self.settings.grace_days)
        figures = {
            wallet: self._retarget(home, fact, wallet, targets[wallet])
            for wallet in sorted(targets)
            if wallet in fact.earned
        }
        self._finish(home)
        return Done(fact.number, figures)

    def _retarget(self, home: Member, fact: Fact, wallet: str, target: int) -> dict[str, int]:
        """Lowers the points that stay to `target`; answers by where they came from."""
        taken_before = points_by_kind(fact.clawed[wallet])
        self._claw_back(home, fact, wallet, fact.earned[wallet] - target - taken_before.total())
        taken = points_by_kind(fact.clawed[wallet])
        changes = {kind: taken[kind] - taken_before[kind] for kind in taken}
        return {kind: change for kind, change in changes.items() if change}

    def _claw_back(self, home: Member, fact: Fact, wallet: str, points: int) -> None:
        parts, code = fact.clawed[wallet], fact.earn_code
        taken_before = points_by_kind(parts)
        own = [lot for lot in self.lots_of(home, wallet) if self._belongs(lot, fact)]
        for lot in in_take_back_order(own):
            share = min(points, lot.unheld)
            self._take(lot, "clawed", share, code)
            parts.append(Part("lot", wallet, share, lot))
            points -= share
        forgiven = min(points, sum(lot.total("expired") for lot in own) - taken_before["expired"])
        self._post(home, wallet, EXPIRED, code, forgiven)
        parts.append(Part("expired", wallet, forgiven))
        repaid = sum(lot.total("repaid") for lot in own)
        held = sum(lot.held for lot in own)
        owed = min(points - forgiven, max(0, repaid + held - taken_before["debt"]))
        parts += self._raise_debt(home, wallet, owed, code)
        parts += self._fall_short(home, wallet, points - forgiven - owed, code)

    def _belongs(self, lot: Lot, fact: Fact) -> bool:
        """Whether the lot, or the one it was moved or restored from, was earned by the purchase."""
        while lot.origin and not lot.gifted:
            lot = lot.origin
        return lot.fact == fact.number and not lot.gifted
