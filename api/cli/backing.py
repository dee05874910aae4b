"""The database and the cache of a command: the operator's where their addresses are given, else embedded ones."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import typer
from pydantic import SecretStr

from api.engines import embedded_postgres, embedded_valkey
from api.engines.joining import joined_postgres
from kernel.settings import Settings


def with_backing_services(settings: Settings, running: ExitStack, *, say: Callable[[str], None] = print) -> Settings:
    """The settings with all three addresses; the engines started for them stop when `running` closes.

    `say` hears of each started engine. Raises EngineError when one cannot start, and
    typer.BadParameter when only one of the database's two addresses is given.
    """
    given = (settings.database_url, settings.app_database_url)
    if any(given) and not all(given):
        raise typer.BadParameter("set both DATABASE_URL (owner) and APP_DATABASE_URL (application), or neither")
    addresses: dict[str, SecretStr] = {}
    if settings.database_url is None:
        postgres = running.enter_context(embedded_postgres(settings.data_dir, say=say))
        addresses["database_url"] = SecretStr(postgres.owner_url)
        addresses["app_database_url"] = SecretStr(postgres.app_url)
    if settings.redis_url is None:
        valkey = running.enter_context(embedded_valkey(settings.data_dir, say=say))
        addresses["redis_url"] = SecretStr(valkey.url)
    return settings.model_copy(update=addresses)


@contextmanager
def application_database(settings: Settings) -> Iterator[str]:
    """The database as the application sees it: the given one, or the embedded one, whether it runs or not.

    Raises EngineError when there is no embedded one, or when it cannot start.
    """
    if settings.app_database_url is not None:
        yield settings.app_database_url.get_secret_value()
    else:
        with joined_postgres(settings.data_dir) as url:
            yield url
