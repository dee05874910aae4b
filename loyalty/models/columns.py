"""The few column types that every table uses, so that none falls back to SQLModel's defaults.

SQLModel maps ``int`` to INTEGER and ``datetime`` to a type without zone; points and money need BIGINT and instants
need TIMESTAMPTZ. Instants are aware and in UTC.
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Identity, LargeBinary, Numeric, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

INSTANT: Any = DateTime(timezone=True)
QUANTITY: Any = Numeric(18, 6)


def number(*, key: bool = False, nullable: bool = False, default: int | None = None) -> Any:
    """A BIGINT: points, money in minor units, or a number within a member."""
    default_sql = {} if default is None else {"server_default": text(str(default))}
    keyed = {"autoincrement": False} if key else {}
    return Field(
        default=default if default is not None else (None if nullable else ...),
        primary_key=key,
        sa_type=BigInteger,
        nullable=nullable,
        sa_column_kwargs={**default_sql, **keyed},
    )


def generated_number() -> Any:
    """A BIGINT key that PostgreSQL numbers."""
    return Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(always=False),))


def instant(*, nullable: bool = False, key: bool = False) -> Any:
    return Field(default=None if nullable else ..., sa_type=INSTANT, nullable=nullable, primary_key=key)


def local_day(*, nullable: bool = False, key: bool = False) -> Any:
    return Field(default=None if nullable else ..., sa_type=Date, nullable=nullable, primary_key=key)


def code(*, key: bool = False, nullable: bool = False, length: int = 64, default: str | None = None) -> Any:
    """A short identifier or vocabulary word."""
    return Field(
        default=default if default is not None else (None if nullable else ...),
        primary_key=key,
        sa_type=String(length),
        nullable=nullable,
        sa_column_kwargs={} if default is None else {"server_default": default},
    )


def words(*, nullable: bool = False) -> Any:
    """Free text."""
    return Field(default=None if nullable else ..., sa_type=Text, nullable=nullable)


def flag(*, default: bool = False) -> Any:
    return Field(
        default=default, sa_type=Boolean, sa_column_kwargs={"server_default": text("true" if default else "false")}
    )


def pieces(*, default: int | None = None) -> Any:
    """A decimal with six places: pieces, kilograms, litres."""
    return Field(
        default=... if default is None else default,
        sa_type=QUANTITY,
        sa_column_kwargs={} if default is None else {"server_default": text(str(default))},
    )


def json_document(*, nullable: bool = False) -> Any:
    """JSONB."""
    return Field(default=None if nullable else ..., sa_type=JSONB(none_as_null=True), nullable=nullable)


def octets(*, nullable: bool = False, key: bool = False) -> Any:
    """BYTEA: hashes and stored answers."""
    return Field(default=None if nullable else ..., sa_type=LargeBinary, nullable=nullable, primary_key=key)


def word_list() -> Any:
    """TEXT[], empty by default."""
    return Field(
        default_factory=list,
        sa_type=ARRAY(Text),
        sa_column_kwargs={"server_default": text("'{}'")},
    )
