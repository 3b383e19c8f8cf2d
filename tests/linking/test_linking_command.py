"""`link ADMIN --channel …`, as an operator meets it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hub.commands import files
from hub.commands.links import link
from hub.commands.shell import Output
from tests.furnished import furnish
from tests.test_settings import environment

HEADER = "group,platform,members,neighbourhoods,admin,language,channel,handle,rank\n"
ROW = "{},whatsapp,180,BU06370300,{},nl,whatsapp,{},1\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    app = typer.Typer()
    app.command()(link)
    app.add_typer(files.imports, name="import")
    monkeypatch.setattr(Output, "json", True)
    directory = tmp_path / "directory.csv"
    people = [
        ("Noord", "Anna de Vries", "+31612340001"),
        ("Zuid", "Jan", "+31612340002"),
        ("West", "Jan", "+31612340003"),
    ]
    directory.write_text(HEADER + "".join(ROW.format(*one) for one in people), encoding="utf-8")
    with environment(
        HUB_DATABASE__URL=f"sqlite://{tmp_path}/hub.db",
        HUB_WEB__PUBLIC_URL="https://hub.example",
        HUB_LOG__LEVEL="error",
        HUB_CHANNELS__TELEGRAM__TOKEN="token-of-the-test",
    ):
        runner = CliRunner()
        furnish(tmp_path / "hub.db")
        assert runner.invoke(app, ["import", "directory", str(directory)]).exit_code == 0
        yield lambda *arguments: runner.invoke(app, ["link", *arguments])


def test_an_admin_is_named_and_the_link_is_printed_once(run: Any) -> None:
    result = run("anna de vries", "--channel", "telegram")
    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (
        re.fullmatch(r"https://hub\.example/link/[A-Za-z0-9_-]{43}", answer["url"]) and answer["channel"] == "telegram"
    )


@pytest.mark.parametrize(
    ("admin", "channel", "told"),
    [
        ("Jan", "telegram", "2 admins have this name"),
        ("Piet", "telegram", "no admin has this id or name"),
        ("Anna de Vries", "matrix", "now: telegram"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(run: Any, admin: str, channel: str, told: str) -> None:
    result = run(admin, "--channel", channel)
    assert result.exit_code == 1 and told in result.stdout
