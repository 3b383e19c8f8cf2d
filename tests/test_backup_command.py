"""`backup` and `restore` as an operator meets them; what PostgreSQL's programs are told, and what not."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.domain import Refused
from hub.store.postgres.programs import environment, program
from hub.store.sqlite.lock import HubLock
from run import app
from tests.test_settings import environment as settings

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    runner = CliRunner()
    with settings(HUB_DATABASE__URL=f"sqlite://{tmp_path}/hub.db", HUB_LOG__LEVEL="error"):
        yield lambda *arguments: runner.invoke(app, list(arguments))


def test_there_and_back(run: Run, tmp_path: Path) -> None:
    run("key", "create", "--role", "police", "--name", "before")
    made = json.loads(run("--json", "backup", str(tmp_path / "a.backup")).stdout)
    assert made["file"] == str(tmp_path / "a.backup") and made["bytes"] > 0
    run("key", "create", "--role", "police", "--name", "after")
    with HubLock(tmp_path / "hub.db"):
        refused = run("restore", made["file"])
        assert refused.exit_code == 1 and "Another hub uses this database" in refused.stderr
    restored = json.loads(run("--json", "restore", made["file"]).stdout)
    assert {"alerts": 0, "deliveries": 0, "possiblyDouble": 0, "migrated": []}.items() <= restored.items()
    assert [key["name"] for key in json.loads(run("--json", "key", "list").stdout)["items"]] == ["before"]
    run("restore", restored["before"])
    assert len(json.loads(run("--json", "key", "list").stdout)["items"]) == 2
    assert stat.S_IMODE((tmp_path / "hub.db").stat().st_mode) == 0o600
    assert not list(tmp_path.glob("restoring-*"))


def test_what_cannot_be_is_refused(run: Run, tmp_path: Path) -> None:
    none = run("backup", str(tmp_path / "a.backup"))
    assert none.exit_code == 1 and "there is no database there yet" in none.stderr
    (tmp_path / "dump").write_bytes(b"PGDMP and more")
    other = json.loads(run("--json", "restore", str(tmp_path / "dump")).stdout)
    assert other["error"] == "Nothing was restored"
    assert "is no backup of SQLite" in other["errors"][0]["reason"]


def test_the_password_is_on_no_command_line() -> None:
    address, variables = environment("postgres://hub:s%2Fcret@one:5432,two/buurtsein?sslmode=require")
    assert address == "postgres://hub@one:5432,two/buurtsein?sslmode=require&target_session_attrs=primary"
    assert variables["PGPASSWORD"] == "s/cret"
    assert "PGPASSWORD" not in environment("postgres://hub@one/buurtsein")[1].keys() - os.environ.keys()


@pytest.mark.parametrize(("server", "reason"), [(16, "is of PostgreSQL 15, the server of 16"), (14, ""), (15, "")])
def test_a_program_must_not_be_older_than_the_server(tmp_path: Path, server: int, reason: str) -> None:
    found = tmp_path / "pg_dump"
    found.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)'\n")
    found.chmod(0o700)
    asked = program("pg_dump", str(tmp_path), at_least=server, title="No backup was made")
    if reason:
        with pytest.raises(Refused, match=reason):
            asyncio.run(asked)
    else:
        assert asyncio.run(asked) == found


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"pg_dump: is not in .*: install PostgreSQL's client programs"):
        asyncio.run(program("pg_dump", str(tmp_path), at_least=17, title="No backup was made"))
