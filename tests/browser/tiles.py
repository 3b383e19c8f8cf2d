"""The smallest files of tiles there can be: PMTiles 3 with one tile that is everywhere, a picture or vectors."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import orjson
from PIL import Image

PICTURE, VECTORS = 2, 1
COLOUR = (200, 30, 120)
DEEPEST = 15


def write(path: Path, kind: int) -> None:
    tile = picture() if kind == PICTURE else vectors()
    everywhere = (4 ** (DEEPEST + 1) - 1) // 3  # tiles, from zoom 0 on
    # One entry: the first tile's id, how many have the same, its length, its place (plus 1).
    directory = b"".join(map(varint, (1, 0, everywhere, len(tile), 1)))
    about = orjson.dumps({"attribution": "<a href='https://tiles.example'>Test & co</a>", "vector_layers": []})
    at = [127, 127 + len(directory), 127 + len(directory) + len(about)]
    head = struct.pack("<7sB", b"PMTiles", 3)
    head += struct.pack("<8Q", at[0], len(directory), at[1], len(about), at[2], 0, at[2], len(tile))
    head += struct.pack("<3Q", everywhere, 1, 1)
    head += struct.pack("<6B", 1, 1, 1, kind, 0, DEEPEST)  # clustered, nothing packed, kind, zooms
    head += struct.pack("<4i", -1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000)
    head += struct.pack("<B2i", 10, 45_000_000, 520_000_000)
    path.write_bytes(head + directory + about + tile)


def picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (256, 256), COLOUR).save(made, "PNG")
    return made.getvalue()


def vectors() -> bytes:
    """A Mapbox Vector Tile: its layer `earth` is a square that fills it."""
    corners = [9, 0, 0, 26, *map(zigzag, (4096, 0, 0, 4096, -4096, 0)), 15]
    feature = field(3, 3) + field(4, b"".join(map(varint, corners)))
    layer = field(15, 2) + field(1, b"earth") + field(2, feature) + field(5, 4096)
    return field(3, layer)


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def varint(value: int) -> bytes:
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes([*written, value])
