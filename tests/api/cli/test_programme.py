"""`comeback programme`: files checked and compared offline, versions published and rolled back in a database."""

import asyncio
import os
import sys
from pathlib import Path

import msgspec
from typer.testing import CliRunner, Result

from api.cli import app
from api.services import Services
from loyalty.programme.decoding import encode_programme_yaml
from tests.conftest import DatabaseUrls
from tests.programmes import fixed, programme, rate

RUNNER = CliRunner()


def run(*arguments: str, stdin: str | None = None) -> Result:
    return RUNNER.invoke(app, ["programme", *arguments], input=stdin)


def written(path: Path, *points: int) -> str:
    """A file with a programme whose rules pay these points."""
    rules = [rate(f"rule-{place}", points=each) for place, each in enumerate(points)]
    path.write_text(encode_programme_yaml(programme(*rules)), encoding="utf-8")
    return str(path)


async def in_database(urls: DatabaseUrls, *arguments: str, **environment: str) -> tuple[int, str]:
    """Exit code and standard output of a command on the tests' database."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.cli", "programme", *arguments),
        env=os.environ | {"APP_DATABASE_URL": urls.app} | environment,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


def test_a_file_is_checked_without_a_database(tmp_path: Path) -> None:
    good = written(tmp_path / "good.yaml", 1)
    assert run("validate", good).exit_code == 0
    told = run("validate", "-", "--json", stdin="name: Coffee\nsurprise: 1\n")
    assert told.exit_code == 1
    problems = msgspec.json.decode(told.stdout)["problems"]
    assert {"line": 2, "code": "unknown_member"}.items() <= next(p for p in problems if p["line"] == 2).items()


def test_warnings_fail_only_where_they_are_taken_for_errors(tmp_path: Path) -> None:
    file = tmp_path / "never.yaml"
    never = programme(rate(), fixed("never", 5, condition="false"))
    file.write_text(encode_programme_yaml(never), encoding="utf-8")
    assert run("validate", str(file)).exit_code == 0
    assert run("validate", str(file), "--strict").exit_code == 1


def test_two_files_are_compared(tmp_path: Path) -> None:
    one, other = written(tmp_path / "one.yaml", 1), written(tmp_path / "other.yaml", 2)
    assert run("diff", one, one).exit_code == 0
    told = run("diff", one, other, "--json")
    assert told.exit_code == 1
    assert msgspec.json.decode(told.stdout)["differences"] == [
        {"path": "$.earn_rules[rule-0].formula.points", "before": 1, "after": 2}
    ]
    assert run("diff", one, str(tmp_path / "absent.yaml")).exit_code == 2


def test_the_schema_is_json() -> None:
    schema = msgspec.json.decode(run("schema").stdout)
    assert schema["$defs"]["ProgrammeDocument"]["required"]


async def test_a_file_is_published_exported_compared_and_rolled_back(
    services: Services, database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    first, second = written(tmp_path / "first.yaml", 1), written(tmp_path / "second.yaml", 2)
    published = await in_database(database_urls, "publish", first, "--json")
    assert (published[0], msgspec.json.decode(published[1])) == (0, {"version": 1})
    assert (await in_database(database_urls, "diff", second))[0] == 1
    assert (await in_database(database_urls, "publish", second, "--note", "Two points"))[0] == 0
    assert (await in_database(database_urls, "diff", second))[0] == 0
    rolled_back = await in_database(database_urls, "rollback", "1", "--json")
    assert msgspec.json.decode(rolled_back[1]) == {"version": 3}
    assert (await in_database(database_urls, "diff", "version:1", "current"))[0] == 0
    exported = str(tmp_path / "exported.yaml")
    assert (await in_database(database_urls, "export", "version:2", "-o", exported))[0] == 0
    assert run("diff", exported, second).exit_code == 0
    assert (await in_database(database_urls, "rollback", "9"))[0] == 1


async def test_nothing_is_published_that_has_errors_or_needs_a_second_person(
    services: Services, database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    bad, good = written(tmp_path / "bad.yaml", 0), written(tmp_path / "good.yaml", 1)
    assert (await in_database(database_urls, "publish", bad))[0] == 1
    status, _ = await in_database(database_urls, "publish", good, COMEBACK_PUBLISHING_APPROVAL="second_person")
    assert status == 1
    assert (await in_database(database_urls, "export"))[0] == 1, "nothing has been published"
