"""The dashboard, the rules and the documentation name what /metrics and the log really have."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from hub.measures import Measures
from hub.settings import CONFIG, ROOT
from hub.store.figures import Queue, Snapshot
from hub.web.metrics import Metrics

FOLDER = CONFIG / "monitoring"
NAMES = re.compile(r"\b(?:buurtsein|process|python)_[a-z_]+\b")
SUFFIX = re.compile(r"_(bucket|count|sum)$")
"""Of a histogram."""


class Hub:
    """As much of one as /metrics looks at: one account, one loop that failed once."""

    def __init__(self) -> None:
        sender = SimpleNamespace(
            channel=SimpleNamespace(name="whatsapp", account="main"), account=SimpleNamespace(rate=80.0)
        )
        dispatcher = SimpleNamespace(
            name="whatsapp/main", tokens=lambda: 1.0, breaker=SimpleNamespace(is_open=False), may_send=lambda: True
        )
        figures = SimpleNamespace(snapshot=self._snapshot, mark=self._nothing)
        self.store = SimpleNamespace(figures=figures, measures=Measures())
        self.store.measures.account("whatsapp", "main")
        self.senders, self.dispatchers = [sender], [dispatcher]
        self.loops = SimpleNamespace(ages=lambda: {"planner": 0.1}, failures={"planner": 1})
        self.atlas = SimpleNamespace(index=[])
        self.clock = SimpleNamespace(now=lambda: 0)

    async def _snapshot(self, now: int) -> Snapshot:
        return Snapshot((Queue("whatsapp", "main", 1, 0, 1),), 1, 2, 1, None, 0, None, 0)

    async def _nothing(self) -> None: ...


async def names() -> set[str]:
    """Every metric, by the name a query uses: without what a histogram adds."""
    hub: Any = Hub()
    text = (await Metrics(hub).written(ready=True)).decode()
    return {re.sub(r"_(total|info)$", "", name) for name in re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)}


def asked(expression: str) -> set[str]:
    found = {SUFFIX.sub("", name) for name in NAMES.findall(expression)}
    return {re.sub(r"_(total|info)$", "", name) for name in found}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    board = json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))
    return [panel for panel in board["panels"] if panel["type"] != "row"]


async def test_each_rule_asks_for_metrics_that_there_are_and_says_what_to_do() -> None:
    known = await names()
    for rule in rules():
        assert asked(rule["expr"]), rule["alert"]
        assert asked(rule["expr"]) <= known, rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert len(rule["annotations"]["summary"]) > 20 < len(rule["annotations"]["todo"]), rule["alert"]
    assert len({rule["alert"] for rule in rules()}) == len(rules())


async def test_each_panel_asks_for_metrics_that_there_are() -> None:
    known = await names()
    for panel in panels():
        for target in panel["targets"]:
            assert asked(target["expr"]), panel["title"]
            assert asked(target["expr"]) <= known, (panel["title"], asked(target["expr"]) - known)


def test_the_dashboard_is_one_that_grafana_imports() -> None:
    board = json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= board.keys()
    everything = board["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    taken: set[tuple[int, int]] = set()
    for panel in everything:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
        assert panel["type"] == "row" or panel["datasource"]["uid"] == "${datasource}", panel["title"]
        assert [target["refId"] for target in panel.get("targets", [])] == sorted(
            {target["refId"] for target in panel.get("targets", [])}
        )


async def test_each_metric_is_written_down_and_none_that_there_is_not() -> None:
    table = (FOLDER / "README.md").read_text(encoding="utf-8").partition("## Metrics")[2].partition("## The log")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    written = {f"buurtsein_{name}" for cell in cells for name in re.findall(r"`([a-z_]+)`", cell)}
    ours = {name for name in await names() if name.startswith("buurtsein_")}
    assert {re.sub(r"_(total|info)$", "", name) for name in written} == ours


def events(folder: str) -> Iterator[str]:
    """The first argument of every log call."""
    for file in (ROOT / folder).rglob("*.py"):
        if "emulator" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(
                        value=ast.Name(id="log"), attr="debug" | "info" | "warning" | "error" | "critical"
                    ),
                    args=[ast.Constant(value=str(event))],
                ):
                    yield event
                case _:
                    pass


def test_each_event_of_the_log_is_written_down_and_none_that_there_is_not() -> None:
    table = (FOLDER / "README.md").read_text(encoding="utf-8").partition("## The log")[2]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    written = {name for cell in cells for name in re.findall(r"`([a-z_]+)`", cell)}
    assert written == {*events("hub"), *events("adapters")}


@pytest.mark.parametrize("file", ["README.md", "alerts.yml", "grafana.json"])
def test_the_files_are_there(file: str) -> None:
    assert (FOLDER / file).stat().st_size > 1000
