"""Using the embedded PostgreSQL whether or not `comeback up` runs it at the moment."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from api.engines.errors import EngineError
from api.engines.home import EngineHome, engine_home
from api.engines.lock import EngineBusyError
from api.engines.passwords import passwords
from api.engines.ports import LOOPBACK
from api.engines.postgres import embedded_postgres
from api.engines.postgres_birth import APP_ROLE, DATABASE, OWNER_ROLE


@contextmanager
def joined_postgres(data_dir: Path) -> Iterator[str]:
    """The application's address of the database in `data_dir`, started for the length of the block if nobody runs it.

    Raises EngineError when there is none yet, or when it cannot start.
    """
    home = engine_home(data_dir, "postgres")
    if not home.data.exists():
        raise EngineError(f"APP_DATABASE_URL is not set and {data_dir} has no database: `comeback up` makes one")
    with ExitStack() as around:
        try:
            url = around.enter_context(embedded_postgres(data_dir, say=_say_nothing)).app_url
        except EngineBusyError:
            url = _address_of_running(home)
        yield url


def _address_of_running(home: EngineHome) -> str:
    password = passwords(home.directory, (OWNER_ROLE, APP_ROLE))[APP_ROLE]
    port = int((home.directory / "port").read_text())
    return f"postgresql+asyncpg://{APP_ROLE}:{password}@{LOOPBACK}:{port}/{DATABASE}"


def _say_nothing(_: str) -> None:
    """What is printed here may be read by a program."""
