"""A map of an alert as a PNG, drawn by ourselves: its neighbourhoods, the police's area, the scene, north and a scale.

Two steps: `sketch` in the event loop's thread, whose the index is; `draw`, which takes tenths of a second, in another.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from PIL import Image, ImageDraw, ImageFont
from shapely.geometry.base import BaseGeometry

from hub.domain import Area
from hub.places.discs import as_polygon
from hub.places.index import NeighbourhoodIndex
from hub.places.projection import place_to_metres
from hub.places.shapes import read_shapes
from hub.settings import CONFIG

# Twice the size it is shown at, so that it is sharp on a phone and smooth without tricks.
WIDTH, HEIGHT = 1200, 900
MARGIN = 70
LETTERS, SMALL = 27, 22
LEAST_METRES = 400.0
"""Across: a point is shown with the streets' scale around it."""

GROUND, ELSEWHERE, BORDER = "#f8f6f1", "#efece4", "#bdb7a8"
MATCHED, FORWARDED, DARK, EDGE = "#cfe0f3", "#c5e8cd", "#f5cfca", "#154273"
POLICE, INK, HALO = (163, 24, 31), "#1b2430", "#ffffff"
FILLS = {"": MATCHED, "forwarded": FORWARDED, "dark": DARK}
SIGNS = {"forwarded": " ✓", "dark": " ✗"}
"""Beside the name, for whoever does not tell the colours apart."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Patch:
    """A neighbourhood on the map. `state`: '' (matched), forwarded or dark; None for one that is only around."""

    name: str
    shape: BaseGeometry
    state: str | None


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is to be drawn, in RD metres. `scene`: where it happened, if that is to be shown."""

    patches: tuple[Patch, ...]
    areas: tuple[BaseGeometry, ...]
    scene: tuple[float, float] | None
    bounds: Box


def sketch(
    index: NeighbourhoodIndex, areas: Sequence[Area], codes: Sequence[str], states: Mapping[str, str] | None = None
) -> Sketch | None:
    """The map of these areas and matched codes; None if there is nothing to show of them.

    `states`: forwarded or dark, of the codes of which that is to be seen. Call it on the event loop's thread.
    """
    states = states or {}
    matched = {int(row): code for code in codes for row in index.rows_of(code)}
    read = [shape for area in areas for shape in read_shapes(area, "").shapes]
    shapes = tuple(as_polygon(shape.widened or shape.geometry) for shape in read)
    shown = [*shapes, *(index.shapes[row] for row in matched)]
    if not shown:
        return None
    bounds = _fitting(shapely.total_bounds(shown))
    patches = tuple(
        Patch(index[row].name, index.shapes[row], states.get(matched[row], "") if row in matched else None)
        for row in map(int, index.rows_in(bounds))
    )
    circle = next((circle for area in areas for circle in area.circles), None)
    return Sketch(patches, shapes, place_to_metres(circle.longitude, circle.latitude) if circle else None, bounds)


def draw(of: Sketch, source: str = "CBS / Kadaster") -> bytes:
    """The picture as PNG, WIDTH by HEIGHT. Takes some time: call it in a thread."""
    return _Drawing(of).png(source)


def _fitting(bounds: Iterable[float]) -> Box:
    """A box of the picture's proportions around these bounds, with room at the edges."""
    west, south, east, north = map(float, bounds)
    inside = (WIDTH - 2 * MARGIN) / WIDTH
    across = max(east - west, (north - south) * WIDTH / HEIGHT, LEAST_METRES) / inside / 2
    up, x, y = across * HEIGHT / WIDTH, (west + east) / 2, (south + north) / 2
    return x - across, y - up, x + across, y + up


class _Drawing:
    def __init__(self, of: Sketch) -> None:
        self._of = of
        self._west, _, east, self._north = of.bounds
        self._scale = WIDTH / (east - self._west)  # pixels a metre
        self._image = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
        self._pen = ImageDraw.Draw(self._image, "RGBA")
        self._letters = ImageFont.truetype(CONFIG / "fonts" / "DejaVuSans-Bold.ttf", LETTERS)
        self._small = ImageFont.truetype(CONFIG / "fonts" / "DejaVuSans.ttf", SMALL)
        self._taken: list[tuple[float, float, float, float]] = []

    def png(self, source: str) -> bytes:
        # The large first: what lies inside another is not covered by it.
        patches = sorted(self._of.patches, key=lambda one: (-one.shape.area, one.name))
        for one in patches:
            self._fill(one.shape, ELSEWHERE if one.state is None else FILLS[one.state])
        for one in patches:
            if one.state is None:
                self._outline(one.shape, BORDER, 2)
        for one in patches:
            if one.state is not None:
                self._outline(one.shape, EDGE, 4)
        for area in self._of.areas:
            self._fill(area, (*POLICE, 45))
            self._outline(area, (*POLICE, 255), 5)
        self._north_and_scale(source)
        if self._of.scene is not None:
            self._scene(*self._pixel(*self._of.scene))
        for one in sorted(patches, key=lambda one: (one.state is None, -one.shape.area)):
            self._name(one)
        out = io.BytesIO()
        self._image.quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            out, "PNG", optimize=True
        )
        return out.getvalue()

    def _pixel(self, x: float, y: float) -> tuple[float, float]:
        return (x - self._west) * self._scale, (self._north - y) * self._scale

    def _rings(self, shape: BaseGeometry) -> Iterable[tuple[list[tuple[float, float]], bool]]:
        """The rings of all polygons in pixels, no finer than these; whether each is an outer one. Points become small discs."""
        metres = 1 / self._scale
        wide = shape if shapely.get_dimensions(shape) == 2 else shapely.buffer(shape, 6 * metres)
        for polygon in shapely.get_parts(shapely.simplify(wide, metres / 2)):
            for number, ring in enumerate([polygon.exterior, *polygon.interiors]):
                corners = shapely.get_coordinates(ring)
                pixels = np.column_stack(self._pixel(corners[:, 0], corners[:, 1]))
                if len(pixels) > 2:
                    yield [(float(x), float(y)) for x, y in pixels], number == 0

    def _fill(self, shape: BaseGeometry, colour: str | tuple[int, int, int, int]) -> None:
        for ring, outer in self._rings(shape):
            if outer:
                self._pen.polygon(ring, fill=colour)

    def _outline(self, shape: BaseGeometry, colour: str | tuple[int, int, int, int], width: int) -> None:
        for ring, _ in self._rings(shape):
            self._pen.line(ring, fill=colour, width=width, joint="curve")

    def _scene(self, x: float, y: float) -> None:
        self._pen.ellipse((x - 15, y - 15, x + 15, y + 15), fill=HALO)
        self._pen.ellipse((x - 11, y - 11, x + 11, y + 11), fill=POLICE)
        self._taken.append((x - 20, y - 20, x + 20, y + 20))

    def _name(self, one: Patch) -> None:
        """Its name where there is room for it, inside the picture and over no other."""
        west, south, east, north = self._of.bounds
        seen = shapely.intersection(one.shape, shapely.box(west, south, east, north))
        if seen.is_empty:
            return
        middle = shapely.point_on_surface(seen)
        x, y = self._pixel(middle.x, middle.y)
        font = self._letters if one.state is not None else self._small
        text = one.name + SIGNS.get(one.state or "", "")
        half, up = font.getlength(text) / 2, font.size * 0.7
        x = min(max(x, half + 12), WIDTH - half - 12)
        for shift in (0.0, -1.6, 1.6, -3.2, 3.2):
            down = y + shift * font.size
            box = (x - half, down - up, x + half, down + up)
            if box[1] > 0 and box[3] < HEIGHT and not any(_meet(box, other) for other in self._taken):
                self._taken.append(box)
                ink = INK if one.state is not None else "#6b675c"
                self._pen.text((x, down), text, font=font, fill=ink, anchor="mm", stroke_width=4, stroke_fill=HALO)
                return

    def _north_and_scale(self, source: str) -> None:
        x = WIDTH - 48
        self._pen.polygon([(x, 22), (x - 15, 66), (x, 56), (x + 15, 66)], fill=INK, outline=HALO)
        self._text((x, 84), "N", "mm")
        metres = _round_length(WIDTH / 4 / self._scale)
        long, y = metres * self._scale, HEIGHT - 30
        self._pen.rectangle((22, y - 44, 44 + max(long, 120), HEIGHT - 12), fill=(255, 255, 255, 215))
        self._pen.line([(32, y - 10), (32, y), (32 + long, y), (32 + long, y - 10)], fill=INK, width=4)
        self._text((32, y - 24), f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m", "lm")
        self._text((WIDTH - 16, HEIGHT - 22), source, "rm")
        self._taken += [
            (x - 24, 10, WIDTH, 104),
            (0, y - 50, 60 + max(long, 120), HEIGHT),
            (WIDTH - 240, HEIGHT - 40, WIDTH, HEIGHT),
        ]

    def _text(self, at: tuple[float, float], text: str, anchor: str) -> None:
        self._pen.text(at, text, font=self._small, fill=INK, anchor=anchor, stroke_width=3, stroke_fill=HALO)


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _round_length(metres: float) -> float:
    """The longest of 1, 2, 5, 10, … that is no longer."""
    power = 10.0 ** math.floor(math.log10(metres))
    return next(step * power for step in (5, 2, 1) if step * power <= metres)
