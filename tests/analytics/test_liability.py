"""The roll-forward adds up for any dates and any grouping, and it is what the balances say."""

import itertools
from collections import defaultdict
from datetime import datetime, timedelta
from typing import get_args

from analytics.liability import By, Liability, LiabilityQuestion, liability
from analytics.point_value import worth_of_points
from kernel.database import driver
from loyalty.accounting.roll_forward import BEGINNING, CHANGES, Basis, Figures
from loyalty.ledger.opening import look_at_account
from tests.loyalty.verification.history import PROGRAMME, History

BIES: tuple[By, ...] = get_args(By)
BASES: tuple[Basis, ...] = get_args(Basis)


async def ask(history: History, from_at: datetime, until_at: datetime, by: By, basis: Basis) -> Liability:
    asked = LiabilityQuestion(from_at=from_at, until_at=until_at, by=by, basis=basis, zone="Europe/Moscow")
    async with history.services.database.read() as session:
        return await liability(session, asked, worth=worth_of_points(PROGRAMME), now=history.clock())


def instants(history: History) -> list[datetime]:
    """Before everything, within it at odd times, now, and after."""
    now = history.clock()
    return [BEGINNING, *(now - timedelta(days=days, minutes=7) for days in (64, 59, 5)), now, now + timedelta(9)]


def by_group(found: Liability) -> dict[tuple[str, str], Figures]:
    return {(row.wallet, row.group): row.points for row in found.rows}


async def test_what_was_there_and_what_changed_is_what_is_there(history: History) -> None:
    for by, basis in itertools.product(BIES, BASES):
        for from_at, until_at in itertools.combinations(instants(history), 2):
            for row in (await ask(history, from_at, until_at, by, basis)).rows:
                changes = sum(getattr(row.points, name) for name in CHANGES)
                assert row.points.opening + changes == row.points.closing
                if row.minor is not None:
                    changes = sum(getattr(row.minor, name) for name in CHANGES)
                    assert row.minor.opening + changes + row.minor.rounding == row.minor.closing


async def test_a_period_opens_with_what_the_one_before_closed_with(history: History) -> None:
    for by, basis in itertools.product(BIES, BASES):
        for before, between, after in itertools.combinations(instants(history), 3):
            first = by_group(await ask(history, before, between, by, basis))
            second = by_group(await ask(history, between, after, by, basis))
            whole = by_group(await ask(history, before, after, by, basis))
            for key in first.keys() | second.keys() | whole.keys():
                empty = Figures()
                assert first.get(key, empty).closing == second.get(key, empty).opening
                for name in CHANGES:
                    parts = [getattr(half.get(key, empty), name) for half in (first, second)]
                    assert sum(parts) == getattr(whole.get(key, empty), name), (by, basis, key, name)


async def test_groups_give_the_same_sum_whatever_they_are(history: History) -> None:
    for basis in BASES:
        for from_at, until_at in itertools.combinations(instants(history), 2):
            answers = [await ask(history, from_at, until_at, by, basis) for by in BIES]
            assert all(each.totals == answers[0].totals for each in answers), (basis, from_at, until_at)
            assert all(each.debts == answers[0].debts for each in answers)


async def test_it_closes_with_what_the_balances_say(history: History) -> None:
    now = history.clock()
    expected: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    async with history.services.database.read() as session:
        connection = await driver(session)
        members = [row[0] for row in await connection.fetch("SELECT member_id FROM member WHERE merged_into IS NULL")]
        for member_id in members:
            for code, wallet in (await look_at_account(connection, member_id, now=now)).wallets.items():
                expected[code][0] += wallet.remaining
                expected[code][1] += wallet.debt
    found = await ask(history, BEGINNING, now + timedelta(microseconds=1), "store", "business")
    debts = {debt.wallet: debt.points for debt in found.debts}
    assert {row.wallet: [row.points.closing, debts.get(row.wallet, 0)] for row in found.totals} == dict(expected)
    assert debts["points"] > 0, "boris owes"


async def test_transfers_and_what_is_due_are_in_it(history: History) -> None:
    now = history.clock()
    found = await ask(history, BEGINNING, now + timedelta(microseconds=1), "wallet", "business")
    points = next(row.points for row in found.totals if row.wallet == "points")
    assert points.transferred == 0, "clara's points arrived at anna"
    assert min(points.issued, points.restored, points.adjusted) != 0
    assert max(points.clawed_back, points.redeemed, points.expired, points.forfeited) < 0
    booked = await ask(history, BEGINNING, now + timedelta(microseconds=1), "wallet", "recorded")
    assert points.expired < next(row.points for row in booked.totals if row.wallet == "points").expired < 0
