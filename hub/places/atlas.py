"""The map in use: an index over what was imported last, swapped whole when a newer import is in the store."""

from __future__ import annotations

import asyncio

from hub.places.index import NeighbourhoodIndex
from hub.store.neighbourhoods import Neighbourhoods


class Atlas:
    def __init__(self, neighbourhoods: Neighbourhoods) -> None:
        self._store = neighbourhoods
        self._version = -1
        self.index = NeighbourhoodIndex([])

    async def refresh(self) -> bool:
        """Load what another process or command imported meanwhile; True if the index was swapped."""
        version = await self._store.version()
        if version == self._version:
            return False
        neighbourhoods, postcodes = await self._store.all(), await self._store.postcodes()
        # Built in a thread: the national set takes a second. The rtree is handed over whole and then used on the loop only.
        self.index = await asyncio.to_thread(NeighbourhoodIndex, neighbourhoods, postcodes)
        self._version = version
        return True
