"""`comeback keys`: keys of terminals and systems, the first owner, the key that signs tokens.

For whoever can reach the database anyway: to begin, and to help oneself out. Everything else is the console's. Each
change is on record as the operator's.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from api.cli.backing import application_database
from kernel.settings import Settings

if TYPE_CHECKING:
    from kernel.database import WriteSession

ACTOR = "operator"

keys = typer.Typer(help="Keys of terminals and systems, the first owner, the signing key.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
T = TypeVar("T")


class KeyRow(Struct, frozen=True, kw_only=True):
    """A key without its secret. ``terminal_id`` is null for a system's."""

    key_id: str
    terminal_id: str | None
    label: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Every key, revoked ones too."""
    rows = _in_database(_rows)
    if as_json:
        print(msgspec.json.encode(rows).decode())
        return
    table = Table("key", "of", "label", "scopes", "made", "revoked")
    for row in rows:
        revoked = f"{row.revoked_at:%Y-%m-%d %H:%M}" if row.revoked_at else ""
        of = row.terminal_id or "(system)"
        table.add_row(row.key_id, of, row.label, " ".join(row.scopes), f"{row.created_at:%Y-%m-%d %H:%M}", revoked)
    Console().print(table)


@keys.command("issue")
def issue(
    terminal: Annotated[str | None, typer.Option(help="For this terminal; without it, for a system.")] = None,
    label: Annotated[str, typer.Option(help="What it is for.")] = "made by comeback keys",
    scope: Annotated[list[str] | None, typer.Option(help="What a system may do, as events:write; repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. Its secret is shown this once."""
    if terminal is not None and scope:
        raise typer.BadParameter("scopes belong to systems' keys")

    async def act(session: "WriteSession", now: datetime) -> dict[str, str]:
        from loyalty.access.keys import issue_key
        from loyalty.terminals import issue_terminal_key

        if terminal is not None:
            key = await issue_terminal_key(session, terminal_id=terminal, label=label, now=now)
        else:
            key = await issue_key(session, terminal_id=None, label=label, scopes=scope or (), now=now)
        action = "system_key.issued" if terminal is None else "terminal_key.issued"
        after = {"terminal_id": terminal, "label": label, "scopes": scope or []}
        await _note(session, action, f"key:{key.key_id}", after, now=now)
        return {"key_id": key.key_id, "secret": key.secret}

    _tell(_in_database(act), as_json=as_json)


@keys.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(help="As `comeback keys list` shows it.")]) -> None:
    """Refuse a key, and every token it was exchanged for, from now on."""

    async def act(session: "WriteSession", now: datetime) -> None:
        from loyalty.access.keys import revoke_key

        await revoke_key(session, key_id, now=now)
        await _note(session, "key.revoked", f"key:{key_id}", None, now=now)

    _in_database(act)
    Console().print("Revoked. Servers refuse it within seconds.")


@keys.command("owner")
def owner(
    email: Annotated[str, typer.Option(help="What they sign in with.")],
    name: Annotated[str, typer.Option(help="Who they are.")] = "Owner",
    as_json: AsJson = False,
) -> None:
    """Make an owner, or give one a new password. It is drawn here and shown this once."""
    password = secrets.token_urlsafe(15)

    async def act(session: "WriteSession", now: datetime) -> dict[str, str]:
        from loyalty import identities
        from loyalty.staff import create_staff, find_staff, set_password

        address = identities.email(email).value
        staff = await find_staff(session, address)
        if staff is None:
            staff = await create_staff(session, email=address, name=name, password=password, roles=["owner"], now=now)
            await _note(session, "staff.created", f"staff:{staff.staff_id}", {"roles": staff.roles}, now=now)
        elif "owner" in staff.roles and staff.status == "active":
            await set_password(session, staff.staff_id, password=password, now=now)
            await _note(session, "staff.password_reset", f"staff:{staff.staff_id}", None, now=now)
        else:
            raise typer.BadParameter("this person of staff is no owner; an owner can change that in the console")
        return {"staff_id": staff.staff_id, "email": address, "password": password}

    _tell(_in_database(act), as_json=as_json)


@keys.command("rotate")
def rotate(as_json: AsJson = False) -> None:
    """Put a new signing key first. Servers sign with it after their next start; tokens already out stay good."""
    from api.security.keys import add_signing_key, open_signing_keys

    settings = Settings()
    path = settings.signing_keys_path
    open_signing_keys(path)
    _tell({"kid": add_signing_key(path), "file": str(path)}, as_json=as_json)


async def _rows(session: "WriteSession", _: datetime) -> list[KeyRow]:
    from loyalty.access.keys import every_key

    return [
        KeyRow(
            key_id=key.key_id,
            terminal_id=key.terminal_id,
            label=key.label,
            scopes=key.scopes,
            created_at=key.created_at,
            revoked_at=key.revoked_at,
        )
        for key in await every_key(session)
    ]


async def _note(session: "WriteSession", action: str, subject: str, after: object, *, now: datetime) -> None:
    from loyalty.audit import record_change

    await record_change(session, actor=ACTOR, action=action, subject=subject, after=after, now=now)


def _in_database(act: "Callable[[WriteSession, datetime], Awaitable[T]]") -> T:
    """Run ``act`` in one transaction as the application, on the given database or the embedded one, running or not."""
    from api.engines import EngineError
    from kernel.clock import system_clock
    from kernel.database import Database
    from kernel.errors import DomainError

    async def run(url: str) -> T:
        database = Database(url, pool_size=1)
        try:
            async with database.write() as session:
                result = await act(session, system_clock())
                await session.commit()
                return result
        finally:
            await database.close()

    try:
        with application_database(Settings()) as url:
            return asyncio.run(run(url))
    except (DomainError, EngineError) as problem:
        Console(stderr=True).print(str(problem), style="red", markup=False)
        raise typer.Exit(1) from None


def _tell(facts: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(facts).decode())
        return
    for name, value in facts.items():
        Console(soft_wrap=True).print(f"{name:9} {value}", markup=False, highlight=False)
