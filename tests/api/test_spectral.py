"""Spectral finds no error by the government's API Design Rules in what the hub publishes, and would find one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from hub.web.api.openapi import document
from hub.web.routes import ROUTES
from tests.api.spectral.installed import is_there, slips


def told(folder: Path, content: dict[str, Any]) -> list[str]:
    assert is_there(), "Spectral is not installed: run `make test`, or `python -m tests.api` once"
    file = folder / "openapi.json"
    file.write_bytes(orjson.dumps(content))
    return [f"{one['code']} at {'/'.join(map(str, one['path']))}: {one['message']}" for one in slips(file)]


def test_what_the_hub_publishes_breaks_no_rule(tmp_path: Path) -> None:
    assert told(tmp_path, document(ROUTES, "https://buurtsein.example")) == []


def test_broken_rules_are_told(tmp_path: Path) -> None:
    broken = orjson.loads(orjson.dumps(document(ROUTES, "https://buurtsein.example")))
    broken["info"]["version"] = "1"
    broken["paths"]["/Alerts/"] = broken["paths"].pop("/alerts")
    broken["paths"]["/crss"]["get"]["responses"]["200"].pop("headers")
    broken["components"]["schemas"]["Problem"]["properties"].pop("detail")
    found = "\n".join(told(tmp_path, broken))
    for rule in ("nlgov:semver", "nlgov:paths-kebab-case", "path-keys-no-trailing-slash", "nlgov:missing-header"):
        assert rule in found
