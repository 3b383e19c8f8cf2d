"""Verbs on what browsers were asked to prove: each challenge for one browser, for a short while, answered once.

Only hashes come in here, of the challenge and of the secret that the browser holds.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import orjson

from hub.store import staff_tables as tables
from hub.store.engine import shielded


class Kind(StrEnum):
    SIGN = "sign"
    """Sign in with a passkey."""
    MAKE = "make"
    """Make a passkey."""
    SIGN_ON = "sign_on"
    """Sign in at an organisation's own sign-on."""


MOST: Final = 5_000
"""Kept of a kind. No region signs in faster, and who asks for more than that only pushes the oldest out."""
SWEPT: Final = 100
"""At a time: more than are added meanwhile, and few enough for one statement."""


class Challenges:
    @shielded
    async def put(
        self, hash: str, browser: str, kind: Kind, about: dict[str, Any], *, now: int, expires_at: int
    ) -> None:
        """Those that ran out are swept out, and of too many those that run out first."""
        await tables.Challenge.filter(expires_at__lte=now).delete()
        newest_first = tables.Challenge.filter(kind=kind.value).order_by("-expires_at")
        if over := await newest_first.offset(MOST - 1).limit(SWEPT).values_list("hash", flat=True):
            await tables.Challenge.filter(hash__in=over).delete()
        await tables.Challenge.create(
            hash=hash, browser=browser, kind=kind.value, about=orjson.dumps(about).decode(), expires_at=expires_at
        )

    @shielded
    async def take(self, hash: str, browser: str, kind: Kind, now: int) -> dict[str, Any] | None:
        """What it was about; it is used up. None if it was never put to this browser, or ran out, or was answered before."""
        found = tables.Challenge.filter(hash=hash, browser=browser, kind=kind.value, expires_at__gt=now)
        row = await found.first()
        # Of two answers at the same moment one deletes the row.
        return dict(orjson.loads(row.about)) if row is not None and await found.delete() else None
