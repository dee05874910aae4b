"""The first start of an embedded PostgreSQL: a cluster, two roles with passwords, one database.

Everything happens in a draft directory that is renamed when it is complete, so a first start that is interrupted
leaves nothing half made. The cluster's superuser gets no password and no rule lets it in: nobody logs in as it.
"""

import shutil
import signal
import subprocess
from pathlib import Path

from api.engines.child import start_child
from api.engines.errors import EngineError
from api.engines.home import EngineHome
from api.engines.logs import last_lines, open_log
from api.engines.survivors import stop_survivors

DATABASE = "comeback"
OWNER_ROLE = "comeback_owner"
APP_ROLE = "comeback_app"
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}

# The built-in provider arrived with 17. It sorts by code point like C and still knows that "И" is the capital of "и",
# the same on every system; before it, the system's C library has to do.
_BUILTIN_LOCALE_SINCE = 17
_BUILTIN_LOCALE = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_LIBC_LOCALE = ("--locale=C", "--lc-ctype=C.UTF-8")

_ACCESS_RULES = f"""\
# Whoever connects proves a password, and only over 127.0.0.1.
host all {OWNER_ROLE} 127.0.0.1/32 scram-sha-256
host all {APP_ROLE} 127.0.0.1/32 scram-sha-256
"""


def give_birth(home: EngineHome, *, bin_dir: Path, major: int, passwords: dict[str, str], durable: bool) -> None:
    """Make the cluster `home.data`; `passwords` has one for each of the two roles.

    The owner role owns the database, migrates it and may create others (tests do). The application role may log
    in and nothing else: what it may touch is granted by the migrations.
    """
    draft = home.data.with_suffix(".new")
    stop_survivors("postgres", draft, goodbye=signal.SIGQUIT)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    home.account.owns(draft)
    locale = _BUILTIN_LOCALE if major >= _BUILTIN_LOCALE_SINCE else _LIBC_LOCALE
    haste = () if durable else ("--no-sync",)
    _run(
        [bin_dir / "initdb", "-D", draft, "-U", "postgres", "--auth=reject", "--encoding=UTF8", *locale, *haste],
        home=home,
    )
    _run(
        [bin_dir / "postgres", "--single", "-D", draft, "-c", "exit_on_error=on", "postgres"],
        home=home,
        stdin="\n".join(_roles_and_database(passwords)),
    )
    (draft / "pg_hba.conf").write_text(_ACCESS_RULES)
    draft.rename(home.data)


def _roles_and_database(passwords: dict[str, str]) -> tuple[str, ...]:
    # PostgreSQL's single-user mode takes one statement a line. The passwords are URL-safe: nothing to quote.
    return (
        f"CREATE ROLE {OWNER_ROLE} LOGIN CREATEDB PASSWORD '{passwords[OWNER_ROLE]}'",
        f"CREATE ROLE {APP_ROLE} LOGIN PASSWORD '{passwords[APP_ROLE]}'",
        f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}",
        "",
    )


def _run(arguments: list[str | Path], *, home: EngineHome, stdin: str = "") -> None:
    with open_log(home.log) as log:
        began_at = log.tell()
        process = start_child(
            arguments, account=home.account, output=log, stdin=subprocess.PIPE, environment=ENVIRONMENT
        )
        process.communicate(stdin.encode())
    if process.returncode != 0:
        raise EngineError(f"{Path(arguments[0]).name} failed:\n{last_lines(home.log, since=began_at)}")
