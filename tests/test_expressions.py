"""No regular expression of ours can run for ever: inside what is repeated without end, each next sign leads one way only.

Where two ways lead to the same sign, as in `(a+)+`, a reader that fails tries all of them, twice as many with each sign. So each
repeated piece is built into its automaton (Glushkov's: a state a sign), which must be deterministic, with one way from state to
state. No time is measured.
"""

from __future__ import annotations

import ast
import re
import re._constants as op  # type: ignore[import-not-found]  # typeshed has no private module
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from itertools import combinations
from typing import Any, Final

import pytest

from hub.settings import ROOT

SIGNS: Final = frozenset(range(256)) | set(map(ord, "Жя٣\u2003€😀"))
"""The alphabet that classes are compared over; a sign that a pattern names itself is added."""
MANY: Final = 30
"""Repeated more often than that is taken for without end."""
EXACTLY: Final = 8
"""Up to so many repetitions are written out one by one."""
CATEGORIES: Final = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


@dataclass(frozen=True)
class Piece:
    """A part of an automaton: whether it may be empty, the states it begins and ends with."""

    empty: bool = True
    first: frozenset[int] = frozenset()
    last: frozenset[int] = frozenset()


@dataclass
class Automaton:
    """`signs`: what leads into each state. `after`: the states that may come after it, as often as there are ways to."""

    signs: list[frozenset[int]] = field(default_factory=list)
    after: list[list[int]] = field(default_factory=list)

    def state(self, signs: frozenset[int]) -> Piece:
        self.signs.append(signs)
        self.after.append([])
        one = frozenset({len(self.signs) - 1})
        return Piece(False, one, one)

    def then(self, a: Piece, b: Piece) -> Piece:
        for state in a.last:
            self.after[state] += b.first
        return Piece(
            a.empty and b.empty, a.first | b.first if a.empty else a.first, a.last | b.last if b.empty else b.last
        )

    def either(self, pieces: Iterable[Piece]) -> Piece:
        empty, first, last = False, frozenset[int](), frozenset[int]()
        for one in pieces:
            empty, first, last = empty or one.empty, first | one.first, last | one.last
        return Piece(empty, first, last)

    def of(self, parsed: Any) -> Piece:
        whole = Piece()
        for kind, value in parsed:
            whole = self.then(whole, self.part(kind, value))
        return whole

    def part(self, kind: Any, value: Any) -> Piece:
        match kind:
            case op.SUBPATTERN:
                return self.of(value[3])
            case op.BRANCH:
                return self.either([self.of(one) for one in value[1]])
            case op.MAX_REPEAT | op.MIN_REPEAT | op.POSSESSIVE_REPEAT:
                return self.repeated(*value)
            case op.ATOMIC_GROUP:
                return self.of(value)
            case op.AT | op.ASSERT | op.ASSERT_NOT:
                return Piece()
            case _:
                return self.state(signs_of(kind, value))

    def repeated(self, least: int, most: Any, parsed: Any) -> Piece:
        if most <= EXACTLY:
            whole = Piece()
            for number in reversed(range(most)):
                one = self.then(self.of(parsed), whole)
                whole = Piece(one.empty or number >= least, one.first, one.last)
            return whole
        one = self.of(parsed)
        for state in one.last:
            self.after[state] += one.first
        return Piece(one.empty or least == 0, one.first, one.last)

    def is_deterministic(self, begins: frozenset[int]) -> bool:
        return not any(
            self.signs[a] & self.signs[b] for nexts in (begins, *self.after) for a, b in combinations(nexts, 2)
        )


def signs_of(kind: Any, value: Any) -> frozenset[int]:
    match kind:
        case op.LITERAL:
            return frozenset({value})
        case op.NOT_LITERAL:
            return SIGNS - {value}
        case op.RANGE:
            return frozenset(sign for sign in (*SIGNS, *value) if value[0] <= sign <= value[1])
        case op.CATEGORY:
            return frozenset(sign for sign in SIGNS if re.fullmatch(CATEGORIES[value], chr(sign)))
        case op.IN:
            found = frozenset[int]().union(*(signs_of(*one) for one in value if one[0] is not op.NEGATE))
            return SIGNS - found if value[0][0] is op.NEGATE else found
        case _:  # ANY, and what an earlier group held
            return SIGNS


def repeated(parsed: Any) -> Iterator[Any]:
    """What is repeated without end, anywhere in it."""
    for kind, value in parsed:
        match kind:
            case op.MAX_REPEAT | op.MIN_REPEAT:
                if value[1] > MANY:
                    yield value[2]
                yield from repeated(value[2])
            case op.SUBPATTERN:
                yield from repeated(value[3])
            case op.BRANCH:
                for one in value[1]:
                    yield from repeated(one)
            case op.ASSERT | op.ASSERT_NOT:
                yield from repeated(value[1])
            case _:
                pass


def runs_away(pattern: str, flags: int = 0) -> bool:
    for piece in repeated(parser.parse(pattern, flags)):
        automaton = Automaton()
        one = automaton.repeated(1, op.MAXREPEAT, piece)
        if one.empty or not automaton.is_deterministic(one.first):
            return True
    return False


def patterns() -> Iterator[tuple[str, str, int]]:
    """Place, text and flags of each: as it stands in a call, or as its module compiled it of several pieces."""
    for file in sorted([*(ROOT / "hub").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]):
        place, text, made = file.relative_to(ROOT), file.read_text(encoding="utf-8"), False
        if "import re\n" in text:
            for node in ast.walk(ast.parse(text)):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name(id="re")), args=[ast.Constant(value=str(pattern)), *_]
                    ):
                        yield f"{place}:{node.lineno}", pattern, 0
                    case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr="compile")):
                        made = True
                    case _:
                        pass
        if made or "_PATTERN = " in text:
            for name, value in vars(import_module(".".join(place.with_suffix("").parts))).items():
                if isinstance(value, re.Pattern):
                    yield f"{place}:{name}", value.pattern, value.flags
                elif name.endswith("_PATTERN"):
                    yield f"{place}:{name}", value, 0


def test_none_of_ours_runs_away() -> None:
    found = list(patterns())
    assert len(found) > 100
    assert [(place, pattern) for place, pattern, flags in found if runs_away(pattern, flags)] == []


@pytest.mark.parametrize(
    "pattern", [r"(a+)+$", r"(?:ab?|b)*c", r"(\w+\s?)+$", r"(?:\d|[0-9a-f]{2})*x", r"(a*)*b", r"(.*,)+x", r"(?:a+|b)+$"]
)
def test_what_runs_away_is_found(pattern: str) -> None:
    assert runs_away(pattern)


@pytest.mark.parametrize(
    "pattern", [r"(?:/[a-z]*)*", r"(?:\d{2})+", r"\w+@\w+", r"(?:[a-z]+,)+", r"[a-z]{1,63}(?:\.[a-z]{1,63})*"]
)
def test_what_does_not_is_let_through(pattern: str) -> None:
    assert not runs_away(pattern)
