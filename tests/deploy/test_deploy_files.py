"""The container file, the compose file and the systemd units fit the hub: settings, commands and files that they name exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from typer.main import get_command

from hub.settings import CONFIG, ROOT, Settings
from run import app

DEPLOY = CONFIG / "deploy"
UNITS = ["buurtsein.service", "buurtsein@.service"]
EVERY = [*UNITS, "compose.yml", "Containerfile"]
SETTING = re.compile(r"\bHUB_\w*__\w+")


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def exists(setting: str) -> bool:
    """Whether a HUB_ variable names a setting; a channel's are those of its one account."""
    model: Any = Settings
    for part in setting.removeprefix("HUB_").lower().removesuffix("__file").split("__"):
        if "accounts" in getattr(model, "model_fields", {}):
            model = model.model_fields["accounts"].annotation.__args__[0]
        if not (isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields):
            return False
        model = model.model_fields[part].annotation
    return True


@pytest.mark.parametrize("name", EVERY)
def test_every_setting_named_exists(name: str) -> None:
    named = set(SETTING.findall(text(name)))
    assert named, "it sets something"
    assert [one for one in sorted(named) if not exists(one)] == []


def unit(name: str) -> dict[str, dict[str, list[str]]]:
    """Its sections; a key may come several times."""
    found: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in text(name).splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_starts_a_command_that_exists_and_lets_it_end_in_time(name: str) -> None:
    service = unit(name)["Service"]
    (start,) = service["ExecStart"]
    *_, program, command = start.split()
    assert (ROOT / Path(program).name).exists()
    assert command in get_command(app).commands  # type: ignore[attr-defined]  # typer's own group
    assert int(service["TimeoutStopSec"][0]) > 10, "what the hub needs at most"
    assert service["Restart"] == ["always"]


@pytest.mark.parametrize("name", UNITS)
def test_each_secret_of_a_unit_is_loaded_and_used(name: str) -> None:
    service = unit(name)["Service"]
    loaded = {one.partition(":")[0] for one in service["LoadCredential"]}
    used = {one.partition("%d/")[2] for one in service["Environment"] if "%d/" in one}
    assert loaded == used


def test_the_units_differ_only_in_what_names_the_instance() -> None:
    ours, theirs = (set(text(name).splitlines()) for name in UNITS)
    assert all("%i" in one or "database_url" in one or one.startswith("#") for one in theirs - ours)


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(text("compose.yml"))
    return read


def test_compose_names_every_image_with_its_version_and_every_secret_and_volume() -> None:
    read = compose()
    for name, service in read["services"].items():
        assert re.search(r":v?\d+(\.\d+)*", service["image"]), f"{name} has no version"
        assert set(service.get("secrets", ())) <= set(read["secrets"]), name
        assert {one["source"] for one in service.get("configs", ())} <= set(read["configs"]), name
        assert {one.partition(":")[0] for one in service.get("volumes", ())} <= set(read["volumes"]), name
        assert service["restart"] == "always"
    for one in read["configs"].values():
        assert "content" in one or (DEPLOY / one["file"]).exists()


def test_the_hubs_of_compose_can_write_only_where_they_must() -> None:
    hubs = [service for name, service in compose()["services"].items() if name.startswith("hub-")]
    assert len(hubs) == 2
    for hub in hubs:
        assert hub["read_only"] is True and hub["cap_drop"] == ["ALL"]
        secrets = {
            value.removeprefix("/run/secrets/") for value in hub["environment"].values() if "/run/secrets" in value
        }
        assert secrets == set(hub["secrets"])


def test_the_image_holds_every_file_of_ours_that_the_hub_reads_and_runs_as_nobody_in_particular() -> None:
    lines = text("Containerfile")
    copied = " ".join(re.findall(r"^COPY (?!--from)(.*) \S+$", lines, re.MULTILINE)).split()
    assert {"run.py", "pyproject.toml", "hub", "adapters", "config", "requirements.lock"} <= set(copied)
    assert all((ROOT / one).exists() for one in copied)
    assert "--require-hashes" in lines and re.search(r"^USER \d+$", lines, re.MULTILINE)
