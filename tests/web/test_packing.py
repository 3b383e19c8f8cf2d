"""Files and answers packed with gzip: as small as they can be, and never where their length would give something away."""

from __future__ import annotations

import gzip

from hub.domain import Role
from tests.web.test_pages import sign_in
from tests.web.world import API, World, an_alert

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


async def test_a_file_is_packed_and_asked_for_again_with_its_tag(world: World) -> None:
    world.client.session._auto_decompress = False
    packed = await world.get("/static/style.css", None, headers=GZIP)
    plain = await world.get("/static/style.css", None, headers={"Accept-Encoding": "gzip;q=0"})
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert gzip.decompress(await packed.read()) == await plain.read()
    for response in (packed, plain):
        assert response.content_type == "text/css" and response.headers["Vary"] == "Accept-Encoding"
        again = await world.get("/static/style.css", None, headers={**GZIP, "If-None-Match": response.headers["ETag"]})
        assert again.status == 304 and await again.read() == b""
    other = await world.get("/static/style.css", None, headers={**GZIP, "If-None-Match": 'W/"another"'})
    assert other.status == 200


async def test_a_page_with_a_map_weighs_less_than_a_photo(world: World) -> None:
    """Under 300 kB packed before the map is there: a second on a mid phone."""
    world.client.session._auto_decompress = False
    weight = 0
    for name in ("style.css", "leaflet.css", "leaflet.js", "map.css", "map.js", "map-search.js"):
        weight += len(await (await world.get(f"/static/{name}", None, headers=GZIP)).read())
    assert weight < 100_000


async def test_pages_of_who_signed_in_are_not_packed_and_everybodys_are(world: World) -> None:
    world.client.session._auto_decompress = False
    visitor = await world.get("/login", None, headers={**GZIP, "Cookie": "buurtsein_language=en"})
    assert visitor.headers["Content-Encoding"] == "gzip" and "Cookie, Accept-Encoding" in visitor.headers["Vary"]
    session = await sign_in(world)
    console = await world.get("/console", None, headers={**GZIP, **session})
    assert console.status == 200 and "Content-Encoding" not in console.headers
    style = await world.get("/static/style.css", None, headers={**GZIP, **session})
    assert style.headers["Content-Encoding"] == "gzip", "the same for everybody, so it gives nothing away"


async def test_the_api_packs_for_programs_and_never_what_is_small_or_a_live_stream(world: World) -> None:
    alert = await world.accepted(an_alert())
    world.client.session._auto_decompress = False
    large = await world.get("/api/v1/openapi.json", None, headers=GZIP)
    assert large.headers["Content-Encoding"] == "gzip"
    small = await world.get(f"{API}/keys-of-nobody", Role.POLICE, headers=GZIP)
    assert "Content-Encoding" not in small.headers
    stream = await world.get(f"{API}/alerts/{alert['id']}/events", headers=GZIP)
    assert "Content-Encoding" not in stream.headers
    stream.close()
