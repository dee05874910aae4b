"""The shop that the replay needs: programme, stores, tills, catalogue, members. Opening it twice changes nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

from sqlmodel import col, select

from api.programmes import refresh_programmes
from api.replay.complete_journey import CURRENCY, ZONE, CompleteJourney, Product
from api.replay.programme import PROGRAMME
from api.services import Services
from kernel.database import WriteSession
from loyalty import identities
from loyalty.catalogue import CatalogueEntry, import_catalogue
from loyalty.members.registration import Newcomer, register_member
from loyalty.models import Store
from loyalty.programme.publishing import publish_programme
from loyalty.programme.versions import NoProgrammeError
from loyalty.stores import create_store
from loyalty.terminals import create_terminal

SYSTEM: Final = "complete-journey"
_AT_ONCE: Final = 100

Item = TypeVar("Item")


def store_code(store_id: int) -> str:
    return f"cj-{store_id}"


def terminal_code(store_id: int) -> str:
    """Each store has one till: the data does not tell them apart."""
    return f"cj-{store_id}-1"


def sku(product_id: int) -> str:
    return f"cj-{product_id}"


async def open_shop(services: Services, journey: CompleteJourney, advance: Callable[[int], None]) -> dict[int, int]:
    """Make what is missing; answers household -> member. ``advance`` hears how many households are done."""
    await _publish(services)
    await _open_stores(services, journey.stores())
    async with services.database.write() as session:
        entries = [_entry(product) for product in journey.products()]
        await import_catalogue(session, entries, now=services.clock())
        await session.commit()
    members: dict[int, int] = {}
    for households in _chunks(journey.households()):
        async with services.database.write() as session:
            for household in households:
                members[household] = await _enrol(session, services, household)
            await session.commit()
        advance(len(households))
    return members


async def _publish(services: Services) -> None:
    """The replay's programme is in force from its first basket on: that is where its clock stands now."""
    now = services.clock()
    await refresh_programmes(services)
    try:
        if services.programmes.at(now).document == PROGRAMME:
            return
    except NoProgrammeError:
        pass
    async with services.database.write() as session:
        await publish_programme(
            session, PROGRAMME, starts_at=now, published_by="job:replay", note="For the replay.", now=now
        )
        await session.commit()
    await refresh_programmes(services)


async def _open_stores(services: Services, store_ids: Sequence[int]) -> None:
    now = services.clock()
    async with services.database.write() as session:
        known = set(await session.exec(select(col(Store.store_id))))
        for store_id in store_ids:
            code = store_code(store_id)
            if code in known:
                continue
            await create_store(
                session,
                store_id=code,
                name=f"Store {store_id}",
                zone=ZONE,
                currency=CURRENCY,
                legal_entity="The Complete Journey",
                now=now,
            )
            await create_terminal(
                session, terminal_id=terminal_code(store_id), store_id=code, name=f"Till of store {store_id}", now=now
            )
        await session.commit()


async def _enrol(session: WriteSession, services: Services, household: int) -> int:
    newcomer = Newcomer(identities=(identities.external(SYSTEM, str(household)),), language="en", zone=ZONE)
    registration = await register_member(session, newcomer, lookup_key=services.lookup_key, now=services.clock())
    return registration.member_id


def _entry(product: Product) -> CatalogueEntry:
    return CatalogueEntry(
        sku=sku(product.product_id), names={"en": product.name}, category=product.category, brand=product.brand
    )


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, _AT_ONCE)):
        yield chunk
