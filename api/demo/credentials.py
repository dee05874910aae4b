"""Keys, PIN and password of the demo: drawn anew at each start, shown once, kept as hashes alone."""

import secrets
from datetime import datetime
from typing import Final

from msgspec import Struct
from sqlmodel import col, select

from api.demo.chain import CASHIERS, TERMINALS
from api.security.access import issue_terminal_access
from api.services import Services
from kernel.database import WriteSession
from loyalty.access.keys import issue_key, revoke_key
from loyalty.cashiers import read_cashier, reset_pin
from loyalty.models import AccessKey
from loyalty.staff import create_first_owner, find_staff, set_password
from loyalty.terminals import issue_terminal_key, read_terminal

OWNER_EMAIL: Final = "owner@zerno.example"
LABEL: Final = "demo, made by comeback up"
SHOWN_TERMINALS: Final = ("arbat-1", "arbat-web", "arbat-training")


class DemoCredentials(Struct, frozen=True, kw_only=True):
    """What somebody needs who wants to try every part of the API."""

    password: str
    """The owner's."""
    pin: str
    """Every cashier's."""
    terminal_keys: dict[str, str]
    """Terminal to its key."""
    system_key: str
    till_token: str
    """The first till's access token, with a cashier signed in: good for a shift."""


def new_pin() -> str:
    return f"{secrets.randbelow(10_000):04}"


async def renew_credentials(services: Services) -> DemoCredentials:
    """New ones for this start. Those of earlier starts are refused from now on."""
    now = services.clock()
    password, pin = secrets.token_urlsafe(12), new_pin()
    async with services.database.write() as session:
        await _revoke_earlier(session, now=now)
        for cashier in CASHIERS:
            await reset_pin(session, cashier.cashier_id, pin=pin, now=now)
        owner = await find_staff(session, OWNER_EMAIL)
        if owner is None:
            await create_first_owner(session, email=OWNER_EMAIL, name="Olga", password=password, now=now)
        else:
            await set_password(session, owner.staff_id, password=password, now=now)
        keys = {
            each: await issue_terminal_key(session, terminal_id=each, label=LABEL, now=now) for each in SHOWN_TERMINALS
        }
        system = await issue_key(session, terminal_id=None, label=LABEL, scopes=["events:write"], now=now)
        await session.commit()
    return DemoCredentials(
        password=password,
        pin=pin,
        terminal_keys={terminal_id: key.secret for terminal_id, key in keys.items()},
        system_key=system.secret,
        till_token=await _till_token(services, keys[TERMINALS[0].terminal_id].key_id),
    )


async def _revoke_earlier(session: WriteSession, *, now: datetime) -> None:
    earlier = await session.exec(
        select(AccessKey.key_id).where(col(AccessKey.label) == LABEL, col(AccessKey.revoked_at).is_(None))
    )
    for key_id in earlier.all():
        await revoke_key(session, key_id, now=now)


async def _till_token(services: Services, key_id: str) -> str:
    """As if the first terminal and its cashier had signed in. Later than the renewal, which ended earlier shifts."""
    async with services.database.read() as session:
        terminal = await read_terminal(session, TERMINALS[0].terminal_id)
        cashier = await read_cashier(session, CASHIERS[0].cashier_id)
    return issue_terminal_access(services.signing_keys, terminal, key_id, cashier=cashier, now=services.clock()).token
