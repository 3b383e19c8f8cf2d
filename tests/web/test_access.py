"""hub/ACCESS.md keeps step with the code: every way in, what each role sees, and every number that stands in a table."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, Final

from hub.domain import Role
from hub.settings import ROOT, Settings
from hub.store.sessions import Strength
from hub.web.route import Open
from hub.web.routes import ROUTES

TEXT: Final = (ROOT / "hub" / "ACCESS.md").read_text(encoding="utf-8")
UNITS: Final = {"": 1, "s": 1, "min": 60, "h": 3600, "MiB": 1 << 20, "million": 1_000_000}
ENTERING: Final = re.compile(r"/(login|welcome|link)/")


def rows(heading: str) -> list[list[str]]:
    """The table below a heading, without its own."""
    part = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_way_in_stands_in_it() -> None:
    table = rows("Every way in")
    named = {name for row in table for name in re.findall(r"`([^`]+)`", row[0])}
    session = {one.value for one in Strength}
    doors = {one.name for one in Open} - {"PUBLIC", "ACCOUNT"}
    links = {
        route.path
        for route in ROUTES
        if route.method == "GET" and ENTERING.match(route.path) and "/with/" not in route.path
    }
    assert named == {"bearer"} | session | doors | links
    assert all(len(row) == 6 and all(row) for row in table)


def test_what_each_role_sees_stands_in_it() -> None:
    """By the noun that its route notes in the audit chain, or by the page."""
    table = {row[1].strip("`"): dict(zip((*Role, Open.ADMIN), row[2:], strict=True)) for row in rows("Who sees what")}
    assert {route.shows for route in ROUTES if route.shows} <= table.keys()
    for what, cells in table.items():
        showing = [one for one in ROUTES if what in (one.path, one.shows) and (what[:1] != "/" or one.method == "GET")]
        may: set[Any] = set().union(*({one.may} if isinstance(one.may, Open) else one.may for one in showing))
        seen = {who for who, cell in cells.items() if cell != "–"}
        assert showing and seen - {Open.ADMIN} == may - {Open.ADMIN} and may - seen == set(), what


def test_every_number_is_the_one_of_the_code() -> None:
    settings, looked_at = Settings(), 0
    for row in (row for heading in re.findall(r"^## (.+)$", TEXT, re.MULTILINE) for row in rows(heading)):
        where = re.fullmatch(r"`([a-z_]+(?:\.\w+)+)`", row[-1])
        if where is None:
            continue
        number, unit = re.fullmatch(r"(\d+) ?(\w*)", row[-2]).groups()  # type: ignore[union-attr]  # a row without fails
        assert int(number) * UNITS[unit] == value_of(where[1], settings), row
        looked_at += 1
    assert looked_at > 20


def value_of(path: str, settings: Settings) -> float:
    """A setting, or a constant of a module."""
    if path.startswith("hub."):
        module, _, name = path.rpartition(".")
        return float(getattr(import_module(module), name))
    section, name = path.split(".")
    return float(getattr(getattr(settings, section), name))


def test_it_is_short_enough_to_be_read() -> None:
    assert len(TEXT.split()) < 3000
