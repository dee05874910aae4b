"""Access tokens and the callers they stand for: what is written into a token is read back in the same file."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import msgspec
from msgspec import Struct

from api.callers import Caller, MemberCaller, StaffCaller, TerminalCaller
from api.security import tokens
from api.security.keys import SigningKeys
from api.security.tokens import InvalidTokenError, TokenType
from loyalty.members.ids import MemberNotFoundError, member_id_of, member_public_id
from loyalty.models import Cashier, Staff, Terminal
from loyalty.terminals import Place


class Access(Struct, frozen=True):
    """A verified access token: who calls, until when, and what would revoke it."""

    caller: Caller
    issued_at: float
    expires_at: float
    """Seconds since 1970."""
    subjects: tuple[str, ...]


class AccessToken(Struct, frozen=True):
    """A fresh token with the seconds it lives."""

    token: str
    expires_in_s: int


def issue_member_access(keys: SigningKeys, member_id: int, session_id: str, *, now: datetime) -> AccessToken:
    return _issue(keys, tokens.MEMBER_ACCESS, member_public_id(member_id), {"sid": session_id}, now=now)


def issue_terminal_access(
    keys: SigningKeys,
    terminal: Terminal,
    key_id: str,
    *,
    acts_for: Iterable[Place] = (),
    cashier: Cashier | None = None,
    now: datetime,
) -> AccessToken:
    """For the terminal and those it ``acts_for``; with ``cashier`` its calls name them, for the length of a shift."""
    claims: dict[str, object] = {
        "store": terminal.store_id,
        "kind": terminal.kind,
        "training": terminal.training,
        "acts_for": _grouped(acts_for),
        "key": key_id,
    }
    if cashier is None:
        return _issue(keys, tokens.TERMINAL_ACCESS, terminal.terminal_id, claims, now=now)
    claims["cashier"] = cashier.cashier_id
    return _issue(keys, tokens.CASHIER_ACCESS, terminal.terminal_id, claims, now=now)


def issue_staff_access(keys: SigningKeys, staff: Staff, *, now: datetime) -> AccessToken:
    return _issue(keys, tokens.STAFF_ACCESS, staff.staff_id, {"roles": staff.roles}, now=now)


def read_access(keys: SigningKeys, token_type: TokenType, token: str, *, now: datetime) -> Access:
    """Verify an access token of one audience. Raises ``InvalidTokenError``."""
    claims = tokens.verify(keys, token_type, token, now=now)
    try:
        caller, subjects = _READERS[token_type.typ](claims)
    except (KeyError, MemberNotFoundError, msgspec.ValidationError):
        raise InvalidTokenError("claims are missing") from None
    return Access(caller, float(claims["iat"]), float(claims["exp"]), subjects)


def _issue(
    keys: SigningKeys, token_type: TokenType, subject: str, claims: Mapping[str, object], *, now: datetime
) -> AccessToken:
    token = tokens.issue(keys, token_type, subject, claims, now=now)
    return AccessToken(token, int(token_type.lifetime.total_seconds()))


def _read_member(claims: Mapping[str, Any]) -> tuple[Caller, tuple[str, ...]]:
    member_id, session_id = member_id_of(claims["sub"]), claims["sid"]
    caller = msgspec.convert({"member_id": member_id, "session_id": session_id}, MemberCaller)
    return caller, (f"member:{member_id}", f"session:{session_id}")


def _read_terminal(claims: Mapping[str, Any]) -> tuple[Caller, tuple[str, ...]]:
    caller = msgspec.convert(
        {
            "terminal_id": claims["sub"],
            "store_id": claims["store"],
            "kind": claims["kind"],
            "training": claims["training"],
            "acts_for": _by_id(claims["acts_for"]),
            "key_id": claims["key"],
            "cashier_id": claims.get("cashier"),
        },
        TerminalCaller,
    )
    places = (caller.place, *caller.acts_for.values())
    subjects = (
        f"key:{caller.key_id}",
        *(f"terminal:{place.terminal_id}" for place in places),
        *sorted({f"store:{place.store_id}" for place in places}),
    )
    return caller, subjects if caller.cashier_id is None else (*subjects, f"cashier:{caller.cashier_id}")


def _grouped(places: Iterable[Place]) -> list[tuple[str, str, list[str]]]:
    """Store, kind, and the ids of such terminals there: a hub's token has to fit into a header."""
    in_order = sorted(places, key=lambda place: (place.store_id, place.kind, place.terminal_id))
    groups = groupby(in_order, key=lambda place: (place.store_id, place.kind))
    return [(*group, [place.terminal_id for place in members]) for group, members in groups]


def _by_id(grouped: object) -> dict[str, Place]:
    """What ``_grouped`` was given. Raises ``msgspec.ValidationError``."""
    groups = msgspec.convert(grouped, list[tuple[str, str, list[str]]])
    return {each: Place(each, store_id, kind) for store_id, kind, ids in groups for each in ids}


def _read_staff(claims: Mapping[str, Any]) -> tuple[Caller, tuple[str, ...]]:
    caller = msgspec.convert({"staff_id": claims["sub"], "roles": claims["roles"]}, StaffCaller)
    return caller, (f"staff:{caller.staff_id}",)


_READERS: Final[dict[str, Callable[[Mapping[str, Any]], tuple[Caller, tuple[str, ...]]]]] = {
    tokens.MEMBER_ACCESS.typ: _read_member,
    tokens.TERMINAL_ACCESS.typ: _read_terminal,
    tokens.STAFF_ACCESS.typ: _read_staff,
}
