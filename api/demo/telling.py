"""What `comeback up` says about the demo: who may do what, and one line to paste."""

import json
import secrets
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from api.demo.business import Business
from api.demo.catalogue import prices_of
from api.demo.chain import CASHIERS, CURRENCY, STORES
from api.demo.credentials import OWNER_EMAIL, DemoCredentials
from api.demo.people import Guest


def told(business: Business, credentials: DemoCredentials, guest: Guest, *, url: str, now: datetime) -> str:
    """The text, in lines of any length: what is to be pasted is one line. ``guest`` is whom it sells to."""
    return "\n".join(_lines(business, credentials, guest, url, now))


def _lines(business: Business, credentials: DemoCredentials, guest: Guest, url: str, now: datetime) -> Iterator[str]:
    yield f"\n{business.about} to try things on. Secrets are new at each start and are shown only here."
    yield f"  staff       {OWNER_EMAIL}  password {credentials.password}"
    for terminal_id, key in credentials.terminal_keys.items():
        yield f"  terminal    {terminal_id:15}{key}"
    yield f"  system      {'events:write':15}{credentials.system_key}"
    cashiers = ", ".join(cashier.cashier_id for cashier in CASHIERS)
    yield f"  cashiers    {cashiers}  PIN {credentials.pin}"
    yield f"  a member    {guest.name}  card {guest.card}  phone {guest.phone}"
    yield f"\n{business.shown} earns points. Paste the line; paste it again: the same answer, and no points twice.\n"
    yield _curl(business, credentials, guest, url, now)


def _curl(business: Business, credentials: DemoCredentials, guest: Guest, url: str, now: datetime) -> str:
    """A sale of this moment under a number of its own, so that a later start sells something else."""
    number = secrets.token_hex(4)
    price = prices_of(business.products)[business.shown_sku]
    sale = {
        "receipt": {"number": number, "business_date": now.astimezone(ZoneInfo(STORES[0].zone)).date().isoformat()},
        "occurred_at": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "currency": CURRENCY,
        "lines": [{"id": "1", "sku": business.shown_sku, "amount_minor": price}],
        "total_minor": price,
        "member": {"card": guest.card},
        "print": True,
    }
    headers = {
        "Authorization": f"Bearer {credentials.till_token}",
        "Idempotency-Key": number,
        "Content-Type": "application/json",
    }
    shown = " ".join(f"-H '{name}: {value}'" for name, value in headers.items())
    return f"curl -sS -w '\\n' {url}/v1/pos/purchases {shown} -d '{json.dumps(sale, separators=(',', ':'))}'"
