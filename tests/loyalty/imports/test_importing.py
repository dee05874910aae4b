"""An import comes once however often it is sent, goes as one, and half of it never comes."""

import asyncio

import httpx
import pytest

from api.services import Services
from kernel.database import driver
from loyalty.imports.applying import ImportCounts
from loyalty.imports.problems import ImportRefusedError
from loyalty.imports.reversing import ImportNotFoundError, ImportReversedError
from loyalty.imports.shadow import compare_balances
from loyalty.members.ids import member_public_id
from loyalty.members.merging import merge_members
from tests.clocks import MovableClock
from tests.journeys.tills import balances, done, fetch, line, sale
from tests.loyalty.imports.moving import CONSENTS, FILES, LOTS, MEMBERS, apply, dry_run, reverse
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

EVERYTHING = ImportCounts(members_new=2, identities_new=6, consents_new=1, lots_new=3, points={"points": 180})


async def test_members_and_points_move_in_with_their_days(services: Services) -> None:
    await publish(services)
    imported = await apply(services, FILES)
    assert imported.counts == EVERYTHING
    assert await balances(services) == [150, 30]
    lots = "SELECT amount, activated_at IS NOT NULL, expires_at::text FROM lot ORDER BY member_id, lot_no"
    assert await fetch(services, lots) == [
        (100, True, "2026-12-31 21:00:00+00"),
        (50, False, None),
        (30, True, None),
    ]
    entries = "SELECT DISTINCT debit, credit, kind, cause_kind FROM journal"
    assert await fetch(services, entries) == [("migrated", "member", "migrated", "import")]
    enrolled = await fetch(services, "SELECT enrolled_at::date::text FROM member ORDER BY member_id")
    assert enrolled == [("2024-04-30",), ("2023-01-14",)]
    await assert_verified(services)


async def test_the_same_files_again_change_nothing(services: Services) -> None:
    await publish(services)
    await apply(services, FILES)
    again = await apply(services, FILES)
    assert (again.import_id, again.counts) == (None, ImportCounts())
    assert await balances(services) == [150, 30]
    assert await fetch(services, "SELECT count(*) FROM import_run") == [(1,)]


async def test_two_imports_at_once_are_one_after_the_other(services: Services) -> None:
    await publish(services)
    both = await asyncio.gather(apply(services, FILES), apply(services, FILES))
    assert sorted(each.counts.members_new for each in both) == [0, 2]
    assert await balances(services) == [150, 30]
    await assert_verified(services)


async def test_what_is_new_or_changed_comes_later(services: Services) -> None:
    await publish(services)
    await apply(services, FILES)
    changed = {
        "members.csv": MEMBERS.replace("Anna Kovaleva", "Anna Petrova") + "c-3,,Clara Weiss,,clara@example.com,\n",
        "consents.csv": CONSENTS.replace("yes", "no"),
        "lots.csv": LOTS + "l-4,c-2,points,5,2026-03-01,,\nl-5,c-3,points,7,2026-03-01,,\n",
    }
    second = await apply(services, changed)
    assert second.counts == ImportCounts(
        members_new=1, members_changed=1, identities_new=2, consents_new=1, lots_new=2, points={"points": 12}
    )
    assert await balances(services) == [150, 35, 7]
    assert await fetch(services, "SELECT name FROM person ORDER BY member_id LIMIT 1") == [("Anna Petrova",)]
    await assert_verified(services)


async def test_it_is_taken_back_as_one_and_can_come_again(services: Services) -> None:
    await publish(services)
    first = await apply(services, FILES)
    assert first.import_id is not None
    reversal = await reverse(services, first.import_id)
    assert (reversal.members_removed, reversal.lots_taken_back, reversal.kept) == (2, 3, [])
    assert await balances(services) == [0, 0]
    assert await fetch(services, "SELECT count(*) FROM identity") == [(0,)]
    await assert_verified(services)
    with pytest.raises(ImportReversedError):
        await reverse(services, first.import_id)
    with pytest.raises(ImportNotFoundError):
        await reverse(services, first.import_id + 100)
    assert (await apply(services, FILES)).counts == EVERYTHING
    assert await balances(services) == [0, 0, 150, 30]
    await assert_verified(services)


async def test_who_has_used_what_came_keeps_it_and_is_told(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    await publish(services)
    first = await apply(services, FILES)
    (anna, _) = [row[0] for row in await fetch(services, "SELECT member_id FROM member ORDER BY member_id")]
    await done(client, await shop.till(), "purchases", sale("p", line("x"), member={"id": member_public_id(anna)}))
    assert first.import_id is not None
    reversal = await reverse(services, first.import_id)
    assert [(kept.member_id, kept.why) for kept in reversal.kept] == [(member_public_id(anna), "has_bought")]
    assert (reversal.members_removed, reversal.lots_taken_back) == (1, 1)
    assert await balances(services) == [250, 0]
    assert await fetch(services, "SELECT status FROM import_run") == [("partly_reversed",)]
    await assert_verified(services)


async def test_who_turned_out_to_be_one_with_somebody_from_here_stays(services: Services, shop: Shop) -> None:
    await publish(services)
    first = await apply(services, FILES)
    (anna, _) = [row[0] for row in await fetch(services, "SELECT member_id FROM member ORDER BY member_id")]
    from_here = await shop.member(phone="+79990009999")
    async with services.database.write() as session:
        await merge_members(
            session, source_id=from_here, target_id=anna, actor="staff:x", reason="twins", now=services.clock()
        )
        await session.commit()
    assert first.import_id is not None
    reversal = await reverse(services, first.import_id)
    assert [(kept.member_id, kept.why) for kept in reversal.kept] == [(member_public_id(anna), "merged")]
    assert await fetch(services, "SELECT member_id, kind FROM identity WHERE kind = 'phone' ORDER BY 1") == [
        (anna, "phone"),
        (anna, "phone"),
    ]
    assert await balances(services) == [150, 0]
    await assert_verified(services)


@pytest.mark.parametrize("broken", ["external_id,na\0me\nc-1,Anna\n", "external_id,name\nc-1,An\0na\n"])
async def test_a_byte_that_no_text_can_keep_is_told_at_its_line(services: Services, broken: str) -> None:
    await publish(services)
    problems = await dry_run(services, {"members.csv": broken})
    line = broken[: broken.index("\0")].count("\n") + 1
    assert [(each.line, each.code) for each in problems] == [(line, "line_broken")]


LOT = "l-9,c-1,points,10,2026-01-10,,\n"


@pytest.mark.parametrize(
    ("file", "row", "column", "code"),
    [
        ("lots.csv", LOT.replace(",10,", ",-10,"), "points", "lot_not_positive"),
        ("lots.csv", LOT.replace(",10,", ",0,"), "points", "lot_not_positive"),
        ("lots.csv", LOT.replace(",10,", ",1.5,"), "points", "number_malformed"),
        ("lots.csv", LOT.replace(",10,", ",9007199254740992,"), "points", "number_malformed"),
        ("lots.csv", LOT.replace(",10,", ",9007199254740991,"), "points", "points_out_of_range"),
        ("lots.csv", "l-9,c-1,points,10,2026-01-10,,2026-01-09\n", "expires_on", "lot_expires_before_earned"),
        ("lots.csv", "l-9,c-1,points,10,2026-01-10,2026-01-09,\n", "available_on", "lot_available_before_earned"),
        ("lots.csv", "l-9,c-1,points,10,2026-01-10,,2026-03-01\n", "expires_on", "lot_expired"),
        ("lots.csv", LOT.replace("2026-01-10", "2026-03-03"), "earned_on", "day_impossible"),
        ("lots.csv", LOT.replace("2026-01-10", "2026-02-30"), "earned_on", "day_malformed"),
        ("lots.csv", LOT.replace("points", "gems"), "wallet", "wallet_unknown"),
        ("lots.csv", LOT.replace("c-1", "c-9"), "external_id", "member_unknown"),
        ("lots.csv", LOT.replace("l-9", "l-1"), "lot_id", "lot_twice"),
        ("lots.csv", "l-9,c-1\n", "", "cells_missing"),
        ("members.csv", "c-1,,Anna,,anna@example.com,\n", "external_id", "member_twice"),
        ("members.csv", "c-9,,Anna,+79990000001,,\n", "phone", "identity_twice"),
        ("members.csv", "c-9,,Anna,+79990009999,,\n", "phone", "identity_taken"),
        ("members.csv", "c-9,,Anna,12,,\n", "phone", "invalid_identity"),
        ("members.csv", "c-9,,Anna,,,\n", "", "identity_missing"),
        ("members.csv", 'c-9,,"Anna,,,\n', "", "line_broken"),
        ("identities.csv", "c-1,passport,123\n", "kind", "kind_unknown"),
        ("consents.csv", "c-1,marketing,sms,maybe,2024-01\n", "granted", "answer_unclear"),
        ("consents.csv", "c-9,marketing,sms,yes,2024-01\n", "external_id", "member_unknown"),
        ("totals.csv", "points:gems,5\n", "total", "total_differs"),
        ("totals.csv", "people,5\n", "name", "total_unknown"),
    ],
)
async def test_what_cannot_be_is_told_at_its_line_and_nothing_comes(
    services: Services, shop: Shop, file: str, row: str, column: str, code: str
) -> None:
    await publish(services)
    await shop.member(phone="+79990009999")
    files = {name: text for name, text in FILES.items() if name != "totals.csv" or file == name}
    files[file] += row
    problems = await dry_run(services, files)
    last = files[file].count("\n")
    assert (file, last, column, code) in {(each.file, each.line, each.column, each.code) for each in problems}
    with pytest.raises(ImportRefusedError):
        await apply(services, files)
    assert await fetch(services, "SELECT count(*) FROM member") == [(1,)]
    assert await fetch(services, "SELECT count(*) FROM journal") == [(0,)]


async def test_a_lot_that_has_come_and_is_another_now_is_told(services: Services) -> None:
    await publish(services)
    await apply(services, FILES)
    (problem,) = await dry_run(services, {"lots.csv": LOTS.replace("l-3,c-2,points,30", "l-3,c-2,points,31")})
    assert (problem.line, problem.code) == (4, "lot_changed")


async def test_the_shadow_of_the_other_system_shows_who_differs(services: Services) -> None:
    await publish(services)
    await apply(services, FILES)
    content = b"external_id,wallet,balance\nc-1,points,150\nc-2,points,31\nc-7,points,4\nc-2,gems,0\n"
    async with services.database.read() as session:
        compared = await compare_balances(
            await driver(session),
            content,
            file="balances.csv",
            source="old",
            lookup_key=services.lookup_key,
            now=services.clock(),
        )
    assert compared.compared == 4
    assert [(each.external_id, each.theirs, each.ours) for each in compared.differences] == [
        ("c-2", 31, 30),
        ("c-7", 4, None),
    ]
    assert (compared.theirs["points"], compared.ours["points"]) == (185, 180)
