"""`comeback keys`: what an operator makes opens the API, and what is revoked does not."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx

from api.security.keys import open_signing_keys
from api.services import Services
from tests.clocks import MovableClock
from tests.conftest import DatabaseUrls
from tests.shop import Shop


async def comeback_keys(urls: DatabaseUrls, *words: str, data_dir: Path = Path("unused")) -> tuple[int, str]:
    """Exit code and standard output."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.cli", "keys", *words),
        env=os.environ | {"APP_DATABASE_URL": urls.app, "COMEBACK_DATA_DIR": str(data_dir), "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def facts_of(urls: DatabaseUrls, *words: str) -> Any:
    status, output = await comeback_keys(urls, *words, "--json")
    assert status == 0, output
    return json.loads(output)


async def test_a_terminals_key_is_made_listed_and_revoked(
    services: Services, client: httpx.AsyncClient, shop: Shop, database_urls: DatabaseUrls
) -> None:
    till = await shop.till()
    made = await facts_of(database_urls, "issue", "--terminal", till.terminal_id, "--label", "spare")
    assert (await client.post("/v1/pos/sessions", json={"key": made["secret"]})).status_code == 201
    status, table = await comeback_keys(database_urls, "list")
    assert (status, made["key_id"] in table, "spare" in table, made["secret"] in table) == (0, True, True, False)
    assert (await comeback_keys(database_urls, "revoke", made["key_id"]))[0] == 0
    assert (await client.post("/v1/pos/sessions", json={"key": made["secret"]})).status_code == 403
    revoked = {row["key_id"]: row["revoked_at"] is not None for row in await facts_of(database_urls, "list")}
    assert revoked == {till.key_id: False, made["key_id"]: True}


async def test_the_first_owner_signs_in_and_a_forgotten_password_is_replaced(
    services: Services, client: httpx.AsyncClient, database_urls: DatabaseUrls
) -> None:
    first = await facts_of(database_urls, "owner", "--email", "Olga@example.com")
    second = await facts_of(database_urls, "owner", "--email", "olga@example.com")
    assert first["staff_id"] == second["staff_id"]
    for made, status in ((first, 403), (second, 201)):
        body = {"email": "olga@example.com", "password": made["password"]}
        assert (await client.post("/v1/admin/sessions", json=body)).status_code == status


async def test_nobody_becomes_an_owner_by_having_a_password_set(
    services: Services, shop: Shop, database_urls: DatabaseUrls
) -> None:
    await shop.staff("support")
    status, output = await comeback_keys(database_urls, "owner", "--email", "staff1@example.com")
    assert status != 0
    assert "no owner" in output


async def test_an_unknown_key_or_terminal_is_said_in_a_sentence(
    services: Services, database_urls: DatabaseUrls
) -> None:
    for words in (("revoke", "0123456789abcdef"), ("issue", "--terminal", "nowhere")):
        status, output = await comeback_keys(database_urls, *words)
        assert status == 1
        assert "There is no such" in output
        assert "Traceback" not in output


async def test_a_rotated_signing_key_signs_and_the_one_before_still_verifies(
    database_urls: DatabaseUrls, tmp_path: Path, clock: MovableClock
) -> None:
    before = open_signing_keys(tmp_path / "keys" / "signing.json").current.kid
    status, output = await comeback_keys(database_urls, "rotate", "--json", data_dir=tmp_path)
    assert status == 0, output
    after = open_signing_keys(tmp_path / "keys" / "signing.json")
    assert after.current.kid == json.loads(output)["kid"] != before
    assert after.find(before) is not None


async def test_a_systems_key_is_made_for_known_scopes_alone(services: Services, database_urls: DatabaseUrls) -> None:
    status, output = await comeback_keys(database_urls, "issue", "--scope", "everything")
    assert (status, "no such scope" in output) == (1, True)
    made = await facts_of(database_urls, "issue", "--scope", "events:write")
    (row,) = await facts_of(database_urls, "list")
    assert (row["key_id"], row["scopes"]) == (made["key_id"], ["events:write"])
