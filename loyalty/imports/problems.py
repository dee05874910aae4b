"""What is wrong with an import, each at its place."""

from collections.abc import Sequence

from msgspec import Struct

from kernel.errors import UnprocessableError


class ImportProblem(Struct, frozen=True, order=True):
    """Lines count from 1; the one that names the columns is the first. 0: the whole file."""

    file: str
    line: int
    column: str
    """Empty for the whole line."""
    code: str
    """Stable: ``identity_taken``, ``lot_expired``, ..."""
    message: str


class ImportRefusedError(UnprocessableError):
    """The files have problems, and nothing was imported."""

    code = "import_refused"
    title = "The files have problems; nothing was imported."

    def __init__(self, problems: Sequence[ImportProblem]) -> None:
        super().__init__(f"The files have {len(problems)} problems; nothing was imported.", problems=len(problems))
        self.problems = problems
