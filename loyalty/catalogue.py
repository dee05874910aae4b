"""The catalogue: what each SKU is. Imported whole or in part; what was sold keeps what it was sold as."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlmodel import col, or_, select

from kernel.database import ReadSession, WriteSession, driver
from kernel.errors import NotFoundError
from loyalty.models import CatalogueItem

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_AT_ONCE = 5_000
_IMPORT = """
INSERT INTO catalogue_item (sku, names, category, brand, tags, updated_at)
SELECT v.sku, v.names, v.category, v.brand, ARRAY(SELECT jsonb_array_elements_text(v.tags)), $6::timestamptz
FROM unnest($1::text[], $2::jsonb[], $3::text[], $4::text[], $5::jsonb[]) AS v (sku, names, category, brand, tags)
ON CONFLICT (sku) DO UPDATE
SET names = excluded.names, category = excluded.category, brand = excluded.brand, tags = excluded.tags,
    updated_at = excluded.updated_at
WHERE (catalogue_item.names, catalogue_item.category, catalogue_item.brand, catalogue_item.tags)
      IS DISTINCT FROM (excluded.names, excluded.category, excluded.brand, excluded.tags)
RETURNING 1
"""


class CatalogueEntry(Struct, frozen=True, kw_only=True):
    """What a SKU is, as rules and people see it."""

    sku: str
    names: dict[str, str]
    """By language."""
    category: str = ""
    """Path with slashes, the widest first: ``food/bakery/bread``."""
    brand: str = ""
    tags: tuple[str, ...] = ()


class ItemNotFoundError(NotFoundError):
    """The catalogue does not know the SKU. A till may sell it all the same."""

    code = "item_not_found"
    title = "There is no such item in the catalogue."


class CatalogueFilter(Struct, frozen=True, kw_only=True):
    """What is asked of the catalogue. Everything given must hold."""

    words: str | None = None
    """How the SKU begins, or a part of any name; letter case does not count."""
    category: str | None = None
    """With its sub-categories."""
    brand: str | None = None


async def import_catalogue(session: WriteSession, entries: Sequence[CatalogueEntry], *, now: datetime) -> int:
    """Add or replace ``entries``, each SKU at most once among them; answers how many were new or different.

    SKUs that are not among them stay as they are: a till may still sell them.
    """
    connection = await driver(session)
    return sum(
        [
            await _import(connection, entries[start : start + _AT_ONCE], now=now)
            for start in range(0, len(entries), _AT_ONCE)
        ]
    )


async def read_item(session: ReadSession, sku: str) -> CatalogueItem:
    """Raises ``ItemNotFoundError``."""
    item = (await session.exec(select(CatalogueItem).where(col(CatalogueItem.sku) == sku))).one_or_none()
    if item is None:
        raise ItemNotFoundError
    return item


async def list_items(
    session: ReadSession, wanted: CatalogueFilter, *, after: str | None, limit: int
) -> Sequence[CatalogueItem]:
    """``limit`` items by SKU, those behind ``after``."""
    statement = select(CatalogueItem).order_by(col(CatalogueItem.sku)).limit(limit)
    if after is not None:
        statement = statement.where(col(CatalogueItem.sku) > after)
    if wanted.words is not None:
        in_a_name = text("EXISTS (SELECT FROM jsonb_each_text(names) AS n WHERE n.value ILIKE :part)")
        part = f"%{_literally(wanted.words)}%"
        statement = statement.where(
            or_(col(CatalogueItem.sku).istartswith(wanted.words, autoescape=True), in_a_name.bindparams(part=part))
        )
    if wanted.category is not None:
        category = col(CatalogueItem.category)
        below = category.startswith(f"{wanted.category}/", autoescape=True)
        statement = statement.where(or_(category == wanted.category, below))
    if wanted.brand is not None:
        statement = statement.where(col(CatalogueItem.brand) == wanted.brand)
    return (await session.exec(statement)).all()


def _literally(words: str) -> str:
    """``words`` as a pattern of LIKE that means just them."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def _import(connection: "Connection[Record]", entries: Sequence[CatalogueEntry], *, now: datetime) -> int:
    changed = await connection.fetch(
        _IMPORT,
        [entry.sku for entry in entries],
        [_json(entry.names) for entry in entries],
        [entry.category for entry in entries],
        [entry.brand for entry in entries],
        [_json(entry.tags) for entry in entries],
        now,
    )
    return len(changed)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
