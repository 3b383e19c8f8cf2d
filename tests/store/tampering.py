"""`make tampering N=1000 SEED=1`: what somebody with the database, or with an exported record, may do to the audit chain.

Each turn changes, deletes, inserts, reorders or truncates at random, and the walk must find it. Whoever tampers may know how the
chain is made and hash everything anew behind what they changed: then the anchors outside must tell. Ends badly if not all is found.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path
from random import Random
from typing import Any, Final

from tortoise import Tortoise

from hub.settings import Database
from hub.store.audit import CONTENT, AuditChain, Who
from hub.store.chain import Anchor, Entry, Head, Walk, digest, entry_line, head_line, read_entries, read_head
from hub.store.database import open_store
from hub.store.sealing import sealer
from tests.postgres.server import Server
from tests.store.databases import DIALECTS, NewDatabases, PostgresDatabases, SqliteFiles
from tests.store.world import START, FakeClock

LENGTH: Final = 40
NUMBERS = {"sequence", "at"}
Record = tuple[Head, list[Entry]]
Tampering = Callable[[Record, Random], Record]


def change_a_field(record: Record, rng: Random) -> Record:
    head, entries = record
    number = rng.randrange(len(entries))
    name = rng.choice([one.name for one in fields(Entry)])
    entries[number] = _changed(entries[number], name, rng)
    return head, entries


def _changed(entry: Entry, name: str, rng: Random) -> Entry:
    old: Any = getattr(entry, name)
    new: Any  # of whatever type the field has
    if name in NUMBERS:
        return replace(entry, **{name: old + rng.choice((-1, 1)) * rng.randint(10_000, 1 << 40)})
    if isinstance(old, bool):
        new = not old
        return replace(entry, **{name: new})
    if name == "content" and old is not None and rng.random() < 0.5:
        return replace(entry, content=None)  # erased, and no entry says so
    if not old:
        new = rng.choice(("a", "{}", "0"))
        return replace(entry, **{name: new})
    at = rng.randrange(len(old))  # no longer than it was: columns have a width
    new = old[:at] + rng.choice("XZ~") + old[at + 1 :]
    return replace(entry, **{name: new})


def change_and_hash_anew(record: Record, rng: Random) -> Record:
    head, entries = record
    number = rng.randrange(len(entries) - 1)
    name = rng.choice(("at", "who", "role", "kind", "subject", "look", "what"))
    entries[number] = _changed(entries[number], name, rng)
    return _hashed_anew(head, entries)


def delete(record: Record, rng: Random) -> Record:
    head, entries = record
    del entries[rng.randrange(len(entries) - 1)]
    return head, entries


def delete_and_hash_anew(record: Record, rng: Random) -> Record:
    return _hashed_anew(*delete(record, rng))


def insert(record: Record, rng: Random) -> Record:
    """A copy of an entry behind the last one, or between two that make room for it."""
    head, entries = record
    copy = rng.choice(entries)
    if rng.random() < 0.3:
        return head, [*entries, replace(copy, sequence=head.sequence + 1)]
    place = rng.randrange(len(entries))
    later = [replace(one, sequence=one.sequence + 1) for one in entries[place:]]
    return head, [*entries[:place], replace(copy, sequence=entries[place].sequence), *later]


def insert_and_hash_anew(record: Record, rng: Random) -> Record:
    """Not behind the last one: that is adding, which whoever has the database can do as the hub does."""
    head, entries = record
    place = rng.randrange(len(entries))
    return _hashed_anew(head, [*entries[:place], rng.choice(entries), *entries[place:]])


def reorder(record: Record, rng: Random) -> Record:
    """Two entries change places; or only what they say, the chain's own fields staying where they are."""
    head, entries = record
    one, other = rng.sample(range(len(entries)), 2)
    a, b = entries[one], entries[other]
    if rng.random() < 0.5:
        entries[one], entries[other] = replace(b, sequence=a.sequence), replace(a, sequence=b.sequence)
    else:
        entries[one], entries[other] = _saying(a, b), _saying(b, a)
    return head, entries


def _saying(entry: Entry, other: Entry) -> Entry:
    return replace(other, sequence=entry.sequence, previous=entry.previous, hash=entry.hash)


def cut_the_end(record: Record, rng: Random) -> Record:
    head, entries = record
    kept = entries[: rng.randrange(1, len(entries))]
    return head, kept


def cut_the_end_and_move_the_head(record: Record, rng: Random) -> Record:
    head, entries = cut_the_end(record, rng)
    return replace(head, sequence=entries[-1].sequence, hash=entries[-1].hash), entries


def cut_the_start(record: Record, rng: Random) -> Record:
    head, entries = record
    return head, entries[rng.randrange(1, len(entries)) :]


def cut_the_start_and_move_it(record: Record, rng: Random) -> Record:
    """As pruning does, but no entry says so."""
    head, entries = cut_the_start(record, rng)
    return replace(head, first=entries[0].sequence, base=entries[0].previous), entries


def change_the_head(record: Record, rng: Random) -> Record:
    head, entries = record
    name = rng.choice(("sequence", "hash", "first", "base"))
    old: Any = getattr(head, name)
    new: Any = old + rng.choice((-1, 1, 7)) if isinstance(old, int) else old[::-1]
    return replace(head, **{name: new}), entries


def _hashed_anew(head: Head, entries: list[Entry]) -> Record:
    sequence, previous, anew = head.first, head.base, []
    for one in entries:
        unhashed = replace(one, sequence=sequence, previous=previous)
        anew.append(replace(unhashed, hash=digest(unhashed)))
        sequence, previous = sequence + 1, anew[-1].hash
    return replace(head, sequence=sequence - 1, hash=previous), anew


TAMPERINGS: Final[tuple[Tampering, ...]] = (
    change_a_field, change_and_hash_anew, delete, delete_and_hash_anew, insert, insert_and_hash_anew, reorder, cut_the_end,
    cut_the_end_and_move_the_head, cut_the_start, cut_the_start_and_move_it, change_the_head,
)  # fmt: skip


async def filled(chain: AuditChain, rng: Random) -> list[Anchor]:
    """Entries of every kind, with contents of which some are erased, pruned once; anchors of it, the last of its very end."""
    who = [Who(f"key{n}", "coordinator") for n in range(3)]
    anchors: list[Anchor] = []
    for n in range(LENGTH):
        content = {"reason": f"reden {n}"} if n % 4 == 0 else None
        kind = rng.choice(("admin.looked", "group.changed", "alert.taken"))
        now = START + n * 1000
        await chain.put(rng.choice(who), kind, str(n), {"fields": [str(n)]}, now, content=content)
        if n == LENGTH // 2:
            assert await chain.erase_contents(START + 9 * 1000, now) == 3
            assert await chain.prune(START + 5 * 1000, now) == 5
        if n % 7 == 0:
            anchors.append(await anchored(chain, now))
    return [*anchors, await anchored(chain, START + LENGTH * 1000)]


async def anchored(chain: AuditChain, now: int) -> Anchor:
    head = await chain.head()
    return Anchor(head.sequence, head.hash, now)


async def put_record(record: Record, on_postgres: bool) -> None:
    """The tables as somebody left them who had the database to themselves, and its key."""
    head, entries = record
    db = Tortoise.get_connection("default")
    mark = "$" if on_postgres else "?"
    await db.execute_query("DELETE FROM audit")
    row = f"INSERT INTO audit VALUES ({', '.join(f'{mark}{n}' for n in range(1, 13))})"
    sealed = [
        one if one.content is None else replace(one, content=sealer().seal(one.content, CONTENT)) for one in entries
    ]
    await db.execute_many(row, [list(one.row()) for one in sealed])
    await db.execute_query(
        f"UPDATE audit_head SET sequence = {mark}1, hash = {mark}2, kept_from = {mark}3, base = {mark}4",
        [head.sequence, head.hash, head.first, head.base],
    )


async def tampered_database(where: Database, turns: int, rng: Random) -> Counter[str]:
    """How often each way was found."""
    found: Counter[str] = Counter()
    async with open_store(where, FakeClock(START)) as store:
        anchors = await filled(store.audit, rng)
        clean = await store.audit.verify(anchors)
        assert not clean.faults and clean.anchors and clean.erased, clean
        head, entries = clean.head, [one async for one in store.audit.entries()]
        for turn in range(turns):
            tamper = TAMPERINGS[turn % len(TAMPERINGS)]
            after = tamper((head, list(entries)), rng)
            if after == (head, entries) or len({one.sequence for one in after[1]}) < len(after[1]):
                after = change_a_field((head, list(entries)), rng)  # what no table can hold, or what came to nothing
            await put_record(after, where.on_postgres)
            verdict = await store.audit.verify(anchors)
            assert verdict.faults, f"not found: {tamper.__name__} {after}"
            found[tamper.__name__] += 1
        await put_record((head, entries), where.on_postgres)
        assert not (await store.audit.verify(anchors)).faults, "as it was"
    return found


async def tampered_files(where: Database, turns: int, rng: Random) -> Counter[str]:
    """The same in an exported record, where an entry may also stand twice, or a line be no entry any more."""
    found: Counter[str] = Counter()
    async with open_store(where, FakeClock(START)) as store:
        anchors = await filled(store.audit, rng)
        head, entries = await store.audit.head(), [one async for one in store.audit.entries()]
    lines = [head_line(head), *map(entry_line, entries)]
    assert not faults_of(lines, anchors)
    for turn in range(turns):
        tamper = TAMPERINGS[turn % len(TAMPERINGS)]
        after_head, after = tamper((head, list(entries)), rng)
        if (after_head, after) == (head, entries):
            after = [*entries, entries[-1]]
        assert faults_of([head_line(after_head), *map(entry_line, after)], anchors), tamper.__name__
        found[tamper.__name__] += 1
        number = rng.randrange(len(lines))
        at = rng.randrange(len(lines[number]))
        flipped = [*lines]
        flipped[number] = (
            lines[number][:at] + bytes([lines[number][at] ^ 1 << rng.randrange(7)]) + lines[number][at + 1 :]
        )
        assert faults_of(flipped, anchors), (number, at)
    return found


def faults_of(lines: Sequence[bytes], anchors: Sequence[Anchor]) -> list[str]:
    try:
        walk = Walk(read_head(lines[0]), anchors)
        for entry in read_entries(iter(lines[1:])):
            walk.see(entry)
    except (ValueError, KeyError) as error:
        return [str(error)]
    return [str(one) for one in walk.verdict().faults]


def main() -> int:
    given = argparse.ArgumentParser()
    given.add_argument("--count", type=int, default=1000)
    given.add_argument("--seed", type=int, default=1)
    chosen = given.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = Server()
        server.start()
        stack.callback(server.close)
        postgres = PostgresDatabases(server)
        databases: dict[str, NewDatabases] = {"sqlite": SqliteFiles(folder), "postgres": postgres}
        for dialect in DIALECTS:
            with databases[dialect].new() as where:
                found = asyncio.run(tampered_database(where, chosen.count, Random(chosen.seed)))
            sys.stdout.write(f"{dialect}: {found.total()} of {chosen.count} found: {dict(found)}\n")
        with databases["sqlite"].new() as where:
            found = asyncio.run(tampered_files(where, chosen.count, Random(chosen.seed)))
        sys.stdout.write(f"exported: {found.total()} of {chosen.count} found, and as many flipped bits\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
