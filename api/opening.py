"""Opens what a process needs and closes it again: the API, the worker and the tests all start here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from api.rate_limits import RateLimiter
from api.security.keys import open_lookup_key, open_signing_keys, parse_lookup_key
from api.services import Services
from kernel.clock import Clock
from kernel.database import Database
from kernel.settings import Settings
from loyalty.identities import LookupKey
from loyalty.programme.versions import PublishedProgrammes

_REDIS_TIMEOUT_S = 0.25


class MissingSettingError(Exception):
    """An address that a process cannot do without was not set."""


@asynccontextmanager
async def open_services(settings: Settings, *, clock: Clock) -> AsyncIterator[Services]:
    """The long-lived objects of one process. Nothing is connected before its first use."""
    database = Database(_needed("APP_DATABASE_URL", settings.app_database_url), pool_size=settings.database_pool_size)
    redis = Redis.from_url(
        _needed("REDIS_URL", settings.redis_url),
        socket_timeout=_REDIS_TIMEOUT_S,
        socket_connect_timeout=_REDIS_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        yield Services(
            settings=settings,
            clock=clock,
            database=database,
            redis=redis,
            signing_keys=open_signing_keys(settings.signing_keys_path),
            lookup_key=lookup_key_of(settings),
            rate_limiter=RateLimiter(redis, clock),
            programmes=PublishedProgrammes(),
        )
    finally:
        await redis.aclose()
        await database.close()


def lookup_key_of(settings: Settings) -> LookupKey:
    """The installation's own: as it is given, else as it was made."""
    if settings.lookup_key is not None:
        return LookupKey(parse_lookup_key(settings.lookup_key.get_secret_value()))
    return LookupKey(open_lookup_key(settings.data_dir / "keys" / "lookup.hex"))


def _needed(name: str, value: SecretStr | None) -> str:
    if value is None:
        raise MissingSettingError(f"{name} is not set; `comeback up` sets it for its embedded engines")
    return value.get_secret_value()
