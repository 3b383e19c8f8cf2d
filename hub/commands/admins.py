"""Which admin somebody means on the command line: by id, or by the whole name."""

from __future__ import annotations

from hub.domain import Admin, Mistake, Refused
from hub.store.database import Store


async def the_admin(store: Store, given: str) -> Admin:
    """Raises Refused where nobody, or more than one, is meant."""
    wanted = given.strip().casefold()
    found = [one for one in await store.directory.admins() if wanted in (str(one.id), one.name.casefold())]
    if len(found) != 1:
        reason = f"{len(found)} admins have this name: give the id" if found else "no admin has this id or name"
        raise Refused("Nobody was found", [Mistake("admin", reason)])
    return found[0]
