"""Who is calling: one small type per audience, put into the request's scope by the authentication middleware."""

from typing import TypeAlias

from msgspec import Struct

from loyalty.terminals import Place


class MemberCaller(Struct, frozen=True):
    """A member's phone."""

    member_id: int
    session_id: str = ""
    """The signed-in phone, so that it can sign itself out."""

    @property
    def client(self) -> str:
        """Names the owner of an idempotency key."""
        return f"member:{self.member_id}"

    @property
    def actor(self) -> str:
        """Names the doer in journal and audit."""
        return "member"


class TerminalCaller(Struct, frozen=True):
    """A till or a web shop's checkout. Its token carries the store."""

    terminal_id: str
    store_id: str
    kind: str
    training: bool = False
    acts_for: dict[str, Place] = {}
    """The terminals that a hub may name, by id, each at its own store."""
    key_id: str = ""
    """The key that its token was exchanged for."""
    cashier_id: str | None = None
    """Who signed in at the till with their PIN."""

    @property
    def place(self) -> Place:
        return Place(self.terminal_id, self.store_id, self.kind)

    @property
    def client(self) -> str:
        return f"terminal:{self.terminal_id}"

    @property
    def actor(self) -> str:
        return f"terminal:{self.terminal_id}" + (f"/{self.cashier_id}" if self.cashier_id else "")


class StaffCaller(Struct, frozen=True):
    """A person of the business, with the roles they had when they signed in."""

    staff_id: str
    roles: frozenset[str]

    @property
    def client(self) -> str:
        return f"staff:{self.staff_id}"

    @property
    def actor(self) -> str:
        return f"staff:{self.staff_id}"


class SystemCaller(Struct, frozen=True):
    """A shop, billing or CRM system with the scopes of its key."""

    key_id: str
    scopes: frozenset[str]

    @property
    def client(self) -> str:
        return f"system:{self.key_id}"

    @property
    def actor(self) -> str:
        return f"system:{self.key_id}"


Caller: TypeAlias = MemberCaller | TerminalCaller | StaffCaller | SystemCaller
