"""Signing in: a terminal with its key, a cashier with a PIN."""

from typing import Annotated

from litestar import Controller, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.dependencies import ServicesOf, Terminal
from api.documented import write_refusals
from api.rate_limits import Limit, limited
from api.security.access import issue_terminal_access
from api.security.proving import prove_secret
from loyalty.cashiers import cashier_at_store
from loyalty.models import Cashier
from loyalty.stores import read_open_store
from loyalty.terminals import places_acted_for, read_terminal, terminal_of_key

TERMINAL_SIGN_INS = Limit("terminal_sign_ins", 120, 600)


class TerminalSignIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The key that was shown when it was made."""

    key: Annotated[str, Meta(min_length=1, max_length=256, examples=["cbk_0123456789abcdef_..."])]


class CashierSignIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who stands at the till."""

    cashier_id: fields.Code
    pin: Annotated[str, Meta(min_length=1, max_length=32, examples=["4815"])]


class TerminalSession(Struct, frozen=True, kw_only=True):
    """A token for the terminal's calls, and what it has to know about its store."""

    access_token: str
    expires_in_s: int
    terminal_id: str
    terminal_kind: str
    training: bool
    store_id: str
    store_name: str
    zone: str
    currency: str
    token_type: str = "Bearer"  # noqa: S105 - not a secret but its kind (RFC 6750)


class CashierSession(Struct, frozen=True, kw_only=True):
    """A token to be used instead of the terminal's: what is done with it is entered under the cashier's id."""

    access_token: str
    expires_in_s: int
    cashier_id: str
    cashier_name: str
    token_type: str = "Bearer"  # noqa: S105 - not a secret but its kind (RFC 6750)


class PosSessions(Controller):
    """Who is at which till."""

    path = "/v1/pos"
    tags = ("Till: sign-in",)

    @post(
        "/sessions",
        operation_id="createTerminalSession",
        summary="Sign a terminal in with its key",
        opt={"public": True},
        guards=[limited(TERMINAL_SIGN_INS)],
        responses=write_refusals(403, 429),
    )
    async def create(self, data: JSONBody[TerminalSignIn], services: ServicesOf) -> TerminalSession:
        async with services.database.read() as session:
            terminal, key_id = await terminal_of_key(session, data.key)
            store = await read_open_store(session, terminal.store_id)
            acts_for = await places_acted_for(session, terminal)
        access = issue_terminal_access(services.signing_keys, terminal, key_id, acts_for=acts_for, now=services.clock())
        return TerminalSession(
            access_token=access.token,
            expires_in_s=access.expires_in_s,
            terminal_id=terminal.terminal_id,
            terminal_kind=terminal.kind,
            training=terminal.training,
            store_id=store.store_id,
            store_name=store.name,
            zone=store.zone,
            currency=store.currency,
        )

    @post(
        "/cashier-sessions",
        operation_id="createCashierSession",
        summary="Sign a cashier in with their PIN",
        description="Five wrong PINs lock the cashier for a quarter of an hour, at every till.",
        responses=write_refusals(401, 403, 429),
    )
    async def create_for_cashier(
        self, data: JSONBody[CashierSignIn], caller: Terminal, services: ServicesOf
    ) -> CashierSession:
        await prove_secret(services, Cashier, data.cashier_id, data.pin)
        async with services.database.read() as session:
            cashier = await cashier_at_store(session, data.cashier_id, store_id=caller.store_id)
            terminal = await read_terminal(session, caller.terminal_id)
            await read_open_store(session, terminal.store_id)
            acts_for = await places_acted_for(session, terminal)
        now = services.clock()
        access = issue_terminal_access(
            services.signing_keys, terminal, caller.key_id, acts_for=acts_for, cashier=cashier, now=now
        )
        return CashierSession(
            access_token=access.token,
            expires_in_s=access.expires_in_s,
            cashier_id=cashier.cashier_id,
            cashier_name=cashier.name,
        )
