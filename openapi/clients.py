"""`python -m openapi.clients`: clients in four languages from the committed document, one of them compiled and used.

Needs Java and Node. Writes to ``build/clients`` and fails on anything that a generator complains of.
"""

import asyncio
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from openapi.journey import drive_journey

ROOT: Final = Path(__file__).parent.parent
DOCUMENT: Final = ROOT / "openapi" / "openapi.json"
CLIENTS: Final = ROOT / "build" / "clients"

_EXPECTED: Final = (
    "OpenAPI 3.1 support is still in beta",
    # Uploads of files are for the console and for scripts; Dart is for phones.
    "is not support in the Dart generators by default",
)
"""What generators say of every document of this version, or of parts that their clients never use."""


class Client(NamedTuple):
    """One client: a generator of openapi-generator-cli and its options."""

    generator: str
    options: str


_CLIENTS: Final = (
    Client("kotlin", "packageName=comeback,library=jvm-okhttp4,serializationLibrary=moshi"),
    Client("swift6", "projectName=Comeback"),
    Client("dart", "pubName=comeback"),
    Client("typescript-fetch", "supportsES6=true"),
)


def main() -> int:
    """The exit status."""
    missing = [program for program in ("java", "node", "npm") if shutil.which(program) is None]
    if missing:
        print(f"The clients need {' and '.join(missing)}, which this machine does not have.", file=sys.stderr)
        return 1
    shutil.rmtree(CLIENTS, ignore_errors=True)
    with ThreadPoolExecutor(max_workers=2) as pool:
        complaints = [complaint for found in pool.map(generate, _CLIENTS) for complaint in found]
    if complaints:
        print(*complaints, sep="\n", file=sys.stderr)
        return 1
    if subprocess.run(["npm", "run", "--silent", "compile"], cwd=ROOT / "openapi", check=False).returncode != 0:
        return 1
    asyncio.run(drive_journey(CLIENTS / "journey" / "openapi" / "journey.js"))
    return 0


def generate(client: Client) -> list[str]:
    """Make one client; what the generator complained of."""
    directory = CLIENTS / client.generator
    command = [str(Path(sys.executable).with_name("openapi-generator-cli")), "generate"]
    command += ["--generator-name", client.generator, "--input-spec", str(DOCUMENT), "--output", str(directory)]
    command += ["--additional-properties", client.options]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (finished.stdout + finished.stderr).splitlines()
    complaints = [
        f"{client.generator}: {line}"
        for line in lines
        if (" WARN " in line or " ERROR " in line) and not any(expected in line for expected in _EXPECTED)
    ]
    if finished.returncode != 0 and not complaints:
        complaints = [f"{client.generator}: {line}" for line in lines[-20:]]
    files = sum(1 for path in directory.rglob("*") if path.is_file())
    print(f"{client.generator}: {files} files" + (f", {len(complaints)} complaints" if complaints else ""))
    return complaints


if __name__ == "__main__":
    sys.exit(main())
