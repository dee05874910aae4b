"""What a request may use, built once by the composition root and handed to every handler as ``services``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from api.rate_limits import RateLimiter
    from api.security.keys import SigningKeys
    from kernel.clock import Clock
    from kernel.database import Database
    from kernel.settings import Settings
    from loyalty.identities import LookupKey
    from loyalty.programme.versions import PublishedProgrammes


@dataclass(frozen=True, slots=True)
class Services:
    """One process's long-lived objects."""

    settings: Settings
    clock: Clock
    database: Database
    redis: Redis
    """May be unreachable: every use of it must have an answer without it."""
    signing_keys: SigningKeys
    lookup_key: LookupKey
    rate_limiter: RateLimiter
    programmes: PublishedProgrammes
    """What this process knows of the published versions; ``api/programmes.py`` keeps it up to date."""
