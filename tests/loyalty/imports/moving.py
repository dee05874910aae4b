"""Files of another system, and moving them in."""

from collections.abc import Mapping

from api.services import Services
from kernel.database import driver
from loyalty.imports.applying import Imported, apply_import, find_problems
from loyalty.imports.checking import Terms
from loyalty.imports.problems import ImportProblem, ImportRefusedError
from loyalty.imports.reading import read_delivery
from loyalty.imports.reversing import Reversed, reverse_import
from loyalty.models import CatalogueItem

MEMBERS = """external_id,enrolled_on,name,phone,email,card
c-1,2024-05-01,Anna Kovaleva,+79990000001,anna@example.com,
c-2,2023-01-15,Boris Ivanov,,,2900 0000 1234
"""
IDENTITIES = "external_id,kind,value\nc-1,card,2900 0000 9999\n"
CONSENTS = "external_id,purpose,channel,granted,text_version\nc-1,marketing,email,yes,2024-01\n"
LOTS = """lot_id,external_id,wallet,points,earned_on,available_on,expires_on
l-1,c-1,points,100,2026-01-10,,2026-12-31
l-2,c-1,points,50,2026-02-20,2026-04-01,
l-3,c-2,points,30,2025-11-01,,
"""
TOTALS = "name,total\nmembers,2\nlots,3\npoints:points,180\n"
FILES = {
    "members.csv": MEMBERS,
    "identities.csv": IDENTITIES,
    "consents.csv": CONSENTS,
    "lots.csv": LOTS,
    "totals.csv": TOTALS,
}


def terms_of(services: Services) -> Terms:
    return Terms(
        source="old",
        wallets={"points"},
        plan=services.programmes.at(services.clock()).tier_plan,
        programme=services.programmes.at(services.clock()),
        language="en",
        zone="Europe/Moscow",
        lookup_key=services.lookup_key,
        now=services.clock(),
    )


async def apply(services: Services, files: Mapping[str, str]) -> Imported:
    """Read and apply. Raises ``ImportRefusedError``."""
    terms = terms_of(services)
    contents = {name: text.encode() for name, text in files.items()}
    delivery, problems = read_delivery(contents, source="old", region="RU", now=terms.now)
    if problems:
        raise ImportRefusedError(problems)
    async with services.database.write() as session:
        done = await apply_import(session, delivery, terms, actor="operator")
        await session.commit()
    return done


async def dry_run(services: Services, files: Mapping[str, str]) -> list[ImportProblem]:
    terms = terms_of(services)
    contents = {name: text.encode() for name, text in files.items()}
    delivery, problems = read_delivery(contents, source="old", region="RU", now=terms.now)
    async with services.database.read() as session:
        _, further = await find_problems(await driver(session), delivery, terms)
    return sorted([*problems, *further])


async def reverse(services: Services, import_id: int) -> Reversed:
    async with services.database.write() as session:
        done = await reverse_import(session, import_id, actor="operator", now=services.clock())
        await session.commit()
    return done


async def stock(services: Services, *skus: str) -> None:
    """Articles of the catalogue, of which nothing more is known."""
    async with services.database.write() as session:
        session.add_all([CatalogueItem(sku=sku, names={}, tags=[], updated_at=services.clock()) for sku in skus])
        await session.commit()
