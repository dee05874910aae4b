"""How fast members move in, what the same files cost again, and how long a report over all of it takes."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from analytics.liability import By, LiabilityQuestion, liability
from analytics.point_value import Worth
from api.services import Services
from bench.proving import prove
from bench.stand import ZONE, gather_statistics, opened, populate, stand
from kernel.database import driver
from loyalty.accounting.roll_forward import BEGINNING
from loyalty.imports.applying import apply_import
from loyalty.imports.checking import Terms
from loyalty.imports.reading import read_delivery

SOURCE: Final = "old"
_REPORTS: Final[tuple[By, ...]] = ("wallet", "store", "expiry_month")


def measure_import(*, members: int, lots_each: int = 10) -> dict[str, Any]:
    """Move ``members`` in with ``lots_each`` lots, then once more, then ask what is owed."""
    files = _files(members, lots_each)
    with stand() as here:
        asyncio.run(populate(here, members=1))
        figures = asyncio.run(_measure(here.settings, files, here.owner_dsn))
        figures["import_verify"] = asyncio.run(prove(here))
    print(f"  {figures['import_members_per_second']:,} members/s", flush=True)
    return figures | {"import_members": members, "import_lots": members * lots_each}


def _files(members: int, lots_each: int) -> dict[str, bytes]:
    rows = [f"c-{n},2024-05-01,Member {n},+7999{n:07},member{n}@example.com\n" for n in range(members)]
    lots = [
        f"l-{n}-{place},c-{n},points,{100 + place},2025-{place % 12 + 1:02}-15,2099-{place % 12 + 1:02}-28\n"
        for n in range(members)
        for place in range(lots_each)
    ]
    return {
        "members.csv": ("external_id,enrolled_on,name,phone,email\n" + "".join(rows)).encode(),
        "lots.csv": ("lot_id,external_id,wallet,points,earned_on,expires_on\n" + "".join(lots)).encode(),
    }


async def _measure(settings: Any, files: Mapping[str, bytes], owner_dsn: str) -> dict[str, Any]:
    async with opened(settings) as services:
        first = await move_in(services, files)
        again = await move_in(services, files)
        await gather_statistics(owner_dsn, "comeback")
        reports = {f"import_report_by_{by}_s": await _report(services, by) for by in _REPORTS}
        async with services.database.read() as session:
            entries = await (await driver(session)).fetchval("SELECT count(*) FROM journal")
    members = files["members.csv"].count(b"\n") - 1
    return {
        "import_entries": entries,
        "import_s": round(first, 1),
        "import_members_per_second": round(members / first),
        "import_lots_per_second": round((files["lots.csv"].count(b"\n") - 1) / first),
        "import_again_s": round(again, 1),
        **reports,
    }


async def move_in(services: Services, files: Mapping[str, bytes]) -> float:
    """Read the files and apply them; the seconds of both."""
    began = time.perf_counter()
    now = services.clock()
    delivery, problems = read_delivery(files, source=SOURCE, region=None, now=now)
    assert not problems
    terms = Terms(
        source=SOURCE,
        wallets={"points"},
        plan=services.programmes.at(now).tier_plan,
        programme=services.programmes.at(now),
        language="en",
        zone=ZONE,
        lookup_key=services.lookup_key,
        now=now,
    )
    async with services.database.write() as session:
        await apply_import(session, delivery, terms, actor="job:bench")
        await session.commit()
    return time.perf_counter() - began


async def _report(services: Services, by: By) -> float:
    now = services.clock()
    asked = LiabilityQuestion(from_at=BEGINNING, until_at=now, by=by, basis="business", zone=ZONE)
    began = time.perf_counter()
    async with services.database.read() as session:
        await liability(session, asked, worth=Worth(currency="EUR", by_wallet={}), now=now)
    return round(time.perf_counter() - began, 2)
