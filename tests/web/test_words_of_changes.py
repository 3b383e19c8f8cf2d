"""Whatever is noted as a change is told in words, in the list of changes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from hub.relay.forgetting import terms
from hub.store.signs import State
from hub.web.coordinator.changes import FIELDS, NOUNS, UNSHOWN, VERBS
from hub.web.routes import ROUTES
from tests.web.world import World

HUB = Path(__file__).resolve().parents[2] / "hub"
ALSO = {
    *(f"sign.{state}" for state in (State.PLANNED, State.PLACED, State.REFUSED, State.REMOVED)),
    "ring.accept",
    "ring.refuse",
    "map.imported",
    "key.made",
    "key.revoked",
    "person.exported",
    "person.erased",
    "people.erased",
    "alerts.erased",
    "key.rotated",
    "key.bound",
    "key.unbound",
    "database.copied",
    "database.restored",
    "audit.exported",
    "audit.erased",
    "audit.pruned",
    "alert.taken",
    "alert.glass_broken",
    "alert.held",
    "alert.agreed",
    "alert.refused",
    "alert.lapsed",
    *(f"{route.shows}.looked" for route in ROUTES if route.shows),
}
"""Whose name is put together as it is noted, or which the command line notes."""


def noted() -> Iterator[tuple[set[str], set[str]]]:
    """Of every place that notes a change: the kinds it may be, and the names beside it."""
    for file in sorted(HUB.rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "changed":
                kinds = {
                    one.value
                    for argument in call.args[:1]
                    if not isinstance(argument, ast.JoinedStr)
                    for one in ast.walk(argument)
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
                yield kinds, {one.arg for one in call.keywords if one.arg}


def test_every_kind_of_change_and_what_stands_beside_it_has_words() -> None:
    found = list(noted())
    kinds = ALSO.union(*(kinds for kinds, _ in found))
    names = set[str]().union(*(names for _, names in found)) - {"fields", "place", *UNSHOWN}
    assert len(kinds) > 40
    assert sorted(kind for kind in kinds if kind.split(".")[0] not in NOUNS or kind.split(".")[1] not in VERBS) == []
    assert sorted(names - FIELDS.keys()) == []


async def test_whatever_is_erased_by_its_term_is_told_in_words(world: World) -> None:
    assert sorted({term.what for term in terms(world.hub.store, 0)} - FIELDS.keys()) == []
