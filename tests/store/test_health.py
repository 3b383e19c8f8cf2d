"""The directory's health on both stores: what is wrong, whom to check next, and who tells it."""

from __future__ import annotations

import asyncio

from hub.directory.health import health_of
from hub.domain import AckKind, Address, Admin, DeliveryState, Group, Handle, Neighbourhood
from hub.store.database import Store
from hub.store.health import Unchecked
from tests.store.world import START, answer, claim, outcome, people, person, record, relay

DAY = 24 * 3600_000
MAP = [
    Neighbourhood(code, f"Buurt {code}", district, f"Wijk {district}", municipality, "Gemeente", b"", 2025)
    for code, district, municipality in (
        ("BU1", "WK1", "GM1"),
        ("BU2", "WK1", "GM1"),
        ("BU3", "WK2", "GM1"),
        ("BU9", "WK9", "GM9"),
    )
]


async def names(store: Store) -> dict[str, int]:
    return {one.name: one.id for one in await store.directory.admins()}


async def test_groups_on_one_admin_or_with_nobody_reachable_and_neighbourhoods_without_any(store: Store) -> None:
    await store.neighbourhoods.replace(MAP, source="x", now=0)
    await people(
        store,
        (person("Anna", ("telegram", "1")), ["BU1"]),
        (person("Bram", ("telegram", "2")), ["BU1"]),
        (Admin(0, "Carl", "nl", (Address("telegram", Handle("3"), 1, "dead"),)), ["BU3"]),
    )
    await store.directory.put_group(Group(0, "Leeg", "whatsapp", 3, ("BU3",)))
    found = health_of(await store.health.facts(START))
    assert sorted(found.groups[one] for one in found.one_admin) == ["BU3", "Leeg"]
    assert sorted(found.groups[one] for one in found.unreachable) == ["BU3", "Leeg"]
    assert found.dead == (((await names(store))["Carl"], "telegram"),)
    assert [one.code for one in found.without_group] == ["BU2"], (
        "where a municipality has no group at all, none is missing"
    )
    assert [(d.code, d.neighbourhoods, d.without, d.groups, d.one_admin, d.unreachable) for d in found.districts] == [
        ("WK1", 2, 1, 1, 0, 0),
        ("WK2", 1, 0, 2, 2, 2),
    ]
    assert "Anna" not in repr(found)


async def test_unanswered_is_who_got_alerts_and_answered_none_of_that_time(store: Store) -> None:
    await people(
        store,
        *((person(name, ("whatsapp", f"+{n}")), ["BU1"]) for n, name in enumerate(("Anna", "Bram", "Carl"), 1)),
        (person("Dirk", ("whatsapp", "+9")), ["BU9"]),
    )
    rows: dict[str, int] = {}
    for number in "AB":
        rows = {one.admin_name: one.id for one in await relay(store, number, "BU1")}
        sent = {one.id: one for one in await claim(store)}
        await record(store, *(outcome(sent[rows[name]], DeliveryState.SENT) for name in ("Anna", "Bram")))
        await record(store, outcome(sent[rows["Carl"]], DeliveryState.FAILED))
    await answer(store, "+2", rows["Bram"], AckKind.CANNOT, at=START + 5)
    found = health_of(await store.health.facts(START - DAY))
    assert [(found.admins[one], alerts) for one, alerts in found.unanswered] == [("Anna", 2)]
    later = health_of(await store.health.facts(START + 91 * DAY))
    assert later.unanswered == ()


async def asked(
    store: Store, now: int, *, account: str = "main", accounts: tuple[str, ...] = ("main",)
) -> Unchecked | None:
    return await store.health.unchecked("telegram", accounts, account, now=now, every=30 * DAY, least=1000)


async def test_each_address_is_asked_about_once_in_a_while_evenly_spread(store: Store) -> None:
    await people(store, *((person(f"P{n}", ("telegram", str(n))), ["BU1"]) for n in range(10)))
    seen: list[int] = []
    for hour in range(2 * 30 * 24):
        now = START + hour * 3600_000
        one = await asked(store, now)
        if one is not None:
            seen.append(one.id)
            await store.health.checked(one, now, None)
    assert 19 <= len(seen) <= 20 and set(seen[:10]) == set(seen[10:]) | set(seen[:10]) and len(set(seen[:10])) == 10


async def test_gone_is_dead_reachable_lives_again_and_a_stop_is_left_alone(store: Store) -> None:
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]))

    async def state() -> str:
        return (await store.directory.admins())[0].addresses[0].state

    one = await asked(store, START)
    assert one is not None and (one.handle.value, one.language, one.may_test, one.heard) == ("1", "nl", False, False)
    for reachable, after in ((False, "dead"), (None, "dead"), (True, "verified"), (None, "verified")):
        await store.health.checked(one, START, reachable)
        assert await state() == after
    await store.receipts.apply(store.receipts.stop("telegram", Handle("1")), [])
    await store.health.checked(one, START, True)
    await store.health.checked(one, START, False)
    assert await state() == "stopped"
    assert await asked(store, START + 90 * DAY) is None


async def test_an_account_asks_about_its_own_people(store: Store) -> None:
    await people(store, *((person(f"P{n}", ("telegram", str(n))), ["BU1"]) for n in range(6)))
    found: dict[str, int] = {}
    for n in range(60):
        for account in ("one", "two"):
            now = START + (2 * n + (account == "two")) * 6 * DAY
            one = await asked(store, now, account=account, accounts=("one", "two"))
            if one is not None:
                assert found.setdefault(str(one.id), ("one", "two").index(account)) == ("one", "two").index(account)
                await store.health.checked(one, now, None)
    assert len(found) == 6


async def test_who_agreed_to_test_messages_is_known(store: Store) -> None:
    await people(store, (person("Anna", ("telegram", "1")), ["BU1"]))
    (anna,) = (await names(store)).values()
    for wanted in (True, False):
        await store.receipts.apply(store.linking.set_test_messages(anna, wanted), [])
        one = await asked(store, START)
        assert one is not None and one.may_test is wanted


async def test_something_is_being_relayed_until_nothing_waits(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    assert not await store.health.is_relaying(START)
    await relay(store, "A", "BU1")
    assert await store.health.is_relaying(START)
    (claimed,) = await claim(store)
    assert await store.health.is_relaying(START)
    await record(store, outcome(claimed, DeliveryState.SENT))
    assert await store.health.is_relaying(START) == (await store.alerts.unplanned() != [])


async def test_one_of_many_tells_it_and_what_was_due_before_the_first_is_told_by_nobody(store: Store) -> None:
    ours = store.health.is_ours_to_tell
    assert not any(await asyncio.gather(*(ours("weekly telegram", START) for _ in range(4))))
    told = await asyncio.gather(*(ours("weekly telegram", START + 7 * DAY) for _ in range(8)))
    assert sum(told) == 1
    assert not await ours("weekly telegram", START + 7 * DAY)
    assert not await ours("weekly telegram", START)
    assert not await ours("weekly matrix", START)
