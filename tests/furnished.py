"""A SQLite file with our schema and the map of Zoetermeer: made once in each test process, and copied for whoever needs one.

Migrating takes a second or two, copying none.
"""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
import threading
from functools import cache
from pathlib import Path

from hub.clock import SystemClock
from hub.places.reading import read_neighbourhoods
from hub.settings import CONFIG, Database
from hub.store.database import open_store
from hub.store.migrating import migrate


def furnish(file: Path) -> None:
    """Put one there."""
    shutil.copyfile(_made_once(), file)


@cache
def _made_once() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="furnished"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # In a thread of its own: a test's loop may be running here.
    making = threading.Thread(target=lambda: asyncio.run(_make(folder / "hub.db")))
    making.start()
    making.join()
    return folder / "hub.db"


async def _make(file: Path) -> None:
    clock = SystemClock()
    await migrate(file, clock)
    found, _ = read_neighbourhoods(CONFIG / "neighbourhoods" / "zoetermeer.geojson")
    async with open_store(Database(url=f"sqlite://{file}"), clock) as store:
        await store.neighbourhoods.replace(found, source="zoetermeer.geojson", now=0)
