"""The witness: a file of what the service has acknowledged, written before anybody counts on it (I16)."""

import json
from pathlib import Path


class Witness:
    """One line for each acknowledged request: its key and the bytes of its answer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("a")

    def acknowledge(self, key: str, answer: bytes) -> None:
        """Written and flushed when it returns."""
        self._file.write(json.dumps([key, answer.decode()]) + "\n")
        self._file.flush()

    def answers(self) -> dict[str, bytes]:
        """What the file says, by key. A key that was answered twice was answered the same."""
        answers: dict[str, bytes] = {}
        for line in self._path.read_text().splitlines():
            key, answer = json.loads(line)
            assert answers.setdefault(key, answer.encode()) == answer.encode(), key
        return answers

    def close(self) -> None:
        self._file.close()
