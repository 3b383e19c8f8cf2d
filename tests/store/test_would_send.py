"""What would be sent is what planning then makes: the same people, accounts and order, on both stores."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.domain import Admin, Match
from hub.store.alerts import WouldSend
from hub.store.database import Store
from tests.store.world import START, accept, people, person

MATCHES = [Match(code, code, 1.0, 100.0 * n, "") for n, code in enumerate(("BU1", "BU2", "BU3"))]
TWO_BOTS = {"whatsapp": ["main"], "telegram": ["one", "two"]}


async def a_town(store: Store) -> None:
    entries: list[tuple[Admin, list[str]]] = [
        (person("Far", ("telegram", "f")), ["BU3"]),
        (person("Both", ("telegram", "b"), ("whatsapp", "b")), ["BU3", "BU1"]),
        (person("Near", ("whatsapp", "n")), ["BU1"]),
        (person("Elsewhere", ("whatsapp", "e")), ["BU9"]),
        (person("Signal", ("signal", "s")), ["BU2"]),
        *((person(f"Middle {n}", ("telegram", f"m{n}")), ["BU2"]) for n in range(60)),
    ]
    await people(store, *entries)
    (far,) = [admin for admin in await store.directory.admins() if admin.name == "Middle 7"]
    stopped = tuple(replace(address, state="stopped") for address in far.addresses)
    await store.directory.put_admin(replace(far, addresses=stopped))


@pytest.mark.parametrize("first_only", [False, True])
async def test_it_is_what_planning_makes(store: Store, first_only: bool) -> None:
    await a_town(store)
    await accept(store, "A", "BU1", "BU2", "BU3")
    ahead = await store.alerts.would_send(MATCHES, TWO_BOTS, START, 1000, first_only=first_only)
    codes = [match.code for match in MATCHES]
    first_id = store.ids.block()
    await store.outbox.plan("A", codes, TWO_BOTS, first_id=first_id, now=START, last=True, first_only=first_only)
    made = await store.outbox.deliveries("A", limit=1000)
    assert [(one.admin_id, one.channel, one.account) for one in ahead] == [
        (one.admin_id, one.channel, one.account) for one in made
    ]
    assert len(ahead) == (3 if first_only else 62)


async def test_each_says_who_where_and_how_far_and_only_so_many_are_asked_for(store: Store) -> None:
    await a_town(store)
    ahead = await store.alerts.would_send(MATCHES, TWO_BOTS, START, 3)
    assert len(ahead) == 3
    told = {one.name: one for one in ahead}
    assert told["Both"] == WouldSend(
        told["Both"].admin_id, "Both", "telegram", told["Both"].account, 0.0, ("BU1", "BU3")
    )
    assert told["Near"].codes == ("BU1",) and "Near" not in repr(told["Near"])
    assert await store.alerts.would_send([], TWO_BOTS, START, 3) == []
