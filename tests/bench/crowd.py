"""A directory of any size, put in with a few statements, and the alert that reaches all of it.

One group a neighbourhood; the admins are dealt out over them in turn.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.clock import SystemClock
from hub.domain import Neighbourhood
from hub.places.reading import read_neighbourhoods
from hub.settings import CONFIG
from hub.store import tables
from hub.store.batches import BATCH
from hub.store.database import Store
from hub.store.sealing import handle_hash

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
ADMINS = "INSERT INTO group_admin (id, group_id, admin_id) {numbers} SELECT i, 1 + i % {groups}, i FROM n"


async def fill(
    store: Store, admins: int, channel: str = "whatsapp", neighbourhoods: Sequence[Neighbourhood] | None = None
) -> None:
    """Zoetermeer, or the map given, with so many admins, each with one address on the channel. For an empty store."""
    if neighbourhoods is None:
        neighbourhoods, _ = read_neighbourhoods(ZOETERMEER)
    await store.neighbourhoods.replace(neighbourhoods, source="bench", now=CLOCK.now())
    await store.engine.write(*((sql,) for sql in GROUPS))
    sign = "+" if channel == "whatsapp" else ""
    for first in range(1, admins + 1, PART):
        last = min(first + PART - 1, admins)
        people = [tables.Admin(id=i, name=f"Admin {i}", language="nl") for i in range(first, last + 1)]
        await tables.Admin.bulk_create(people, batch_size=BATCH)
        numbers = NUMBERS.format(first=first, last=last)
        await store.engine.write((ADMINS.format(numbers=numbers, groups=len(neighbourhoods)),))
        ways = [(i, f"{sign}{31600000000 + i}") for i in range(first, last + 1)]
        await tables.Address.bulk_create(
            [
                tables.Address(
                    id=i, admin_id=i, channel=channel, handle=handle, handle_hash=handle_hash(handle), rank=1
                )
                for i, handle in ways
            ],
            batch_size=BATCH,
        )
