"""Which version of the programme applies when, and the compiled snapshots of one process."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from kernel.errors import ConflictError
from loyalty.programme.snapshot import ProgrammeSnapshot


class NoProgrammeError(ConflictError):
    """Nothing has been published that applies at that instant."""

    code = "no_programme"
    title = "No programme has been published yet."


class Programmes(Protocol):
    """Access to compiled versions, as evaluation needs it."""

    def at(self, instant: datetime) -> ProgrammeSnapshot:
        """The version in force at ``instant``; before the first one, the first. Raises ``NoProgrammeError``."""

    def version(self, version: int) -> ProgrammeSnapshot | None:
        """A published version by its number."""


class PublishedProgrammes:
    """The published versions as this process knows them. Reads of past facts never miss: versions do not change."""

    def __init__(self, versions: Sequence[tuple[datetime, ProgrammeSnapshot]] = ()) -> None:
        self._versions: list[tuple[datetime, ProgrammeSnapshot]] = []
        self.replace(versions)

    def replace(self, versions: Sequence[tuple[datetime, ProgrammeSnapshot]]) -> None:
        """Take over a newer list of ``(starts_at, snapshot)``."""
        self._versions = sorted(versions, key=lambda item: (item[0], item[1].version))

    @property
    def latest_version(self) -> int:
        """The highest version known; 0 when there is none."""
        return max((snapshot.version for _, snapshot in self._versions), default=0)

    @property
    def by_version(self) -> dict[int, ProgrammeSnapshot]:
        """All that are known, by their numbers."""
        return {snapshot.version: snapshot for _, snapshot in self._versions}

    def at(self, instant: datetime) -> ProgrammeSnapshot:
        if not self._versions:
            raise NoProgrammeError
        for starts_at, snapshot in reversed(self._versions):
            if starts_at <= instant:
                return snapshot
        return self._versions[0][1]

    def version(self, version: int) -> ProgrammeSnapshot | None:
        return next((snapshot for _, snapshot in self._versions if snapshot.version == version), None)
