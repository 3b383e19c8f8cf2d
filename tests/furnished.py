"""A SQLite file with our schema, bare or with Zoetermeer's map: made once in each test process, and copied for whoever needs one.

Migrating takes two seconds, copying none.
"""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
import threading
from functools import cache
from pathlib import Path

from tortoise.backends.base.executor import EXECUTOR_CACHE

from hub.clock import SystemClock
from hub.places.reading import read_neighbourhoods
from hub.settings import CONFIG, Database
from hub.store.database import open_store
from hub.store.migrating import migrate


def put_schema(file: Path) -> None:
    """An empty database there."""
    shutil.copyfile(_made_once() / "empty.db", file)


def furnish(file: Path) -> None:
    """One with the map, and its key beside it."""
    for end in ("", ".key"):
        copied = Path(shutil.copy(_made_once() / f"hub.db{end}", file.with_name(f"{file.name}{end}")))
        copied.chmod(0o600)  # as the command line makes it


@cache
def _made_once() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="furnished"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # In a thread of its own: a test's loop may be running here.
    making = threading.Thread(target=lambda: asyncio.run(_make(folder)))
    making.start()
    making.join()
    return folder


async def _make(folder: Path) -> None:
    clock, file = SystemClock(), folder / "hub.db"
    EXECUTOR_CACHE.clear()
    await migrate(folder / "empty.db", clock)
    shutil.copyfile(folder / "empty.db", file)
    found, _ = read_neighbourhoods(CONFIG / "neighbourhoods" / "zoetermeer.geojson")
    async with open_store(Database(url=f"sqlite://{file}"), clock) as store:
        await store.neighbourhoods.replace(found, source="zoetermeer.geojson", now=0)
