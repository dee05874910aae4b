"""Rewards issued per second over HTTP, and pgbench issuing the same on the same PostgreSQL, in turns."""

import asyncio
import json
from datetime import datetime
from typing import Any, Final

import asyncpg
from msgspec import Struct
from msgspec.structs import replace

from api.callers import MemberCaller
from api.cli.serve import Server
from api.idempotency import canonical_body, settle_once
from api.security.access import issue_member_access
from api.services import Services
from bench.earning import programme
from bench.importing import move_in
from bench.load.driving import Load, Measured, drive
from bench.pgbench import Calls, call_function
from bench.plpgsql import MARK, MEMBER, REDEMPTION, REMAINING
from bench.posting_function import add_marked_member, copy_database, create_function
from bench.proving import prove
from bench.server import serving
from bench.spread import spread
from bench.stand import PGBENCH_DATABASE, RULES, Stand, gather_statistics, opened, populate, stand
from bench.statements import statements_of
from kernel.database import WriteSession, driver
from loyalty.models import Redemption
from loyalty.programme.publishing import publish_programme
from loyalty.programme.rewards import Reward, RewardEffect, RewardPrice
from loyalty.rewards.codes import redemption_id
from loyalty.rewards.issuing import issue_reward

FUNCTION: Final = "bench_redeem"
_PATH: Final = "/v1/me/redemptions"
_GIFT: Final = Reward(
    code="mug", names={"en": "Mug"}, effect=RewardEffect(kind="gift"), prices=(RewardPrice(points=100),)
)
_POINTS: Final = 10_000_000
"""Of each member, in one lot: enough for every run."""
_WARM_UP_SECONDS: Final = 5


class Issued(Struct, frozen=True):
    """What stands for the answer."""

    id: str
    code: str


def measure_redemptions(*, rounds: int = 3, seconds: int = 10, members: int = 5_000, processes: int) -> dict[str, Any]:
    """Rounds of a gift without stock issued to random members, who press the button on their phones."""
    with stand() as here:
        asyncio.run(populate(here, members=1))
        load = asyncio.run(_ready(here, members=members))
        statements = asyncio.run(_make_function(here))
        with serving(here, server=Server.UVICORN, workers=processes):
            folder, port = here.directory / "load", here.settings.port
            drive(load, port=port, seconds=_WARM_UP_SECONDS, folder=folder, run="w")
            _call(here, members, _WARM_UP_SECONDS)
            asyncio.run(gather_statistics(here.owner_dsn, PGBENCH_DATABASE))
            turns = []
            for number in range(rounds):
                served = drive(load, port=port, seconds=seconds, folder=folder, run=f"r{number}")
                turns.append((served, _call(here, members, seconds)))
                _say(*turns[-1])
        verified = asyncio.run(prove(here))
    return {
        "redemption_http_per_second": spread([served.per_second for served, _ in turns], digits=0),
        "redemption_pgbench_per_second": spread([called.per_second for _, called in turns], digits=0),
        "redemption_http_to_pgbench_ratio": spread([served.per_second / called.per_second for served, called in turns]),
        "redemption_http_p99_ms": spread([served.p99_ms for served, _ in turns]),
        "redemption_http_failed": sum(served.failed for served, _ in turns),
        "redemption_statements": statements,
        "redemption_members": members,
        "redemption_processes": processes,
        "redemption_verify": verified,
    }


def _call(here: Stand, members: int, seconds: int) -> Calls:
    return call_function(here, FUNCTION, first_member=2, last_member=members + 1, seconds=seconds)


def _say(served: Measured, called: Calls) -> None:
    print(
        f"  HTTP {served.per_second:,.0f}/s (p99 {served.p99_ms} ms, {served.failed} failed), "
        f"pgbench {called.per_second:,.0f}/s, ratio {served.per_second / called.per_second:.2f}",
        flush=True,
    )


async def _ready(here: Stand, *, members: int) -> Load:
    """Publish the reward, move the members in with their points, and sign their phones in."""
    async with opened(here.settings) as services, services.database.write() as session:
        now = services.clock()
        document = replace(programme(RULES, applying=True).document, rewards=(_GIFT,))
        await publish_programme(session, document, starts_at=now, published_by="job:bench", note="", now=now)
        await session.commit()
    async with opened(here.settings) as services:
        await move_in(services, _files(members))
        now = services.clock()
        async with services.database.read() as session:
            found = await (await driver(session)).fetch("SELECT member_id FROM balance ORDER BY member_id")
        assert [row["member_id"] for row in found] == list(range(2, members + 2)), "members are numbered on"
        tokens = [issue_member_access(services.signing_keys, row["member_id"], "bench", now=now).token for row in found]
    return Load(path=_PATH, templates=[json.dumps({"reward": _GIFT.code})], members=["nobody"], tokens=tokens)


def _files(members: int) -> dict[str, bytes]:
    rows = [f"c-{n},2024-05-01,+7999{n:07}\n" for n in range(members)]
    lots = [f"l-{n},c-{n},points,{_POINTS},2025-01-15,2099-01-28\n" for n in range(members)]
    return {
        "members.csv": ("external_id,enrolled_on,phone\n" + "".join(rows)).encode(),
        "lots.csv": ("lot_id,external_id,wallet,points,earned_on,expires_on\n" + "".join(lots)).encode(),
    }


async def _make_function(here: Stand) -> int:
    """The same act by one call, out of what the service sent for one; answers how many statements it runs."""
    await copy_database(here)
    await add_marked_member(here)
    await _give_marked_lot(here)
    issued: list[Redemption] = []

    async def first(services: Services) -> None:
        await _issue(services, "first", [])

    async def act(services: Services) -> None:
        await _issue(services, MARK, issued)

    statements = await statements_of(here, first, act)
    shown = issued[0].shown_code
    marked = [
        each._replace(arguments=tuple(MARK if argument == shown else argument for argument in each.arguments))
        for each in statements
    ]
    await create_function(here, FUNCTION, marked)
    return len(marked)


async def _give_marked_lot(here: Stand) -> None:
    """The only lot of the marked member: all its points, numbered as everybody's only lot is."""
    connection = await asyncpg.connect(here.owner_dsn, database=PGBENCH_DATABASE)
    try:
        await connection.execute(
            """INSERT INTO lot (member_id, lot_no, wallet, amount, remaining, held, available_from, activated_at,
            expires_at, expiry, entry_no, cause_kind, cause_no, origin_member_id, origin_lot_no)
            SELECT $1, lot_no, wallet, $2, $2, 0, available_from, activated_at, expires_at, expiry, entry_no,
            cause_kind, cause_no, origin_member_id, origin_lot_no FROM lot WHERE member_id = 2""",
            MEMBER,
            REMAINING,
        )
        await connection.execute("UPDATE member SET last_redemption_no = $2 WHERE member_id = $1", MEMBER, REDEMPTION)
    finally:
        await connection.close()


async def _issue(services: Services, key: str, issued: list[Redemption]) -> None:
    """As ``createMyRedemption`` does it, without reading what its answer shows."""
    caller = MemberCaller(MEMBER)

    async def act(session: WriteSession, now: datetime) -> Issued:
        redemption = await issue_reward(
            session, MEMBER, _GIFT.code, programme=services.programmes.at(now), actor=caller.actor, now=now
        )
        issued.append(redemption)
        return Issued(redemption_id(MEMBER, redemption.redemption_no), redemption.shown_code)

    status, answer = await settle_once(services, caller, key, canonical_body("createMyRedemption", key), act)
    assert status == 201, f"the recorded redemption was refused: {answer!r}"
