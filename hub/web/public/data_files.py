"""The files of open data: GeoJSON, one feature a neighbourhood, with its groups or without any. Nothing of anybody.

A feature is a neighbourhood and not a group, for that is what a map draws, and a border shared by five groups is there once.
Made at most every five minutes for everybody, in a thread: for the country that takes a second or two, and nine megabytes.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from hub.clock import to_datetime
from hub.domain import Neighbourhood
from hub.places.index import NeighbourhoodIndex
from hub.places.simplified import simplified
from hub.store.registry import PublicGroup, Registry

FRESH_MS: Final = 5 * 60_000
GROUPS, WITHOUT = "groups", "neighbourhoods-without-group"
LICENCE: Final = "CC0-1.0"
CREDIT: Final = "Grenzen van buurten: CBS en Kadaster, CC BY 4.0, vereenvoudigd"
"""What groups say of themselves is free of rights; the borders under them are not ours to give away."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """`tag`: of what it says, whenever it was made."""

    body: bytes
    packed: bytes
    tag: str


class OpenData:
    """The files as made last, until they are too old or there is another map."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._index: NeighbourhoodIndex | None = None
        self._borders: Mapping[str, bytes] = {}
        self._files: Mapping[str, DataFile] = {}
        self._made_at = 0

    async def file(self, name: str, index: NeighbourhoodIndex, registry: Registry, now: int) -> DataFile:
        async with self._lock:
            if index is not self._index:
                self._borders = await asyncio.to_thread(simplified, list(index))
                self._index, self._made_at = index, 0
            if now - self._made_at >= FRESH_MS or not self._files:
                groups = await registry.all()
                made = await asyncio.to_thread(_files, list(index), self._borders, groups, now)
                # What says the same stays as it was, with the moment it was first said.
                before = self._files
                self._files = {
                    key: before[key] if key in before and before[key].tag == one.tag else one
                    for key, one in made.items()
                }
                self._made_at = now
            return self._files[name]


def _files(
    neighbourhoods: Sequence[Neighbourhood], shapes: Mapping[str, bytes], groups: Iterable[PublicGroup], now: int
) -> dict[str, DataFile]:
    there: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for group in groups:
        shown = {"id": str(group.id), "name": group.name, "platform": group.platform, "members": group.members}
        for code in group.neighbourhoods:
            there[code].append(shown)
    made_at = to_datetime(now).isoformat(timespec="seconds")
    features: dict[str, list[bytes]] = {GROUPS: [], WITHOUT: []}
    for one in neighbourhoods:
        features[GROUPS if one.code in there else WITHOUT].append(_feature(one, there.get(one.code), shapes[one.code]))
    return {name: _file(those, made_at) for name, those in features.items()}


def _feature(one: Neighbourhood, groups: Sequence[Mapping[str, Any]] | None, shape: bytes) -> bytes:
    properties: dict[str, Any] = {
        "code": one.code,
        "name": one.name,
        "districtName": one.district_name,
        "municipality": one.municipality,
        "municipalityName": one.municipality_name,
    }
    if groups is not None:
        properties["groups"] = groups
    start = orjson.dumps({"type": "Feature", "id": one.code, "properties": properties})
    return b'%b,"geometry":%b}' % (start[:-1], shape)


def _file(features: Sequence[bytes], made_at: str) -> DataFile:
    top = {"type": "FeatureCollection", "generatedAt": made_at, "licence": LICENCE, "attribution": CREDIT}
    said = b",\n".join(features)
    body = b'%b,"features":[\n%b\n]}\n' % (orjson.dumps(top)[:-1], said)
    return DataFile(body, gzip.compress(body, 6, mtime=0), hashlib.sha256(said).hexdigest()[:16])
