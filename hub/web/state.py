"""What the web remembers between requests, one per application: streams under way and what they show, counters, pages.

Nothing in here outlives the process: sessions and all else stand in the store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hub.channel import Channel, Hooks
from hub.trust.passphrases import Passphrases
from hub.web.admitted import Admitted
from hub.web.api.following import Following
from hub.web.caching import Copy
from hub.web.console.board import Board
from hub.web.console.watching import Watching
from hub.web.docs.drawn import Docs
from hub.web.door.limits import Limits
from hub.web.door.refusals import Refusals
from hub.web.map.kept import MapKept
from hub.web.metrics import Metrics
from hub.web.public.data_files import OpenData
from hub.web.public.overview import Overview
from hub.web.public.pictures import Pictures
from hub.web.readiness import Readiness
from hub.web.rendering import Rendering
from hub.web.texts.shipped import Shipped


@dataclass(slots=True)
class State:
    """`description`: openapi.json, written when it is first asked for. `hooks`: who takes webhooks, by channel.

    `streams`: live ones now, by key id.
    """

    metrics: Metrics
    readiness: Readiness
    rendering: Rendering
    description: Callable[[], Copy]
    hooks: Mapping[str, Sequence[tuple[Channel, Hooks]]]
    limits: Limits
    streams: Counter[str] = field(default_factory=Counter)
    admitted: Admitted = field(default_factory=Admitted)
    pictures: Pictures = field(default_factory=Pictures)
    overview: Overview = field(default_factory=Overview)
    open_data: OpenData = field(default_factory=OpenData)
    texts: Shipped = field(default_factory=Shipped)
    passphrases: Passphrases = field(default_factory=Passphrases)
    refusals: Refusals = field(default_factory=Refusals)
    watching: Watching = field(default_factory=Watching)
    board: Board = field(default_factory=Board)
    map: MapKept = field(default_factory=MapKept)
    docs: Docs | None = None
    following: Following = field(default_factory=Following)
    closing: bool = False
    _form_key: bytes = b""

    async def form_key(self, read: Callable[[], Awaitable[bytes]]) -> bytes:
        """What public forms are signed with, asked of the store once."""
        if not self._form_key:
            self._form_key = await read()
        return self._form_key
