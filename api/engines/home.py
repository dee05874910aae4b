"""Where an embedded engine keeps its files, and what to do when the engine cannot get there.

A home holds `data/` (the engine's own), the secrets, the port last used, the lock and the log. Homes are private
to the user who made them. Started by root the engine is another user (see `account`), who has to pass
through the home to reach `data/`: then, and only then, the directories made here may be passed
through. Directories that were already there keep their permissions; if those shut the engine out, the home moves to
`/var/lib/comeback`, at a place that follows from the data directory's path.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from api.engines.account import Account, can_reach, engine_account
from api.engines.errors import EngineError

ROOTS_OWN_PLACE = Path("/var/lib/comeback")


@dataclass(frozen=True, kw_only=True)
class EngineHome:
    """One engine's directory; `moved_from` is set when it is not below the data directory asked for."""

    directory: Path
    account: Account
    moved_from: Path | None = None

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def log(self) -> Path:
        return self.directory / "server.log"


def engine_home(data_dir: Path, engine: str, *, roots_own_place: Path = ROOTS_OWN_PLACE) -> EngineHome:
    """Make, or find again, the home of `engine` below `data_dir`; the same arguments always give the same home."""
    wanted = data_dir.resolve() / engine
    _refuse_anothers(wanted)
    account = engine_account(wanted / "data")
    try:
        _make_passable(wanted, account)
        if can_reach(wanted, account=account):
            return EngineHome(directory=wanted, account=account)
        moved = private_place(roots_own_place) / hashlib.sha256(bytes(wanted)).hexdigest()[:16]
        _make_passable(moved, account)
    except OSError as problem:
        raise EngineError(f"cannot use {wanted} for the embedded {engine}: {problem}") from problem
    if not can_reach(moved, account=account):
        raise EngineError(
            f"the embedded {engine} runs as uid {account.uid}, which can reach neither {wanted} nor {moved}: "
            "set COMEBACK_DATA_DIR to a directory that every user may pass through"
        )
    return EngineHome(directory=moved, account=account, moved_from=wanted)


def private_place(place: Path) -> Path:
    """Make `place`, or accept it as made before, unless somebody else could have put it or its contents there."""
    place.mkdir(mode=0o711, exist_ok=True)
    found = place.lstat()
    if place.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise EngineError(f"{place} belongs to, or can be written by, somebody else: remove it")
    return place


def _refuse_anothers(home: Path) -> None:
    if home.exists() and os.geteuid() not in (0, maker := home.stat().st_uid):
        raise EngineError(
            f"{home} was made by another user (uid {maker}): set COMEBACK_DATA_DIR to a directory of your own"
        )


def _make_passable(directory: Path, account: Account) -> None:
    """Make `directory` and its missing parents, private unless the engine is another user; change no other."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(0o700 if account.is_ours else 0o711)
