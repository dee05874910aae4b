"""The sales that are measured: baskets of three lines, about a third of the twenty rules firing."""

import json
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from api.callers import TerminalCaller
from bench.stand import CURRENCY, SKUS
from loyalty.answers import KeyId
from loyalty.purchases.outcome import Submission
from loyalty.purchases.sale import ReceiptRef, Sale, SaleLine, SaleTender, canonical

TEMPLATES: Final = 64
_LINES: Final = 3


def basket(place: int) -> dict[str, Any]:
    """Lines and total of the ``place``-th basket, as a till writes them."""
    lines = [
        {
            "id": str(line),
            "sku": f"sku-{(place * _LINES + line) % SKUS}",
            "quantity": str(line),
            "amount_minor": 1_000 + place * 7 % 900 + line,
            "tax_minor": 100,
        }
        for line in range(1, _LINES + 1)
    ]
    total_minor = sum(int(str(line["amount_minor"])) for line in lines)
    return {
        "currency": CURRENCY,
        "lines": lines,
        "total_minor": total_minor,
    }


def purchase_template(place: int, *, number: str = "@N@", member: str = "@M@") -> str:
    """The body of a sale: an unmistakable receipt of today, paid by card."""
    now = datetime.now(UTC)
    body = {
        "receipt": {"number": number, "business_date": now.date().isoformat()},
        "occurred_at": now.isoformat(),
        "member": {"id": member},
        "tenders": [{"kind": "card", "amount_minor": basket(place)["total_minor"]}],
        **basket(place),
    }
    return json.dumps(body)


def submission(member_id: int, *, number: str, now: datetime, place: int = 0) -> Submission:
    """The same sale as the domain gets it."""
    till = TerminalCaller("till-1", "store-1", kind="till")
    parts = basket(place)
    sale = Sale(
        store_id=till.store_id,
        terminal_id=till.terminal_id,
        cashier_id=None,
        channel=till.kind,
        member_id=member_id,
        receipt=ReceiptRef(number=number, business_date=now.date()),
        stated_at=now,
        currency=CURRENCY,
        lines=msgspec.convert(parts["lines"], tuple[SaleLine, ...]),
        tenders=(SaleTender(kind="card", amount_minor=parts["total_minor"]),),
        total_minor=parts["total_minor"],
    )
    return Submission(KeyId(till.client, f"key-{number}"), sale, canonical(sale), till.actor)
