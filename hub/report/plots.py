"""Plots as numbers: bars with their scale, in the units of an SVG picture, so that a template only has to draw them.

Sizes are attributes, never styles: our pages allow none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 720.0
ROW = 26.0
BAR = 8.0
TOP = 8.0
BOTTOM = 24.0
SIGNS = 7.0
"""Width of a sign of the labels, roughly: 12 px of a sans serif."""
LONGEST_LABEL = 26
STEPS = 4


@dataclass(frozen=True, slots=True)
class Value:
    """A row of a plot: one or two numbers of it, None for none, and what stands at its end."""

    label: str
    numbers: tuple[float | None, ...]
    told: str


@dataclass(frozen=True, slots=True)
class Bar:
    """`series`: 0 or 1, as in the legend."""

    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True, slots=True)
class PlotRow:
    """`label`: cut to what fits; `told` stands at `told_x`, behind its bars."""

    label: str
    y: float
    bars: tuple[Bar, ...]
    told: str
    told_x: float


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """`left`: where the bars begin; `bottom`: the axis."""

    width: float
    height: float
    left: float
    bottom: float
    rows: tuple[PlotRow, ...]
    ticks: tuple[Tick, ...]


def bar_plot(values: Sequence[Value], *, most: float | None = None) -> Plot:
    """A row a value, its bars under each other. `most`: where the scale ends; a round number past the longest bar without it."""
    left = SIGNS * min(LONGEST_LABEL, max((len(one.label) for one in values), default=0)) + 12
    behind = SIGNS * max((len(one.told) for one in values), default=0) + 12
    longest = max((number or 0.0 for one in values for number in one.numbers), default=0.0)
    step = _round_up(longest / STEPS) if most is None else most / STEPS
    end = step * STEPS
    scale = (WIDTH - left - behind) / end
    rows = []
    for position, one in enumerate(values):
        y = TOP + position * ROW
        high = BAR if len(one.numbers) > 1 else 2 * BAR
        bars = tuple(
            Bar(round(left, 1), round(y + 3 + series * (BAR + 1), 1), round(number * scale, 1), high, series)
            for series, number in enumerate(one.numbers)
            if number is not None
        )
        told_x = left + max((bar.width for bar in bars), default=0.0) + 6
        label = one.label if len(one.label) <= LONGEST_LABEL else one.label[: LONGEST_LABEL - 1] + "…"
        rows.append(PlotRow(label, round(y + 15, 1), bars, one.told, round(told_x, 1)))
    bottom = TOP + len(values) * ROW
    ticks = tuple(Tick(round(left + n * step * scale, 1), _written(n * step)) for n in range(STEPS + 1))
    return Plot(WIDTH, bottom + BOTTOM, round(left, 1), bottom, tuple(rows), ticks)


def _round_up(number: float) -> float:
    """1, 2 or 5 times a power of ten, not below it."""
    if number <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(number))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= number * 0.999999)


def _written(number: float) -> str:
    return f"{number:.0f}" if abs(number - round(number)) < 1e-9 else f"{number:.2g}"
