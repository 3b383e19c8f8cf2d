"""Verbs on changes: who changed what and when, newest first. Kept without personal data, so that it can be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from hub.store import registry_tables as tables
from hub.store.engine import shielded
from hub.store.ids import Ids

COMMAND_LINE = "command line"
"""Who changed what was changed there: whoever may log in on the machine."""
ITSELF = "the hub itself"
"""Who erased what was kept long enough."""


@dataclass(frozen=True, slots=True)
class Change:
    """`kind`: noun.verb, such as group.changed. `subject`: the id of what was changed. `what`: names of fields, ids, counts."""

    id: int
    at: int
    who: str
    kind: str
    subject: str
    what: dict[str, Any]


class Changes:
    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    @shielded
    async def put(self, who: str, kind: str, subject: str, what: Mapping[str, Any], now: int) -> None:
        """`who`: the name of a key; never a resident's or an admin's name, nor anything they wrote in `what`."""
        text = orjson.dumps(what).decode()
        await tables.Change.create(
            id=self._ids.one(), at=now, who=who[:200], kind=kind, subject=subject[:40], what=text
        )

    @shielded
    async def page(
        self,
        before: int,
        limit: int,
        kinds: str = "",
        *,
        who: str | None = None,
        subject: str = "",
        since: int = 0,
        until: int = 1 << 62,
    ) -> list[Change]:
        """Those with an id below `before`, newest first. `kinds`: only those whose kind begins so. `since`, `until`: in ms."""
        found = tables.Change.filter(id__lt=before, kind__startswith=kinds, at__gte=since, at__lt=until)
        if who is not None:
            found = found.filter(who=who)
        if subject:
            found = found.filter(subject=subject)
        rows = await found.order_by("-id").limit(limit)
        return [Change(r.id, r.at, r.who, r.kind, r.subject, orjson.loads(r.what)) for r in rows]
