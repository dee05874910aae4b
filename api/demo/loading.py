"""Filling a new database with the chain, its programme and its members, and a month of visits."""

from datetime import datetime
from pathlib import Path
from typing import Final

from sqlmodel import col, func, select

from api.demo.catalogue import ENTRIES
from api.demo.chain import STORES, open_chain
from api.demo.credentials import new_pin
from api.demo.people import ACTOR, ANNA, enrol_guests
from api.demo.visits import record_visits
from api.programmes import refresh_programmes
from api.services import Services
from kernel.database import ReadSession, WriteSession
from loyalty.catalogue import import_catalogue
from loyalty.members.corrections import adjust_points
from loyalty.models import ProgrammeVersion, Staff, Store
from loyalty.programme.decoding import decode_programme_yaml
from loyalty.programme.publishing import publish_programme

PROGRAMME_FILE: Final = Path(__file__).parents[2] / "docs" / "programmes" / "coffee-chain.yaml"


async def load_demo(services: Services) -> bool:
    """Fill the database if nothing is in it. Answers whether the demo is there, now or since an earlier start."""
    async with services.database.read() as session:
        if await _has_demo(session):
            return True
        if not PROGRAMME_FILE.exists() or not await _is_empty(session):
            return False
    now = services.clock()
    async with services.database.write() as session:
        await _open(session, services, now=now)
        await session.commit()
    await refresh_programmes(services)
    await record_visits(services)
    return True


async def _open(session: WriteSession, services: Services, *, now: datetime) -> None:
    """All or nothing, so that an interrupted first start is followed by another first start."""
    document = decode_programme_yaml(PROGRAMME_FILE.read_text(encoding="utf-8"))
    published = await publish_programme(
        session, document, starts_at=now, published_by=ACTOR, note="The demo's first version.", now=now
    )
    await open_chain(session, pin=new_pin(), now=now)
    await import_catalogue(session, ENTRIES, now=now)
    members = await enrol_guests(session, lookup_key=services.lookup_key, tiers=published.tier_plan, now=now)
    await adjust_points(
        session,
        members[ANNA.card],
        wallet=document.primary_wallet,
        points=40,
        reason="goodwill",
        actor=ACTOR,
        programme=document,
        now=now,
    )


async def _has_demo(session: ReadSession) -> bool:
    statement = select(func.count()).where(col(Store.store_id).in_([store.store_id for store in STORES]))
    return (await session.exec(statement)).one() == len(STORES)


async def _is_empty(session: ReadSession) -> bool:
    counts = [(await session.exec(select(func.count()).select_from(table))).one() for table in _FIRST_TABLES]
    return not any(counts)


_FIRST_TABLES: Final = (Store, Staff, ProgrammeVersion)
"""Whoever sets a business up writes to one of these first."""
