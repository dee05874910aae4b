"""The guide to moving in says what happens: its files are written, its commands run, their answers compared."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from api.services import Services
from tests.conftest import DatabaseUrls
from tests.journeys.counter import discount
from tests.journeys.test_tiers import MONTHS, TIERS
from tests.loyalty.imports.moving import stock
from tests.programmes import programme, publish
from tests.shop import Shop
from tests.verified import assert_verified

PAGE = Path(__file__).parents[2] / "docs" / "migration.md"
_FILE = re.compile(r"^```csv (?P<name>[a-z_.]+)\n(?P<text>.*?)^```$", re.M | re.S)
_COMMAND = re.compile(r"^```sh\n(?P<command>.*?)\n```\n\n^```json\n(?P<answer>.*?)^```$", re.M | re.S)


async def run(command: str, directory: Path, urls: DatabaseUrls) -> tuple[int, dict[str, Any]]:
    """Its exit status and its JSON."""
    program, *arguments = command.split()
    assert program == "comeback"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "api.cli", *arguments),
        cwd=directory,
        env={
            **os.environ,
            "PYTHONPATH": str(PAGE.parents[1]),
            "APP_DATABASE_URL": urls.app,
            "DATABASE_URL": urls.owner,
            "COMEBACK_DATA_DIR": str(directory / "data"),
        },
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    return process.returncode or 0, json.loads(printed)


async def test_every_command_of_the_guide_does_what_is_printed(
    services: Services, shop: Shop, database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    await publish(services, programme(tiers=TIERS, tier_settings=MONTHS, rewards=[discount("tenth")]))
    await shop.store("s-1")
    await stock(services, "espresso")
    text = PAGE.read_text(encoding="utf-8")
    (tmp_path / "old-system").mkdir()
    for file in _FILE.finditer(text):
        place = tmp_path if file["name"] == "balances.csv" else tmp_path / "old-system"
        (place / file["name"]).write_text(file["text"], encoding="utf-8")
    commands = list(_COMMAND.finditer(text))
    assert len(commands) == text.count("```sh") == 6
    import_id: int | None = None
    for each in commands:
        command = each["command"].replace("--reverse 1", f"--reverse {import_id}")
        status, answer = await run(command, tmp_path, database_urls)
        printed = json.loads(each["answer"])
        import_id = answer.get("import_id") or import_id
        if printed.get("import_id"):
            printed["import_id"] = import_id
        assert status == 0
        assert {name: answer[name] for name in printed} == printed, command
    await assert_verified(services)
