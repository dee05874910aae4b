"""Slow hashes for what people choose: PINs and passwords (Argon2id, RFC 9106).

The cost is OWASP's second recommendation (19 MiB, two passes, one lane): a server of 300 MB must survive a crowd at
the door. Hashing runs in a thread, two at a time, so that tills are served meanwhile.
"""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_AT_ONCE: Final = 2
_STRANGERS_HASH: Final = _HASHER.hash("somebody we do not know")
"""Compared with when the account does not exist, so that the answer takes as long as any."""

_slots: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


async def hash_secret(secret: str) -> str:
    """The hash to keep, with its parameters and salt."""
    async with _slot():
        return await asyncio.to_thread(_HASHER.hash, secret)


async def matches(secret_hash: str | None, secret: str) -> bool:
    """Whether ``secret`` is the one that was hashed; never for None, which takes the same time."""
    async with _slot():
        return await asyncio.to_thread(_verify, secret_hash, secret)


def _verify(secret_hash: str | None, secret: str) -> bool:
    try:
        _HASHER.verify(secret_hash or _STRANGERS_HASH, secret)
    except (VerificationError, InvalidHashError):
        return False
    return secret_hash is not None


def _slot() -> asyncio.Semaphore:
    return _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE))
