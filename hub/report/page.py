"""The report as one HTML page that stands alone: styles, the curve as SVG and the map are in it. Call it in a thread."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.places.picture import HEIGHT, WIDTH, draw
from hub.report.account import Account, lasted

HERE: Final = Path(__file__).parent
STYLE: Final = (HERE / "report.css").read_text(encoding="utf-8")
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy it can be served with."""
CURVE_WIDTH, CURVE_HEIGHT = 600, 180

_TEMPLATE = Environment(
    loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
).get_template("report.html")


def as_page(account: Account) -> str:
    picture = base64.b64encode(draw(account.map)).decode() if account.map is not None else ""
    return _TEMPLATE.render(
        account=account,
        words=account.words,
        style=STYLE,
        picture=picture,
        size=(WIDTH // 2, HEIGHT // 2),
        curve=corners(account.curve, CURVE_WIDTH, CURVE_HEIGHT),
        curve_size=(CURVE_WIDTH, CURVE_HEIGHT),
        end=lasted(account.curve[-1][0]),
    )


def corners(curve: Sequence[tuple[int, float]], width: float, height: float) -> list[tuple[float, float]]:
    """The curve as corners of a staircase in a box of this size, its origin at the top left."""
    across = max(curve[-1][0], 1)
    points: list[tuple[float, float]] = []
    level = height
    for at, share in curve:
        x, y = round(at / across * width, 1), round((1 - share) * height, 1)
        points += [(x, level), (x, y)]
        level = y
    return points
