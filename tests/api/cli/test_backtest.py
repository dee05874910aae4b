"""`comeback programme backtest`: a table for people, JSON for programs, and 1 for a document with problems."""

import asyncio
import json
import os
import sys
from pathlib import Path

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from loyalty.programme.decoding import encode_programme_yaml
from tests.conftest import DatabaseUrls
from tests.journeys.tills import done, sale
from tests.programmes import programme, publish, rate
from tests.shop import Shop


async def comeback_backtest(urls: DatabaseUrls, file: Path, *options: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.cli", "programme", "backtest", str(file), "--processes", "1", *options),
        env=os.environ | {"APP_DATABASE_URL": urls.app, "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


@pytest.fixture
async def bought(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    """One member has bought once for a hundred."""
    await publish(services)
    member = {"id": member_public_id(await shop.member())}
    await done(client, await shop.till(), "purchases", sale(member=member))


async def test_a_file_is_tried_on_what_was_bought(bought: None, database_urls: DatabaseUrls, tmp_path: Path) -> None:
    file = tmp_path / "double.yaml"
    file.write_text(encode_programme_yaml(programme(rate(points=2))))
    status, output, _ = await comeback_backtest(database_urls, file)
    assert status == 0
    assert output.startswith("1 purchases of 1 members")
    assert "+100" in output
    status, output, _ = await comeback_backtest(database_urls, file, "--json", "--until", "2026-03-03")
    assert (status, json.loads(output)["difference"]) == (0, 100)
    status, output, _ = await comeback_backtest(database_urls, file, "--json", "--from", "2026-03-03")
    assert (status, json.loads(output)["purchases"]) == (0, 0)


async def test_a_document_with_problems_is_told_with_their_places(
    bought: None, database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(encode_programme_yaml(programme(rate(), primary_wallet="other")))
    status, output, errors = await comeback_backtest(database_urls, file)
    assert (status, output) == (1, "")
    assert "$.primary_wallet" in errors
