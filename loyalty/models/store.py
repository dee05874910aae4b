"""Where sales happen and who makes them: stores, terminals, their keys, cashiers. Reference tables."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from loyalty.models.columns import code, flag, instant, json_document, number, octets, word_list, words


class Store(SQLModel, table=True):
    """A shop, or the web shop. Its zone gives a receipt its local day; its currency is the only one it sells in."""

    __tablename__ = "store"
    __table_args__ = (CheckConstraint("status IN ('open', 'closed')", name="store_status"),)

    store_id: str = code(key=True)
    name: str = words()
    zone: str = code()
    currency: str = code(length=3)
    legal_entity: str = code(length=128)
    status: str = code(default="open", length=16)
    created_at: datetime = instant()


class Terminal(SQLModel, table=True):
    """A till, a web shop's checkout, or a hub that speaks for named terminals."""

    __tablename__ = "terminal"
    __table_args__ = (
        CheckConstraint("kind IN ('till', 'web', 'hub')", name="terminal_kind"),
        CheckConstraint("status IN ('active', 'revoked')", name="terminal_status"),
    )

    terminal_id: str = code(key=True)
    store_id: str = code()
    name: str = words()
    kind: str = code(default="till", length=16)
    training: bool = flag()
    """A training terminal gets real answers and writes nothing."""
    acts_for: list[str] = word_list()
    """Terminals that a hub may name."""
    status: str = code(default="active", length=16)
    created_at: datetime = instant()


class AccessKey(SQLModel, table=True):
    """A terminal's or a system's secret, of which only the hash is kept. Revoked keys stay listed."""

    __tablename__ = "access_key"

    key_id: str = code(key=True)
    terminal_id: str | None = code(nullable=True)
    """The terminal it belongs to; None for a system's key."""
    label: str = words()
    scopes: list[str] = word_list()
    secret_hash: bytes = octets()
    """SHA-256: the secret is 256 random bits, so that a slow hash would add nothing."""
    created_at: datetime = instant()
    revoked_at: datetime | None = instant(nullable=True)


class Cashier(SQLModel, table=True):
    """A person at a till. Failed PINs lock the cashier for a while."""

    __tablename__ = "cashier"
    __table_args__ = (CheckConstraint("status IN ('active', 'left')", name="cashier_status"),)

    cashier_id: str = code(key=True)
    store_id: str | None = code(nullable=True)
    """None: any store."""
    name: str = words()
    pin_hash: str = words()
    failed_attempts: int = number(default=0)
    locked_until: datetime | None = instant(nullable=True)
    status: str = code(default="active", length=16)
    created_at: datetime = instant()


class CatalogueItem(SQLModel, table=True):
    """What a SKU is. A sale freezes category, brand and tags on its lines, so a later import changes no past."""

    __tablename__ = "catalogue_item"

    sku: str = code(key=True)
    names: dict[str, str] = json_document()
    """Name by language."""
    category: str = code(default="", length=256)
    """Path with slashes, the widest first: ``food/bakery/bread``."""
    brand: str = code(default="", length=128)
    tags: list[str] = word_list()
    updated_at: datetime = instant()
