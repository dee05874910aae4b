"""Where the chain sells, and who sells: three stores, five terminals, three cashiers."""

from datetime import datetime
from typing import Final, Literal, NamedTuple

from kernel.database import WriteSession
from loyalty.cashiers import create_cashier
from loyalty.stores import create_store
from loyalty.terminals import create_terminal

CURRENCY: Final = "RUB"


class DemoStore(NamedTuple):
    """A shop of the chain, whatever it sells."""

    store_id: str
    place: str
    zone: str
    legal_form: str


class DemoTerminal(NamedTuple):
    """A till, or the web shop's checkout."""

    terminal_id: str
    store_id: str
    name: str
    kind: Literal["till", "web"] = "till"
    training: bool = False


class DemoCashier(NamedTuple):
    """``store_id`` None: works everywhere."""

    cashier_id: str
    name: str
    store_id: str | None


STORES: Final = (
    DemoStore("arbat", "on Arbat", "Europe/Moscow", "LLC"),
    DemoStore("nevsky", "on Nevsky", "Europe/Moscow", "LLC"),
    DemoStore("lenina", "on Lenina", "Asia/Novosibirsk", "Siberia LLC"),
)
TERMINALS: Final = (
    DemoTerminal("arbat-1", "arbat", "Till by the door"),
    DemoTerminal("arbat-training", "arbat", "Training till", training=True),
    DemoTerminal("arbat-web", "arbat", "Web shop", kind="web"),
    DemoTerminal("nevsky-1", "nevsky", "Till"),
    DemoTerminal("lenina-1", "lenina", "Till"),
)
CASHIERS: Final = (
    DemoCashier("vera", "Vera", "arbat"),
    DemoCashier("oleg", "Oleg", "nevsky"),
    DemoCashier("maria", "Maria", None),
)


async def open_chain(session: WriteSession, *, brand: str, pin: str, now: datetime) -> None:
    """Make stores of this ``brand``, terminals without keys, and cashiers who share ``pin``."""
    for store in STORES:
        await create_store(
            session,
            store_id=store.store_id,
            name=f"{brand} {store.place}",
            zone=store.zone,
            currency=CURRENCY,
            legal_entity=f"{brand} {store.legal_form}",
            now=now,
        )
    for terminal in TERMINALS:
        await create_terminal(
            session,
            terminal_id=terminal.terminal_id,
            store_id=terminal.store_id,
            name=terminal.name,
            kind=terminal.kind,
            training=terminal.training,
            now=now,
        )
    for cashier in CASHIERS:
        await create_cashier(
            session, cashier_id=cashier.cashier_id, store_id=cashier.store_id, name=cashier.name, pin=pin, now=now
        )
