"""The member token: a till's proof, for one sale, of who its customer is and whether they may spend.

It is answered by a lookup, a registration or a proof, and handed in with quotes, holds and purchases. It is no access
token: it opens nothing without the terminal's own, and only at the terminal that it was made for.
"""

from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct

from api.callers import TerminalCaller
from api.security import tokens
from api.security.keys import SigningKeys
from api.security.tokens import InvalidTokenError
from kernel.errors import UnprocessableError
from loyalty.members.ids import MemberNotFoundError, member_id_of, member_public_id

Proof = Literal["qr", "code", "app", "none"]
LIFETIME: Final = tokens.MEMBER_AT_TILL.lifetime


class MemberTokenRefusedError(UnprocessableError):
    """Not a member token, one of another terminal, or one that is too old. Look the member up again."""

    code = "member_token_refused"
    title = "The member token is not good here and now. Look the member up again."


class MemberToken(Struct, frozen=True, kw_only=True):
    """Who the customer is, how the till knows, and what proves that they are there."""

    member_id: int
    terminal_id: str
    identified_by: str
    """``qr``, ``barcode``, ``card``, ``phone``, ``email``, ``external:<system>`` or ``registration``."""
    proof: Proof
    """``none`` only earns, unless the programme asks for no proof."""
    training: bool = False
    """Made at a training terminal, where no proof is asked for: it is worth nothing at any other."""


def issue_member_token(keys: SigningKeys, member: MemberToken, *, now: datetime) -> str:
    claims: dict[str, object] = {"terminal": member.terminal_id, "by": member.identified_by, "proof": member.proof}
    if member.training:
        claims["training"] = True
    return tokens.issue(keys, tokens.MEMBER_AT_TILL, member_public_id(member.member_id), claims, now=now)


def read_member_token(keys: SigningKeys, token: str, *, caller: TerminalCaller, now: datetime) -> MemberToken:
    """The member token that ``caller`` was given. Raises ``MemberTokenRefusedError``.

    A hub may hand in those of the terminals it acts for. The member may have been merged since: follow with
    ``surviving_member``.
    """
    try:
        claims = tokens.verify(keys, tokens.MEMBER_AT_TILL, token, now=now)
        member = msgspec.convert(
            {
                "member_id": member_id_of(claims["sub"]),
                "terminal_id": claims["terminal"],
                "identified_by": claims["by"],
                "proof": claims["proof"],
                "training": claims.get("training", False),
            },
            MemberToken,
        )
    except (InvalidTokenError, MemberNotFoundError, KeyError, msgspec.ValidationError):
        raise MemberTokenRefusedError from None
    if member.terminal_id != caller.terminal_id and member.terminal_id not in caller.acts_for:
        raise MemberTokenRefusedError
    if member.training != caller.training:
        raise MemberTokenRefusedError
    return member
