"""Filling a new database with a chain, its programme and its members, and a month of visits."""

from datetime import datetime
from typing import Final

from sqlmodel import col, func, select

from api.demo.business import BUSINESSES, COFFEE, Business
from api.demo.catalogue import entries_of, prices_of
from api.demo.chain import STORES, open_chain
from api.demo.credentials import new_pin
from api.demo.people import ACTOR, ANNA, enrol_guests
from api.demo.visits import record_visits
from api.programmes import refresh_programmes
from api.services import Services
from kernel.database import ReadSession, WriteSession
from loyalty.catalogue import import_catalogue
from loyalty.members.corrections import adjust_points
from loyalty.models import CatalogueItem, ProgrammeVersion, Staff, Store
from loyalty.programme.decoding import decode_programme_yaml
from loyalty.programme.publishing import publish_programme


async def load_demo(services: Services, wanted: Business = COFFEE) -> Business | None:
    """Fill the database with ``wanted`` if nothing is in it.

    Answers which demo is there, now or since an earlier start; None where somebody else uses the database.
    """
    async with services.database.read() as session:
        if await _has_demo(session):
            return await _found(session)
        if not wanted.programme_file.exists() or not await _is_empty(session):
            return None
    now = services.clock()
    async with services.database.write() as session:
        await _open(session, services, wanted, now=now)
        await session.commit()
    await refresh_programmes(services)
    await record_visits(services, wanted.visits, prices_of(wanted.products))
    return wanted


async def _open(session: WriteSession, services: Services, wanted: Business, *, now: datetime) -> None:
    """All or nothing, so that an interrupted first start is followed by another first start."""
    document = decode_programme_yaml(wanted.programme_file.read_text(encoding="utf-8"))
    published = await publish_programme(
        session, document, starts_at=now, published_by=ACTOR, note="The demo's first version.", now=now
    )
    await open_chain(session, brand=wanted.brand, pin=new_pin(), now=now)
    await import_catalogue(session, entries_of(wanted.products), now=now)
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


async def _found(session: ReadSession) -> Business:
    """By what it sells; a coffee chain that has stopped selling cappuccino is one still."""
    shown = {business.shown_sku: business for business in BUSINESSES.values()}
    statement = select(CatalogueItem.sku).where(col(CatalogueItem.sku).in_(shown))
    sku = (await session.exec(statement.limit(1))).first()
    return COFFEE if sku is None else shown[sku]


async def _is_empty(session: ReadSession) -> bool:
    counts = [(await session.exec(select(func.count()).select_from(table))).one() for table in _FIRST_TABLES]
    return not any(counts)


_FIRST_TABLES: Final = (Store, Staff, ProgrammeVersion)
"""Whoever sets a business up writes to one of these first."""
