"""Keeping with which device and from which address members came: for review alone, hashed, and for half a year.

Nothing is ever refused for a trace: families share phones, and whole towns share an address.
"""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlmodel import col, delete

from kernel.database import RowWriter, WriteSession, driver
from loyalty.identities import LookupKey
from loyalty.models import MemberTrace

KEPT: Final = timedelta(days=180)
_ONE_HOUSEHOLD: Final = 64
"""Of an IPv6 address, which a household has many of, as many bits are compared."""
_NOTE: Final = RowWriter(
    MemberTrace,
    *("member_id", "kind", "value_hash", "seen_at"),
    on_conflict="ON CONFLICT (member_id, kind, value_hash) DO UPDATE SET seen_at = excluded.seen_at",
)


class Trace(NamedTuple):
    """Something that somebody was seen with."""

    kind: str
    value_hash: bytes


def traces_of(device_id: str | None, address: str | None, *, lookup_key: LookupKey) -> Sequence[Trace]:
    """What is kept of a phone's own id and of the address that a request came from. Neither can be read back."""
    traces = []
    if device_id is not None:
        traces.append(Trace("device", lookup_key.digest("device", device_id)))
    if address is not None and (network := _network(address)) is not None:
        traces.append(Trace("address", lookup_key.digest("address", network)))
    return traces


async def note_traces(session: WriteSession, member_id: int, traces: Sequence[Trace], *, now: datetime) -> None:
    """Note that the member was seen with these now."""
    await _NOTE.write(await driver(session), [(member_id, *trace, now) for trace in traces])


async def forget_old_traces(session: WriteSession, *, now: datetime) -> None:
    """Delete what has not been seen for ``KEPT``."""
    await session.exec(delete(MemberTrace).where(col(MemberTrace.seen_at) < now - KEPT))


def _network(address: str) -> str | None:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is not None:
        known = known.ipv4_mapped
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    return str(ipaddress.ip_network((known, _ONE_HOUSEHOLD), strict=False))
