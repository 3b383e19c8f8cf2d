"""Passphrases: which are good enough, how they are kept (argon2id), and how one is compared without giving anything away.

By OWASP ASVS 5 (6.2): length counts, no signs are asked for, and a list of what everybody chooses is shipped. Comparing takes
19 MiB and some 30 ms on purpose, so it runs in threads, two at a time: in a flood those wait who sign in, not the alerts.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable, Sequence
from enum import Enum
from functools import cache
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.plain import plain
from hub.settings import CONFIG

LEAST: Final = 12
MOST: Final = 256
"""Far above what anybody types; argon2 takes more, a passphrase of megabytes is an attack."""

PIECES: Final = 4
"""Words of the list that make a passphrase: as many as make one of diceware's shortest."""

LONGEST_WORD: Final = 20
YEAR: Final = 4
"""Digits: a year, or the number of a house."""

AT_ONCE: Final = 2
WAITING: Final = 40
"""Comparisons that may wait for their turn: a second's worth. More is a flood, and waits at the door."""

OURS: Final = ("buurtsein", "console")
"""What we are called does not make it better either."""

T = TypeVar("T")

HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's Password Storage Cheat Sheet: argon2id, m = 19 MiB, t = 2, p = 1."""

_DUMMY: Final = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""What nobody's passphrase is; compared where there is no account, for it takes as long."""


class Weakness(Enum):
    SHORT = "short"
    LONG = "long"
    EASY = "easy"


class TooBusy(Exception):
    """More passphrases wait to be compared than can be within a second."""


class Passphrases:
    """One a process: it counts how many are compared now."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, passphrase: str) -> str:
        """As it is kept. Raises TooBusy."""
        return await self._in_turn(lambda: HASHER.hash(_normal(passphrase)))

    async def fits(self, hash: str, passphrase: str) -> bool:
        """Whether it is the one. '' for no account, or none set: takes as long, and is False. Raises TooBusy."""
        return await self._in_turn(lambda: _fits(hash, passphrase))

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            raise TooBusy
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def is_outdated(hash: str) -> bool:
    """Made with other parameters than today's."""
    return HASHER.check_needs_rehash(hash)


def weakness(passphrase: str, about: Sequence[str] = ()) -> Weakness | None:
    """What is wrong with a new one. `about`: the person's names, which do not make it any better."""
    text = _normal(passphrase)
    if len(text) < LEAST:
        return Weakness.SHORT
    if len(text) > MOST:
        return Weakness.LONG
    names = frozenset(word for name in (*about, *OURS) for word in plain(name).split())
    typed = plain(text).replace(" ", "")
    zigzag = _is_run(typed[::2]) and _is_run(typed[1::2])  # 1q2w3e4r5t6y
    return Weakness.EASY if zigzag or typed in _listed() or _pieces(text, names) < PIECES else None


def _fits(hash: str, passphrase: str) -> bool:
    given = _normal(passphrase)
    try:
        # A passphrase of megabytes is nobody's, and costs no more than another.
        return HASHER.verify(hash or _DUMMY, given[:MOST]) and bool(hash) and len(given) <= MOST
    except (VerificationError, InvalidHashError):
        return False


def _normal(passphrase: str) -> str:
    """The same however a keyboard puts accents together."""
    return unicodedata.normalize("NFC", passphrase.encode("utf-8", "replace").decode())


def _pieces(text: str, about: frozenset[str]) -> int:
    """Of how few pieces a guesser could put it together: words of the list, runs like 12345 or qwer, and single signs.

    A piece that comes back counts once. Spaces and signs between words, and names that everybody knows, count as nothing.
    """
    folded = plain(text.translate(_SIGNS)).replace(" ", "")
    letters, listed = folded.translate(_DIGITS), _listed()
    best: list[frozenset[str]] = [frozenset()]
    for end in range(1, len(letters) + 1):
        ways = [best[end - 1] | {f"{end}:{letters[end - 1]}"}]
        for start in range(max(0, end - LONGEST_WORD), end - 1):
            piece, typed = letters[start:end], folded[start:end]
            if piece in about:
                ways.append(best[start])
            elif piece in listed:
                ways.append(best[start] | {piece})
            elif _is_run(typed):
                ways.append(best[start] | {typed[:1]})
            elif typed.isdecimal() and end - start <= YEAR:
                ways.append(best[start] | {"number"})
        best.append(min(ways, key=len))
    return len(best[-1])


_SIGNS: Final = str.maketrans("@$€", "ase")
_DIGITS: Final = str.maketrans("0134578", "oieastb")
_ROWS: Final = (
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "qazwsxedcrfv",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)


def _is_run(piece: str) -> bool:
    """aaaa, 12345, qwer, and back."""
    return len(piece) >= 3 and (len(set(piece)) == 1 or any(piece in row or piece[::-1] in row for row in _ROWS))


@cache
def _listed() -> frozenset[str]:
    lines = (CONFIG / "passphrases.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
