"""The map on the proof page: what it shows, to whom, and that a forwarded link brings it along."""

from __future__ import annotations

import hashlib
import io

import numpy as np
from PIL import Image

from hub.domain import Neighbourhood
from hub.places.index import NeighbourhoodIndex
from hub.places.picture import DARK, FORWARDED, HEIGHT, MATCHED, WIDTH, draw, sketch
from hub.settings import CONFIG
from tests.web.world import World, an_alert

CIRCLE = {"areaDesc": "Seghwaert", "circle": ["52.0655,4.5120 0.6"]}
POLICE = "#a3181f"
SEEN = 0.01
"""Of the picture's points: more than a line or a letter of the same colour."""


def share(picture: bytes, colour: str) -> float:
    """Which share of the picture is of about this colour."""
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    points = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    return float((abs(points - wanted).max(axis=2) < 8).mean())


async def test_the_proof_page_shows_where_and_a_preview_without_a_description(world: World) -> None:
    alert = await world.accepted(an_alert({"area": [CIRCLE]}))
    page = await (await world.get(f"/a/{alert['id']}", None)).text()
    head, _, body = page.partition("</head>")
    assert f'src="/a/{alert["id"]}/map.png" width="600" height="450" alt="Kaart van' in body
    assert f'property="og:image" content="https://buurtsein.example/a/{alert["id"]}/map.png"' in head
    assert "Man, donkere jas" not in head and "heterdaad" not in head
    picture = await world.get(f"/a/{alert['id']}/map.png", None)
    assert (picture.status, picture.content_type, picture.headers["Cache-Control"]) == (
        200,
        "image/png",
        "public, max-age=60",
    )
    assert Image.open(io.BytesIO(await picture.read())).size == (WIDTH, HEIGHT)


async def test_once_it_is_over_the_polices_own_area_is_not_shown_any_more(world: World) -> None:
    alert = await world.accepted(an_alert({"area": [CIRCLE]}))
    active = await (await world.get(f"/a/{alert['id']}/map.png", None)).read()
    world.clock.turn(3 * 3600)
    over = await (await world.get(f"/a/{alert['id']}/map.png", None)).read()
    assert share(active, POLICE) > 0.001 > share(over, POLICE)


async def test_an_unknown_number_has_no_picture_and_neither_has_an_alert_that_is_nowhere(world: World) -> None:
    assert (await world.get("/a/AAAA-AAAA/map.png", None)).status == 404
    nowhere = await (
        await world.post(
            an_alert({"area": [{"areaDesc": "Ergens", "circle": ["50.0,3.0 0.1"]}]}), query="?allowEmpty=true"
        )
    ).json()
    assert (await world.get(f"/a/{nowhere['id']}/map.png", None)).status == 404
    assert "<img" not in await (await world.get(f"/a/{nowhere['id']}", None)).text()


def test_neighbourhoods_are_coloured_as_they_stand(zoetermeer: list[Neighbourhood]) -> None:
    index = NeighbourhoodIndex(zoetermeer)
    one, other = "BU06370300", "BU06370301"
    for states, seen in (
        ({}, {MATCHED}),
        ({one: "forwarded", other: "dark"}, {FORWARDED, DARK}),
        ({one: "forwarded"}, {FORWARDED, MATCHED}),
    ):
        drawing = sketch(index, [], [one, other], states)
        assert drawing is not None
        picture = draw(drawing)
        assert {colour for colour in (MATCHED, FORWARDED, DARK) if share(picture, colour) > SEEN} == seen


def test_there_is_no_picture_of_nothing(zoetermeer: list[Neighbourhood]) -> None:
    assert sketch(NeighbourhoodIndex(zoetermeer), [], ["BU99999999"]) is None


def test_the_letters_are_those_whose_checksums_are_written_down() -> None:
    told = (CONFIG / "fonts" / "README.md").read_text(encoding="utf-8")
    fonts = [*(CONFIG / "fonts").glob("*.ttf")]
    assert len(fonts) == 2
    assert all(f"| `{one.name}` | `{hashlib.sha256(one.read_bytes()).hexdigest()}` |" in told for one in fonts)
