"""Whose rights an embedded engine runs with.

PostgreSQL refuses to run as root. Started by root, an engine therefore runs as the owner of its existing
data, else as the system's own unprivileged account `nobody`; no account is ever created. Started by anybody
else, an engine runs as that user.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from api.engines.errors import EngineError


@dataclass(frozen=True, kw_only=True)
class Account:
    """The user and group an engine's processes run as; they are not given root's other groups."""

    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        """True when running as this account needs no change of user."""
        return self.uid == os.geteuid()

    def owns(self, path: Path) -> None:
        """Hand `path` to this account. Only root ever has a reason to, and only for what it just made."""
        if not self.is_ours:
            os.chown(path, self.uid, self.gid)


def engine_account(data: Path) -> Account:
    """The account for the engine whose data lies, or will lie, in `data`."""
    if os.geteuid() != 0:
        return Account(uid=os.geteuid(), gid=os.getegid())
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(uid=owner.st_uid, gid=owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EngineError(
            "PostgreSQL refuses to run as root and this system has no account 'nobody': "
            "start as a normal user, or set DATABASE_URL, APP_DATABASE_URL and REDIS_URL"
        ) from None
    return Account(uid=nobody.pw_uid, gid=nobody.pw_gid)


def can_reach(path: Path, *, account: Account) -> bool:
    """Whether `account` can enter or execute `path`; asked of the system itself, so that every rule counts.

    Root's own answer would always be yes, hence a child of that account is asked.
    """
    if account.is_ours:
        return os.access(path, os.X_OK)
    question = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    answer = subprocess.run(question, user=account.uid, group=account.gid, extra_groups=[], cwd="/", check=False)
    return answer.returncode == 0
