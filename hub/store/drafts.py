"""Verbs on drafts: alerts being written on the console, and those that wait for a second pair of eyes.

What a draft says is the police's own text about people: it is emptied when the draft is decided, and a day later at the latest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
from tortoise.transactions import in_transaction

from hub.store import registry_tables as tables
from hub.store.engine import shielded
from hub.store.ids import Ids

DRAFT, WAITING, SENT, REFUSED = "draft", "waiting", "sent", "refused"


@dataclass(frozen=True, slots=True)
class Draft:
    """`content`: the form, field → values. `state`: draft, waiting, sent, refused. `alert_id`: what it became."""

    id: int
    key_id: str
    written_by: str
    state: str
    changed_at: int
    decided_by: str
    note: str = field(repr=False)
    alert_id: str
    content: dict[str, list[str]] = field(repr=False)


class Drafts:
    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    @shielded
    async def put(self, draft_id: int, key_id: str, written_by: str, content: Mapping[str, list[str]], now: int) -> int:
        """Keep what is written so far, under this id if it is a draft of this key, else under a new one."""
        text = orjson.dumps(content).decode()
        own = tables.AlertDraft.filter(id=draft_id, key_id=key_id, state=DRAFT)
        if draft_id and await own.update(content=text, changed_at=now):
            return draft_id
        made = self._ids.one()
        await tables.AlertDraft.create(
            id=made, key_id=key_id, written_by=written_by, content=text, state=DRAFT, changed_at=now
        )
        return made

    @shielded
    async def find(self, draft_id: int) -> Draft | None:
        row = await tables.AlertDraft.get_or_none(id=draft_id)
        return _draft(row) if row is not None else None

    @shielded
    async def of_key(self, key_id: str) -> list[Draft]:
        """What somebody was writing, the latest first."""
        rows = await tables.AlertDraft.filter(key_id=key_id, state=DRAFT).order_by("-changed_at").limit(20)
        return [_draft(row) for row in rows]

    @shielded
    async def waiting(self) -> list[Draft]:
        """What waits for a second pair of eyes, the oldest first."""
        rows = await tables.AlertDraft.filter(state=WAITING).order_by("changed_at").limit(100)
        return [_draft(row) for row in rows]

    @shielded
    async def offer(self, draft_id: int, key_id: str, now: int) -> bool:
        """To a second pair of eyes; False if it is no draft of this key."""
        own = tables.AlertDraft.filter(id=draft_id, key_id=key_id, state=DRAFT)
        return bool(await own.update(state=WAITING, changed_at=now))

    @shielded
    async def take_back(self, draft_id: int, key_id: str, now: int) -> bool:
        """A draft again, for who wrote it: what waits, or was refused."""
        own = tables.AlertDraft.filter(id=draft_id, key_id=key_id, state__in=(WAITING, REFUSED))
        return bool(await own.update(state=DRAFT, changed_at=now, note=""))

    @shielded
    async def decide(self, draft_id: int, state: str, by: str, now: int, *, note: str = "", alert_id: str = "") -> bool:
        """Sent or refused; False if that was decided before. A refused one keeps its content for who wrote it."""
        async with in_transaction():
            open_ones = tables.AlertDraft.filter(id=draft_id, state__in=(DRAFT, WAITING))
            content = {} if state == REFUSED else {"content": "{}"}
            return bool(
                await open_ones.update(
                    state=state, decided_by=by, decided_at=now, note=note, alert_id=alert_id, **content
                )
            )

    @shielded
    async def discard(self, draft_id: int, key_id: str) -> bool:
        return bool(await tables.AlertDraft.filter(id=draft_id, key_id=key_id, state__in=(DRAFT, REFUSED)).delete())

    @shielded
    async def erase(self, before: int, now: int) -> int:
        """Those nobody touched since then (ms); what was sent keeps who agreed to it."""
        old = tables.AlertDraft.filter(changed_at__lte=before)
        return await old.exclude(state=SENT).delete()


def _draft(row: tables.AlertDraft) -> Draft:
    return Draft(
        row.id, row.key_id, row.written_by, row.state, row.changed_at, row.decided_by, row.note, row.alert_id,
        orjson.loads(row.content),
    )  # fmt: skip
