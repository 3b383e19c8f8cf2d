"""What must be true in the end, kept outside the hub: each alert that was accepted, who it is for, and what people answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Person:
    """`addresses`: (channel, handle), the first first. `gone`: the first one reaches nobody."""

    name: str
    code: str
    addresses: Sequence[tuple[str, str]]
    gone: bool = False


@dataclass(slots=True)
class Posted:
    """One alert as the police know it. `mark` stands in every message of it; `id` is the hub's, once it was accepted."""

    mark: str
    body: Mapping[str, object] = field(repr=False)
    audience: frozenset[str]
    follows: str = ""
    ends: bool = False
    id: str = ""
    followed_by: str = ""


@dataclass(slots=True)
class Ledger:
    """`trouble`: when the hub or its database was killed or away, (from, to) in ms.

    `unreadable`: webhooks that were proven genuine and are not to be understood, which the hub keeps.
    `told_for_sure`: the statuses of a WhatsApp message that are never lost on the way.
    """

    people: Mapping[str, Person]
    posted: dict[str, Posted] = field(default_factory=dict)
    answers: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    trouble: list[tuple[int, int]] = field(default_factory=list)
    unreadable: int = 0
    told_for_sure: tuple[str, ...] = ("sent", "delivered", "read")

    def answered(self, mark: str, name: str, kind: str) -> None:
        self.answers.setdefault((mark, name), set()).add(kind)
