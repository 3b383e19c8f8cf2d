"""While an admin is away their stand-in gets their alerts, on both stores: once, and nobody outside is disturbed."""

from __future__ import annotations

from hub.domain import AckKind, Admin, Match
from hub.store import tables
from hub.store.database import Store
from hub.store.sealing import handle_hash
from tests.store.world import HOUR, ROUTES, START, accept, admin_of, answer, people, person, plan

SOUTH = [Match("BU2", "BU2", 1.0, 0.0, "")]


async def a_village(store: Store) -> dict[str, int]:
    """Anna runs BU1 and BU2, Bram BU1, Chris BU1, Els BU9: name → id."""
    entries: list[tuple[Admin, list[str]]] = [
        (person("Anna", ("whatsapp", "+1")), ["BU1", "BU2"]),
        (person("Bram", ("whatsapp", "+2")), ["BU1"]),
        (person("Chris", ("telegram", "3")), ["BU1"]),
        (person("Els", ("whatsapp", "+9")), ["BU9"]),
    ]
    await people(store, *entries)
    return {one.name: one.id for one in await store.directory.admins()}


async def away(name: str, stand_in: int | None = None, until: int = START + HOUR) -> None:
    await tables.Admin.filter(id=await admin_of(name)).update(away_until=until, stand_in=stand_in)


async def told(store: Store, number: str, *codes: str, first_only: bool = False, now: int = START) -> list[str]:
    """Whom an alert to these codes is sent to, as the audience, the forecast and the planner agree."""
    matches = [Match(code, code, 1.0, 0.0, "") for code in codes]
    counted = await store.alerts.audience(codes, ROUTES, now)
    ahead = await store.alerts.would_send(matches, ROUTES, now, 100, first_only=first_only)
    await accept(store, number, *codes, now=now, expires_at=now + 2 * HOUR)
    ids = store.ids.block()
    await store.outbox.plan(number, codes, ROUTES, first_id=ids, now=now, last=True, first_only=first_only)
    names = sorted(one.admin_name for one in await store.outbox.deliveries(number))
    assert names == sorted(one.name for one in ahead)
    if not first_only:
        by_account = await store.alerts.audience_by_account(codes, ROUTES, now)
        assert counted.admins == len(names) == sum(n for _, _, n in by_account)
        assert counted.dark == tuple(code for code in codes if not counted.admins_by_code.get(code))
    return names


async def test_without_a_stand_in_nobody_gets_it_instead(store: Store) -> None:
    await a_village(store)
    assert await told(store, "A", "BU2") == ["Anna"]
    await away("Anna")
    assert await told(store, "B", "BU2") == []


async def test_a_stand_in_gets_it_for_groups_that_are_not_theirs(store: Store) -> None:
    ids = await a_village(store)
    await away("Anna", ids["Bram"])
    assert await told(store, "A", "BU2") == ["Bram"]
    assert await told(store, "B", "BU9") == ["Els"]


async def test_a_stand_in_who_is_in_the_group_gets_one_message(store: Store) -> None:
    ids = await a_village(store)
    await away("Anna", ids["Bram"])
    assert await told(store, "A", "BU1", "BU2") == ["Bram", "Chris"]


async def test_a_stand_in_who_is_away_too_or_cannot_be_reached_gets_nothing(store: Store) -> None:
    ids = await a_village(store)
    await away("Anna", ids["Bram"])
    await away("Bram", ids["Chris"])
    assert await told(store, "A", "BU2") == [], "and nobody stands in for a stand-in"
    await away("Bram", until=0)
    await tables.Address.filter(handle_hash=handle_hash("+2")).update(state="stopped")
    assert await told(store, "B", "BU2") == []


async def test_back_again_or_past_the_day_it_is_as_before(store: Store) -> None:
    ids = await a_village(store)
    await away("Anna", ids["Bram"])
    assert await told(store, "A", "BU2") == ["Bram"]
    assert await told(store, "B", "BU2", now=START + HOUR) == ["Anna"]
    await away("Anna", ids["Bram"], until=0)
    assert await told(store, "C", "BU2") == ["Anna"]


async def test_who_runs_no_group_with_them_any_more_is_not_disturbed(store: Store) -> None:
    ids = await a_village(store)
    await away("Anna", ids["Els"])
    assert await told(store, "A", "BU2") == []
    await away("Anna", 12345)
    assert await told(store, "B", "BU2") == []


async def test_one_by_one_a_stand_in_takes_the_place_of_who_is_away(store: Store) -> None:
    ids = await a_village(store)
    await away("Anna", ids["Chris"])
    assert await told(store, "A", "BU1", first_only=True) == ["Chris"], "Anna is the first of the group"
    await away("Anna")
    assert await told(store, "B", "BU1", first_only=True) == ["Bram"]


async def test_what_a_stand_in_forwards_covers_those_neighbourhoods_too(store: Store) -> None:
    ids = await a_village(store)
    await away("Anna", ids["Bram"])
    await told(store, "A", "BU1", "BU2")
    (bram,) = [one for one in await store.outbox.deliveries("A") if one.admin_name == "Bram"]
    await answer(store, "+2", bram.id, AckKind.FORWARDED)
    view = await store.alerts.view("A")
    assert view is not None and view.forwarded == 2


async def test_who_stands_in_for_nobody_covers_only_their_own(store: Store) -> None:
    ids = await a_village(store)
    await away("Anna", ids["Bram"], until=0)  # named, and not needed
    await told(store, "A", "BU1", "BU2")
    (bram,) = [one for one in await store.outbox.deliveries("A") if one.admin_name == "Bram"]
    await answer(store, "+2", bram.id, AckKind.FORWARDED)
    view = await store.alerts.view("A")
    assert view is not None and [one.code for one in view.matched if one.forwarded_at] == ["BU1"]


async def test_the_escalation_knows_that_a_stand_in_was_told_and_asks_nobody_twice(store: Store) -> None:
    ids = await a_village(store)
    await away("Anna", ids["Bram"])
    await accept(store, "A", "BU2", "BU1")
    await plan(store, "A", "BU2")
    (row,) = await tables.AlertNeighbourhood.filter(alert_id="A", code="BU2")
    (standing,) = await store.escalations.standing([row.id], [], -1)
    assert standing.live == 1, "an answer of the stand-in may still come"
    await tables.Admin.filter(id=await admin_of("Anna")).update(away_until=0)
    (standing,) = await store.escalations.standing([row.id], [], -1)
    assert standing.live == 0, "Anna is back and was not told: she is asked now"


async def test_a_group_of_both_is_posted_to_once(store: Store) -> None:
    ids = await a_village(store)
    await away("Anna", ids["Bram"])
    for name, chat in (("BU1", "g1"), ("BU2", "g2")):
        group = await tables.WatchGroup.get(name=name)
        await tables.GroupChat.create(
            id=store.ids.one(),
            group=group,
            channel="telegram",
            account="main",
            handle=chat,
            handle_hash=handle_hash(chat),
        )
    await told(store, "A", "BU1", "BU2")
    (bram,) = [one for one in await store.outbox.deliveries("A") if one.admin_name == "Bram"]
    await answer(store, "+2", bram.id, AckKind.FORWARDED)
    assert await tables.Delivery.filter(alert_id="A", part="post").count() == 2
