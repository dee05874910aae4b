"""Running a load against the server and reading what came of it."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

CONNECTIONS: Final = 64
_SCRIPT: Final = Path(__file__).with_name("requests.lua")


class Load(Struct, frozen=True, kw_only=True):
    """What is sent. In a template ``@N@`` is a number used once, ``@M@`` a member drawn anew."""

    path: str
    templates: Sequence[str]
    """Bodies, one line each, taken in turn."""
    members: Sequence[str]
    tokens: Sequence[str]
    connections: int = CONNECTIONS
    per_second: float | None = None
    """None: as many as come back."""


class Measured(Struct, frozen=True, kw_only=True):
    """What one run of a load measured."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    failed: int
    """Requests without an answer, or with another than 2xx."""

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def generator() -> str:
    """What will produce the load."""
    return "wrk" if shutil.which("wrk") else "bench/load/own_generator.py (wrk is not installed)"


def drive(load: Load, *, port: int, seconds: int, folder: Path, run: str) -> Measured:
    """Send ``load`` over keep-alive connections from another process. ``run`` names this run once."""
    folder.mkdir(exist_ok=True)
    for name, lines in (
        ("templates", load.templates),
        ("members", load.members),
        ("tokens", load.tokens),
        ("run", [run]),
        ("path", [load.path]),
        ("connections", [str(load.connections)]),
    ):
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
    if load.per_second is not None:
        command = [sys.executable, "-m", "bench.load.steady", str(port), str(seconds), str(folder)]
        command.append(str(load.per_second))
    elif shutil.which("wrk"):
        command = ["wrk", f"-c{load.connections}", "-t2", f"-d{seconds}s", "--timeout", "10s", "-s", str(_SCRIPT)]
        command += [f"http://127.0.0.1:{port}", "--", str(folder)]
    else:
        command = [sys.executable, "-m", "bench.load.own_generator", str(port), str(seconds), str(folder)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    result = next(line for line in said.splitlines() if line.startswith("RESULT "))
    return msgspec.json.decode(result.removeprefix("RESULT "), type=Measured)
