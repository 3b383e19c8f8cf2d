"""Verbs on the audit chain: note what was changed or looked at, go through it, erase contents, prune, remember the last walk.

Whoever adds moves the head from what they read to what they add, in one unit; if somebody else was first nothing is stored, and it
is tried again from the new head. So there are no gaps and no forks, whatever process dies when, and nobody holds a lock meanwhile.
What waits in a process goes together.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from hub.domain import Mistake, Refused
from hub.store import audit_tables as tables
from hub.store.chain import ERASED, PRUNED, Entry, Head, Noted, Verdict, Walk, begin, link
from hub.store.chain import Anchor as Anchor
from hub.store.engine import Engine, Rows, Statement, shielded, uninterrupted
from hub.store.keys import Identity
from hub.store.queries import Queries
from hub.store.sealing import Unopened, sealer

BATCH_MOST = 100
WALK = 500
"""Entries read at a time."""
LOOKED = ".looked"
CONTENT = "audit.content"


@dataclass(frozen=True, slots=True)
class Who:
    """Who did it: the id of a key, a staff account or an admin, and as what."""

    id: str
    role: str


COMMAND_LINE = Who("commandline", "operator")
"""Whoever may log in on the machine."""
HUB = Who("hub", "hub")
VISITOR = Who("", "visitor")


@dataclass(frozen=True, slots=True)
class Change:
    """`kind`: noun.verb, such as group.changed. `subject`: the id of what was changed. `what`: names of fields, ids, counts."""

    sequence: int
    at: int
    who: str
    role: str
    kind: str
    subject: str
    look: bool
    what: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verified:
    """The last walk: when (ms, 0 for never), up to which entry, and how many faults it found."""

    at: int
    to: int
    faults: int


_Waiting = tuple[Noted, "asyncio.Future[None]"]


class AuditChain:
    def __init__(self, engine: Engine, queries: Queries) -> None:
        self._engine = engine
        self._sql = queries.auditing
        self._waiting: list[_Waiting] = []
        self._noting: asyncio.Task[None] | None = None
        self._last: Head | None = None
        """Where we left the head: nearly always it is still there, which saves a read."""

    # noting ------------------------------------------------------------------------------------------------------------------

    async def put(
        self,
        who: Who | Identity,
        kind: str,
        subject: str,
        what: Mapping[str, Any],
        now: int,
        *,
        content: Mapping[str, Any] | None = None,
    ) -> None:
        """On disk when this returns. Nothing personal but in `content`, which can be erased; not even anybody's name."""
        by = who if isinstance(who, Who) else Who(who.key_id, who.role.value)
        look = kind.endswith(LOOKED)
        noted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((Noted(now, by.id[:40], by.role, kind[:40], subject[:40], look, what, content), noted))
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(self._note_all(), name="audit")
        await uninterrupted(noted)

    async def _note_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH_MOST], self._waiting[BATCH_MOST:]
            try:
                while not await self._add(self._last or await self.head(), [one for one, _ in batch]):
                    pass
            except Exception as error:
                for _, noted in batch:
                    noted.set_exception(error)
            else:
                for _, noted in batch:
                    noted.set_result(None)

    async def _add(self, head: Head, noted: Sequence[Noted], *more: Statement) -> bool:
        """False if the chain went on meanwhile: then nothing is stored. `more` goes with it: its second parameter is our token."""
        moved, entries = link(head, noted)
        token = secrets.token_hex(8)  # not the hash: two processes may add the same
        done, *_ = await self._engine.write(
            (self._sql.move_head, head.sequence, head.hash, moved.sequence, moved.hash, token),
            (self._sql.append, Rows(12, [_kept(one).row() for one in entries]), token),
            *((sql, given, token, *rest) for sql, given, *rest in more),
        )
        self._last = moved if done else None
        return bool(done)

    async def note_alerts(self, limit: int = BATCH_MOST) -> int:
        """Alerts that were accepted and are not in the chain yet: how many were added, each once, whoever else tries."""
        while True:
            head = await self.head()  # before they are looked up: who adds any of them moves it
            rows = await self._engine.read(self._sql.unaudited, limit)
            if not rows:
                return 0
            noted = [
                Noted(
                    at, key_id, "", "alert.taken", alert, False,
                    {"status": status, "msgType": msg_type, "fingerprint": fingerprint, "hold": hold},
                )
                for alert, key_id, at, status, msg_type, fingerprint, hold in rows
            ]  # fmt: skip
            if await self._add(head, noted, (self._sql.mark_alerts, [row[0] for row in rows])):
                return len(rows)

    # looking -----------------------------------------------------------------------------------------------------------------

    async def head(self) -> Head:
        """Begins the chain where there is none. Raises Refused for one whose head was taken away: entries without an end."""
        rows = await self._engine.read(self._sql.head)
        if not rows:
            await self._engine.write((self._sql.begin, begin().base))
            rows = await self._engine.read(self._sql.head)
        if not rows:
            raise Refused("The audit chain was tampered with", [Mistake("audit_head", "the chain's end is gone")])
        return Head(*rows[0])

    async def entries(self, after: int = 0) -> AsyncIterator[Entry]:
        """From there on, in their order, some at a time."""
        while rows := await self._engine.read(self._sql.entries, after, WALK):
            for row in rows:
                yield _entry(row)
            after = rows[-1][0]

    async def verify(self, anchors: Sequence[Anchor] = (), beat: Callable[[], None] = lambda: None) -> Verdict:
        """Walks along all that is kept. Pruned meanwhile, it begins anew. Each entry is a `beat`."""
        while True:
            head = await self.head()
            walk = Walk(head, anchors)
            async for entry in self.entries():
                beat()
                if entry.sequence > head.sequence and (await self.head()).sequence >= entry.sequence:
                    break  # added since
                walk.see(entry)
            if (await self.head()).first == head.first:
                return walk.verdict()

    @shielded
    async def page(
        self,
        before: int,
        limit: int,
        kinds: str = "",
        *,
        look: bool | None = False,
        who: str | None = None,
        subject: str = "",
        since: int = 0,
        until: int = 1 << 62,
    ) -> list[Change]:
        """Those before that sequence, newest first. `kinds`: whose kind begins so. `look`: None for both. `since`, `until`: ms."""
        found = tables.Audit.filter(sequence__lt=before, at__gte=since, at__lt=until)
        if kinds:
            found = found.filter(kind__startswith=kinds)
        if look is not None:
            found = found.filter(look=look)
        if who is not None:
            found = found.filter(who=who)
        if subject:
            found = found.filter(subject=subject)
        rows = await found.order_by("-sequence").limit(limit)
        return [Change(r.sequence, r.at, r.who, r.role, r.kind, r.subject, r.look, orjson.loads(r.what)) for r in rows]

    @shielded
    async def contents(self, sequences: Collection[int]) -> dict[int, dict[str, Any]]:
        """What is kept apart of these, where there is something and it was not erased."""
        found = tables.Audit.filter(sequence__in=list(sequences), content__isnull=False)
        contents: dict[int, dict[str, Any]] = {}
        for sequence in await found.values_list("sequence", flat=True):
            try:
                row = await tables.Audit.get(sequence=sequence)
            except Unopened:  # tampered with, which the walk tells
                continue
            told = orjson.loads(row.content or "{}")
            contents[row.sequence] = {name: value for name, value in told.items() if name != "salt"}
        return contents

    @shielded
    async def verified(self) -> Verified:
        row = await tables.AuditHead.get(id=1)
        return Verified(row.verified_at, row.verified_to, row.verified_faults)

    @shielded
    async def put_verdict(self, verdict: Verdict, now: int) -> None:
        await tables.AuditHead.filter(id=1).update(
            verified_at=now, verified_to=verdict.head.sequence, verified_faults=len(verdict.faults)
        )

    # taking out --------------------------------------------------------------------------------------------------------------

    async def erase_contents(self, before: int, now: int) -> int:
        """Contents from before then (ms); their hashes stay, and an entry says that they were erased. How many, at most a batch."""
        while True:
            head = await self.head()
            due = await self._due(before)
            if not due:
                return 0
            note = Noted(now, HUB.id, HUB.role, ERASED, "", False, {"sequences": due})
            if await self._add(head, [note], (self._sql.erase, due)):
                return len(due)

    @shielded
    async def _due(self, before: int) -> list[int]:
        rows = tables.Audit.filter(content__isnull=False, at__lt=before).order_by("sequence").limit(BATCH_MOST)
        return [int(str(one)) for one in await rows.values_list("sequence", flat=True)]

    async def prune(self, before: int, now: int) -> int:
        """Takes out what came before then (ms). An entry signs the new start off: from which entry on, and what it follows."""
        while True:
            head = await self.head()
            last = await self._last_before(before)
            if last is None:
                return 0
            until, hash = last
            note = Noted(now, HUB.id, HUB.role, PRUNED, "", False, {"until": until, "hash": hash})
            taken = (self._sql.move_first, until + 1), (self._sql.prune, until)
            if await self._add(head, [note], (*taken[0], hash), taken[1]):
                return until + 1 - head.first

    @shielded
    async def _last_before(self, before: int) -> tuple[int, str] | None:
        """The last entry of those that are all from before then. The chain's own end stays."""
        kept = await tables.Audit.filter(at__gte=before).order_by("sequence").first()
        older = tables.Audit.filter(sequence__lt=kept.sequence) if kept is not None else tables.Audit.all()
        row = await older.order_by("-sequence").first()
        return (row.sequence, row.hash) if row is not None else None


def _kept(entry: Entry) -> Entry:
    """As the database has it: its content is hashed as it reads, and sealed."""
    return entry if entry.content is None else replace(entry, content=sealer().seal(entry.content, CONTENT))


def _entry(row: Sequence[Any]) -> Entry:
    sequence, at, who, role, kind, subject, look, what, content, *rest = row
    return Entry(sequence, at, who, role, kind, subject, bool(look), what, _opened(content), *rest)


def _opened(content: str | None) -> str | None:
    """What cannot be opened was changed: it fits no hash."""
    try:
        return content and sealer().open(content, CONTENT)
    except Unopened:
        return ""
