"""Who looks at a live stream, looked up again while it lasts: it ends with the key or session it was opened with.

Once a second for all streams of one key or session, however many there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from hub.store.keys import Identity

AGAIN_SECONDS = 1.0


class Admitted:
    def __init__(self) -> None:
        self._found: dict[str, tuple[float, Identity | None]] = {}
        self._streams: Counter[str] = Counter()

    @contextmanager
    def looking(self, mark: str) -> Iterator[None]:
        """While a stream lasts; `mark`: its key or session. What was found is forgotten with the last of its streams."""
        self._streams[mark] += 1
        try:
            yield
        finally:
            self._streams[mark] -= 1
            if not self._streams[mark]:
                del self._streams[mark]
                self._found.pop(mark, None)

    async def still(self, mark: str, who: Identity, now: float, look: Callable[[], Awaitable[Identity | None]]) -> bool:
        """Whether what was let in stands for the same as then: role, scopes, municipalities and all.

        `now`: monotonic seconds; `look`: finds whom it stands for.
        """
        at, found = self._found.setdefault(mark, (now, who))
        if now - at >= AGAIN_SECONDS:
            self._found[mark] = now, found  # the others of this key go by what was found before, meanwhile
            found = await look()
            self._found[mark] = now, found
        return found == who
