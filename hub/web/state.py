"""What the web remembers between requests, one per application: streams under way and what they show, counters, pages.

Nothing in here outlives the process: sessions and all else stand in the store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.channel import Channel, Hooks
from hub.web.console.board import Board
from hub.web.console.watching import Watching
from hub.web.map.kept import MapKept
from hub.web.metrics import Metrics
from hub.web.public.pictures import Pictures
from hub.web.readiness import Readiness
from hub.web.rendering import Rendering


@dataclass(slots=True)
class State:
    """`description`: openapi.json, as written. `hooks`: who takes webhooks, by channel. `streams`: live ones now, by key id."""

    metrics: Metrics
    readiness: Readiness
    rendering: Rendering
    description: bytes
    hooks: Mapping[str, Sequence[tuple[Channel, Hooks]]]
    streams: Counter[str] = field(default_factory=Counter)
    pictures: Pictures = field(default_factory=Pictures)
    watching: Watching = field(default_factory=Watching)
    board: Board = field(default_factory=Board)
    map: MapKept = field(default_factory=MapKept)
    closing: bool = False
