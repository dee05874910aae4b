"""The passwords of the embedded engines: drawn once, readable by their owner only."""

import json
import os
import secrets
from pathlib import Path


def passwords(home: Path, names: tuple[str, ...]) -> dict[str, str]:
    """A password for each name, kept in a file of mode 0600 and the same for the life of the home.

    They are URL-safe, so they need no quoting in an address nor in SQL. The file appears whole or not at all.
    """
    file = home / "passwords.json"
    try:
        known: dict[str, str] = json.loads(file.read_text())
    except FileNotFoundError:
        known = {name: secrets.token_urlsafe(24) for name in names}
        draft = file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump(known, out)
        draft.rename(file)
    return known
