"""A directory of any size, put in with a few statements, and the alert that reaches all of it.

One group a neighbourhood; the admins are dealt out over them in turn.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.clock import SystemClock
from hub.domain import Neighbourhood
from hub.places.reading import read_neighbourhoods
from hub.settings import CONFIG
from hub.store.database import Store

CLOCK = SystemClock()
ZOETERMEER = CONFIG / "neighbourhoods" / "zoetermeer.geojson"
PART = 50_000
ALERT = b"""{"info":[{"event":"Woninginbraak","headline":"Woninginbraak op heterdaad","description":"Man, donkere jas, rode fiets.",
"area":[{"areaDesc":"Zoetermeer","geocode":[{"valueName":"CBS-GM","value":"GM0637"}]}]}]}"""

GROUPS = (
    """INSERT INTO watch_group (id, name, platform, members)
        SELECT row_number() OVER (ORDER BY code), 'G' || code, 'whatsapp', 70 FROM neighbourhood""",
    """INSERT INTO group_neighbourhood (id, group_id, code)
        SELECT row_number() OVER (ORDER BY code), row_number() OVER (ORDER BY code), code FROM neighbourhood""",
)
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
ADMINS = (
    "INSERT INTO admin (id, name, language, away_until) {numbers} SELECT i, 'Admin ' || i, 'nl', 0 FROM n",
    "INSERT INTO group_admin (id, group_id, admin_id) {numbers} SELECT i, 1 + i % {groups}, i FROM n",
    """INSERT INTO address (id, admin_id, channel, handle, rank, state, window_open_until, account, strikes)
        {numbers} SELECT i, i, '{channel}', '{sign}' || (31600000000 + i), 1, 'verified', 0, '', 0 FROM n""",
)


async def fill(
    store: Store, admins: int, channel: str = "whatsapp", neighbourhoods: Sequence[Neighbourhood] | None = None
) -> None:
    """Zoetermeer, or the map given, with so many admins, each with one address on the channel. For an empty store."""
    if neighbourhoods is None:
        neighbourhoods, _ = read_neighbourhoods(ZOETERMEER)
    await store.neighbourhoods.replace(neighbourhoods, source="bench", now=CLOCK.now())
    await store.engine.write(*((sql,) for sql in GROUPS))
    words = {"groups": len(neighbourhoods), "channel": channel, "sign": "+" if channel == "whatsapp" else ""}
    for first in range(1, admins + 1, PART):
        numbers = NUMBERS.format(first=first, last=min(first + PART - 1, admins))
        await store.engine.write(*((sql.format(numbers=numbers, **words),) for sql in ADMINS))
