from tests.web.world import World
async def test_first(world: World) -> None:
    r = await world.get("/map/neighbourhoods?bbox=4.47,52.05,4.53,52.08&zoom=13", None, headers={"Accept-Encoding":"gzip"})
    print(r.headers)
    r = await world.get("/static/style.css", None, headers={"Accept-Encoding":"gzip"})
    print(r.headers)
