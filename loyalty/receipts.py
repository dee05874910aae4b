"""The registry of receipts: one effect per natural key, whoever sends it and however often."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from kernel.database import Query, Row, RowWriter, fetch_together
from kernel.errors import ConflictError, UnprocessableError
from kernel.ids import InvalidPublicIdError, decode_public_id, encode_public_id
from loyalty.answers import KeyId, differences
from loyalty.models import ReceiptKey

if TYPE_CHECKING:
    from asyncpg import Connection, Record


IMPORTED: Final = "import:"
"""Begins the client of receipts that moved in."""


class ReceiptDiffersError(UnprocessableError):
    """The receipt came before with other content. ``differences`` are JSON pointers into the body."""

    code = "receipt_differs"
    title = "A receipt with this key was recorded with other content."

    @classmethod
    def between(cls, first: bytes, second: bytes) -> "ReceiptDiffersError":
        """The refusal of the body ``second`` where ``first`` was recorded."""
        return cls(None, differences=differences(first, second))


class ReceiptVoidedError(ConflictError):
    """The till voided this receipt before it came."""

    code = "receipt_voided"
    title = "This receipt was voided."


class ReceiptImportedError(ConflictError):
    """The sale is in the books already: it moved in from an earlier system, and pays nothing."""

    code = "receipt_imported"
    title = "This receipt came with the past of an earlier system."


class RegisteredReceipt(NamedTuple):
    """Where a receipt went: to a purchase or refund of a member, among the guests', or nowhere (void)."""

    kind: str
    member_id: int | None
    number: int | None
    first_key: KeyId
    """The idempotency key under which it first came: its body and answer are kept there."""
    store_id: str | None = None
    """Of a void: the store whose sale must not come. None: nobody's."""

    @property
    def is_imported(self) -> bool:
        """Whether the sale moved in from an earlier system: no till has been answered for it."""
        return self.first_key.client.startswith(IMPORTED)

    def blocks(self, store_id: str) -> bool:
        """Whether a sale of that store was voided before it came."""
        return self.kind == "void" and self.store_id in (None, store_id)


_FIND = """
SELECT receipt_key, kind, member_id, number_of_kind, client, key, store_id
FROM receipt_key WHERE receipt_key = ANY($1::text[])
"""
_COLUMNS = ("receipt_key", "kind", "member_id", "number_of_kind", "client", "key")
_REGISTER = RowWriter(ReceiptKey, *_COLUMNS)
_SETTLE = RowWriter(
    ReceiptKey,
    *_COLUMNS,
    on_conflict="""ON CONFLICT (receipt_key) DO UPDATE SET kind = excluded.kind, member_id = excluded.member_id,
    number_of_kind = excluded.number_of_kind WHERE receipt_key.kind IN ('waiting', 'guest')""",
)
_BLOCK = """
INSERT INTO receipt_key (receipt_key, kind, client, key, store_id) VALUES ($1, 'void', $2, $3, $4)
"""
_UNBLOCK = "DELETE FROM receipt_key WHERE receipt_key = ANY($1::text[]) AND kind = 'void' AND store_id IS NOT NULL"
_BLOCK_FOR_ALL = "UPDATE receipt_key SET store_id = NULL WHERE receipt_key = $1 AND kind = 'void'"


async def find_receipts(
    connection: "Connection[Record]", receipt_keys: Collection[str]
) -> dict[str, RegisteredReceipt]:
    """The receipts that are registered, by key."""
    return receipts_from((await fetch_together(connection, receipts_query(receipt_keys)))[0])


def receipts_query(receipt_keys: Collection[str]) -> Query:
    """The query of ``find_receipts``, to be sent together with others; ``receipts_from`` takes its rows."""
    return Query(_FIND, (list(receipt_keys),))


def receipts_from(rows: Iterable[Row]) -> dict[str, RegisteredReceipt]:
    """The registered receipts out of the rows of ``receipts_query``."""
    return {
        receipt_key: RegisteredReceipt(kind, member_id, number, KeyId(client, key), store_id)
        for receipt_key, kind, member_id, number, client, key, store_id in rows
    }


async def register_receipts(
    connection: "Connection[Record]", receipts: Iterable[tuple[str, RegisteredReceipt]], *, settles: bool = False
) -> None:
    """Claim receipt keys. One that exists meanwhile breaks the transaction (unique violation).

    With ``settles`` the key was claimed when its receipt came, under the idempotency key that stays with it: a refund
    that waited for its sale, or a guest's sale, which now gets its member and number.
    """
    await (_SETTLE if settles else _REGISTER).write(
        connection,
        [
            (receipt_key, receipt.kind, receipt.member_id, receipt.number, *receipt.first_key)
            for receipt_key, receipt in receipts
        ],
    )


async def block_receipt(connection: "Connection[Record]", receipt_key: str, *, store_id: str, key: KeyId) -> None:
    """Claim the key of a sale that must never come to ``store_id``, which voided it under the idempotency key."""
    await connection.execute(_BLOCK, receipt_key, *key, store_id)


async def block_receipt_for_all(connection: "Connection[Record]", receipt_key: str) -> bool:
    """Another store has voided it too. False where a sale has come meanwhile."""
    return await connection.execute(_BLOCK_FOR_ALL, receipt_key) == "UPDATE 1"


async def unblock_receipts(connection: "Connection[Record]", receipt_keys: Collection[str]) -> None:
    """Free the keys of sales that another store's voids named, so that they can be registered.

    One that the sale's own store has voided since stays: registering it breaks the transaction then.
    """
    if receipt_keys:
        await connection.execute(_UNBLOCK, list(receipt_keys))


def purchase_id(member_id: int, purchase_no: int) -> str:
    """Public id of a purchase."""
    return encode_public_id("pur", member_id, purchase_no)


def refund_id(member_id: int, refund_no: int) -> str:
    return encode_public_id("ref", member_id, refund_no)


def hold_id(member_id: int, hold_no: int) -> str:
    return encode_public_id("hld", member_id, hold_no)


def member_and_number(prefix: str, public_id: str) -> tuple[int, int] | None:
    """The key of a public id; None for text that is no such id."""
    try:
        member_id, number = decode_public_id(prefix, public_id, count=2)
    except InvalidPublicIdError:
        return None
    return member_id, number
