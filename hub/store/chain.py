"""The chain of audit entries: how an entry is hashed, and the walk that finds whatever was done to one afterwards.

SHA-256 without a key: who may read the record can prove it, without any of the hub's secrets. Who may write the database could hash
it all anew from some entry on; the anchors outside (hashes of the chain's end as it was) find that, and an end that was cut off.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

import orjson

from hub.domain import Mistake

FORM: Final = "buurtsein audit 1"
"""Begins what is hashed: another way of writing an entry down gets another name."""
MOST_FAULTS: Final = 100
"""Told of one walk: what was cut into a thousand pieces is proven by the first hundred."""
PRUNED, ERASED = "audit.pruned", "audit.erased"


@dataclass(frozen=True, slots=True)
class Noted:
    """What is to be kept: who did what to what. `what`: never personal; `content`: what may have to be erased one day."""

    at: int
    who: str
    role: str
    kind: str
    subject: str
    look: bool
    what: Mapping[str, Any]
    content: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it stands in the chain. `what` and `content` as written (JSON); `content` None: there is none, or no more."""

    sequence: int
    at: int
    who: str
    role: str
    kind: str
    subject: str
    look: bool
    what: str
    content: str | None = field(repr=False)
    content_hash: str
    previous: str
    hash: str

    def row(self) -> tuple[Any, ...]:
        return (
            self.sequence, self.at, self.who, self.role, self.kind, self.subject, self.look, self.what, self.content,
            self.content_hash, self.previous, self.hash,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """The chain's ends: its last entry (`sequence`, `hash`), and the `first` one kept with the hash that one follows (`base`)."""

    sequence: int
    hash: str
    first: int
    base: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """The chain's end at some moment (ms), written down elsewhere."""

    sequence: int
    hash: str
    at: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk found. `erased`: entries whose content is gone, as the record says; `anchors`: how many agreed."""

    head: Head
    entries: int
    erased: int
    anchors: int
    faults: tuple[Mistake, ...]


def begin() -> Head:
    """The ends of a new chain. Its start is random, so that no two chains share a piece."""
    start = secrets.token_hex(32)
    return Head(0, start, 1, start)


def link(head: Head, noted: Sequence[Noted]) -> tuple[Head, list[Entry]]:
    """These as the chain's next entries, and its head after them."""
    entries: list[Entry] = []
    for one in noted:
        content = _sealed_in(one.content) if one.content is not None else None
        unhashed = Entry(
            head.sequence + 1, one.at, one.who, one.role, one.kind, one.subject, one.look,
            orjson.dumps(one.what).decode(), content, hash_of(content) if content is not None else "", head.hash, "",
        )  # fmt: skip
        entries.append(replace(unhashed, hash=digest(unhashed)))
        head = replace(head, sequence=unhashed.sequence, hash=entries[-1].hash)
    return head, entries


def _sealed_in(content: Mapping[str, Any]) -> str:
    """With a salt that is erased with it: the hash that stays must not tell a short text to whoever tries them all."""
    return orjson.dumps({"salt": secrets.token_hex(16), **content}).decode()


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def digest(entry: Entry) -> str:
    """Of all its fields in one order, as a JSON list: no two entries are written alike. The content is in it by its hash."""
    told = (
        FORM, entry.sequence, entry.at, entry.who, entry.role, entry.kind, entry.subject, bool(entry.look), entry.what,
        entry.content_hash, entry.previous,
    )  # fmt: skip
    return sha256(orjson.dumps(told)).hexdigest()


class Walk:
    """Along a chain from its first entry to its last, in the memory of one entry; `see` each, then ask for the verdict."""

    def __init__(self, head: Head, anchors: Sequence[Anchor] = ()) -> None:
        self._head = head
        self._next, self._previous = head.first, head.base
        self._anchors: dict[int, set[str]] = {}
        for one in anchors:
            self._anchors.setdefault(one.sequence, set()).add(one.hash)
        self._entries = self._erased = self._agreed = self._untold = 0
        self._gone: set[int] = set()
        self._pruned_to = 0
        self._faults: list[Mistake] = []
        if head.first > 1:
            self._compare(head.first - 1, head.base)

    def see(self, entry: Entry) -> None:
        place = f"entry {entry.sequence}"
        if entry.sequence > self._head.sequence:
            self._fault(place, f"comes after the chain's end, which is {self._head.sequence}")
        elif entry.sequence > self._next:
            self._fault(place, f"entries {self._next} to {entry.sequence - 1} are missing before it")
        elif entry.sequence < self._next:
            self._fault(place, "is there twice, or in another's place")
        elif entry.previous != self._previous:
            self._fault(place, "does not follow the entry before it: one of the two was changed or exchanged")
        if digest(entry) != entry.hash:
            self._fault(place, "was changed: it does not have the hash it was given")
        self._look_at_content(place, entry)
        self._next, self._previous = entry.sequence + 1, entry.hash
        self._entries += 1
        self._compare(entry.sequence, entry.hash)

    def _look_at_content(self, place: str, entry: Entry) -> None:
        if entry.content is not None and hash_of(entry.content) != entry.content_hash:
            self._fault(place, "its content was changed")
        elif entry.content is None and entry.content_hash:
            self._gone.add(entry.sequence)
        if entry.kind in (ERASED, PRUNED):
            self._take_note(entry)

    def _take_note(self, entry: Entry) -> None:
        try:
            what = orjson.loads(entry.what)
            if entry.kind == ERASED:
                told = self._gone & set(what["sequences"])
                self._gone -= told
                self._erased += len(told)
            elif what["until"] == self._head.first - 1 and what["hash"] == self._head.base:
                self._pruned_to = self._head.first - 1
        except (orjson.JSONDecodeError, KeyError, TypeError):
            self._fault(f"entry {entry.sequence}", "cannot be read")

    def _compare(self, sequence: int, found: str) -> None:
        hashes = self._anchors.pop(sequence, None)
        if hashes is None:
            return
        if hashes == {found}:
            self._agreed += 1
        else:
            self._fault(
                f"entry {sequence}", "is another than the one that was anchored: the chain was made anew from there"
            )

    def verdict(self) -> Verdict:
        if self._next - 1 != self._head.sequence or self._previous != self._head.hash:
            self._fault(
                f"entry {self._next - 1}",
                f"is the last one, but the chain's end was {self._head.sequence}: it was cut off",
            )
        for sequence in sorted(self._anchors):
            if sequence > self._head.sequence:
                self._fault(f"entry {sequence}", "was anchored and is not there: the chain's end was cut off")
        for sequence in sorted(self._gone):
            self._fault(f"entry {sequence}", "its content is gone, and no entry says that it was erased")
        if self._head.first > 1 and not self._pruned_to:
            self._fault(
                f"entry {self._head.first}", "is the first one, and no entry says that those before it were pruned"
            )
        faults = list(self._faults)
        if self._untold:
            faults.append(Mistake("", f"and {self._untold} more"))
        return Verdict(self._head, self._entries, self._erased, self._agreed, tuple(faults))

    def _fault(self, place: str, reason: str) -> None:
        if len(self._faults) < MOST_FAULTS:
            self._faults.append(Mistake(place, reason))
        else:
            self._untold += 1


# --- as lines of JSON, to be verified without the database ----------------------------------------------------------------------


def head_line(head: Head) -> bytes:
    return orjson.dumps(
        {"chain": FORM, "first": head.first, "base": head.base, "sequence": head.sequence, "hash": head.hash}
    )


def entry_line(entry: Entry) -> bytes:
    names = Entry.__slots__
    return orjson.dumps(dict(zip(names, entry.row(), strict=True)))


def read_head(line: bytes) -> Head:
    """Raises ValueError."""
    told = orjson.loads(line)
    if not isinstance(told, dict) or told.get("chain") != FORM:
        raise ValueError("is no record of ours")
    return Head(_whole(told["sequence"]), str(told["hash"]), _whole(told["first"]), str(told["base"]))


def read_entries(lines: Iterator[bytes]) -> Iterator[Entry]:
    """Raises ValueError with the number of the line."""
    for number, line in enumerate(lines, start=2):
        try:
            yield _entry(orjson.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"line {number} is no entry: {error}") from None


def _entry(told: dict[str, Any]) -> Entry:
    if set(told) != set(Entry.__slots__):
        raise ValueError("has other fields than an entry")
    texts = ("who", "role", "kind", "subject", "what", "content_hash", "previous", "hash")
    if not all(isinstance(told[name], str) for name in texts) or not isinstance(told["look"], bool):
        raise ValueError("has a field of another type")
    content = told["content"]
    if content is not None and not isinstance(content, str):
        raise ValueError("has a content that is no text")
    return Entry(**{**told, "sequence": _whole(told["sequence"]), "at": _whole(told["at"])})


def _whole(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool):
        raise ValueError(f"{number!r} is no whole number")  # what is wrong is a line of a file
    return number
