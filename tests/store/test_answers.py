"""What people say: received, forwarded, cannot, STOP; it counts for their own alerts and their own neighbourhoods only."""

from __future__ import annotations

from hub.domain import AckKind, DeliveryState, Handle
from hub.store.database import Store
from tests.store.world import START, answer, claim, deliveries, outcome, people, person, record, relay

ANNA = person("Anna", ("whatsapp", "+1"), ("telegram", "1"))
BRAM = person("Bram", ("whatsapp", "+2"))


async def two_people(store: Store) -> tuple[int, int]:
    """Anna has BU1, both have BU2; their deliveries of alert A."""
    await people(store, (ANNA, ["BU1", "BU2"]), (BRAM, ["BU2"]))
    await relay(store, "A", "BU1", "BU2", "BU3")
    anna, bram = await claim(store)
    await record(store, outcome(anna, DeliveryState.SENT), outcome(bram, DeliveryState.SENT))
    return anna.id, bram.id


async def forwarded(store: Store) -> dict[str, int | None]:
    view = await store.alerts.view("A")
    assert view is not None
    return {one.code: one.forwarded_at for one in view.matched}


async def kinds(store: Store) -> list[list[AckKind]]:
    return [[one.kind for one in d.acknowledgements] for d in await store.outbox.deliveries("A")]


async def test_an_answer_changes_no_delivery(store: Store) -> None:
    anna, _ = await two_people(store)
    await answer(store, "+1", anna, AckKind.CANNOT)
    assert {state for _, _, _, state in await deliveries(store)} == {DeliveryState.SENT}
    assert await kinds(store) == [[AckKind.CANNOT], []]
    assert set((await forwarded(store)).values()) == {None}


async def test_forwarding_covers_ones_own_neighbourhoods_and_keeps_the_first_time(store: Store) -> None:
    anna, bram = await two_people(store)
    await answer(store, "+2", bram, AckKind.FORWARDED, at=START + 5)
    assert await forwarded(store) == {"BU1": None, "BU2": START + 5, "BU3": None}
    await answer(store, "+1", anna, AckKind.FORWARDED, at=START + 9)
    await answer(store, "+2", bram, AckKind.FORWARDED, at=START + 20)
    assert await forwarded(store) == {"BU1": START + 9, "BU2": START + 5, "BU3": None}
    view = await store.alerts.view("A")
    assert view is not None
    assert (view.forwarded, view.first_forwarded_at, view.covered_at) == (2, START + 5, None)


async def test_an_answer_from_another_ones_phone_is_nothing(store: Store) -> None:
    anna, _ = await two_people(store)
    await answer(store, "+2", anna, AckKind.FORWARDED)
    await answer(store, "+3", anna, AckKind.FORWARDED)
    await answer(store, "+1", anna, AckKind.FORWARDED, channel="telegram")
    assert await kinds(store) == [[], []]
    assert set((await forwarded(store)).values()) == {None}
    assert "acknowledgement" not in {event.kind for event in await store.alerts.events_after("A", 0)}


async def test_an_answer_counts_from_any_channel_of_the_person(store: Store) -> None:
    anna, _ = await two_people(store)
    await answer(store, "1", anna, AckKind.FORWARDED, channel="telegram")
    assert (await forwarded(store))["BU1"] == START


async def test_each_kind_counts_once(store: Store) -> None:
    anna, _ = await two_people(store)
    for at, kind in enumerate([AckKind.RECEIVED, AckKind.FORWARDED, AckKind.RECEIVED, AckKind.FORWARDED]):
        await answer(store, "+1", anna, kind, at=START + at)
    (view, _) = await store.outbox.deliveries("A")
    assert [(one.kind, one.at) for one in view.acknowledgements] == [
        (AckKind.RECEIVED, START),
        (AckKind.FORWARDED, START + 1),
    ]


async def test_words_are_about_the_message_replied_to_or_the_latest_one_sent(store: Store) -> None:
    anna, bram = await two_people(store)
    await relay(store, "B", "BU1", now=START + 1000)
    asked = store.receipts.answered_delivery
    assert await asked("whatsapp", Handle("+1"), "", START - 1) == anna, "B was not sent yet"
    (second,) = await claim(store, now=START + 1000)
    assert await asked("whatsapp", Handle("+1"), "", START - 1) == second.id
    assert await asked("whatsapp", Handle("+1"), f"ref-{anna}", START - 1) == anna
    assert await asked("whatsapp", Handle("+1"), f"ref-{bram}", START - 1) is None
    assert await asked("telegram", Handle("1"), "", START - 1) == second.id
    assert await asked("whatsapp", Handle("+1"), "", START + 2000) is None
    assert await asked("whatsapp", Handle("+9"), "", 0) is None


async def test_stop_signs_off_everywhere_and_withdraws_what_waits(store: Store) -> None:
    await two_people(store)
    await relay(store, "B", "BU1", "BU2")
    await store.receipts.apply(store.receipts.stop("telegram", Handle("1")), [])
    assert await deliveries(store, "B") == [
        ("Anna", "whatsapp", 0, DeliveryState.CANCELLED),
        ("Bram", "whatsapp", 0, DeliveryState.PENDING),
    ]
    await relay(store, "C", "BU1", "BU2")
    assert [name for name, _, _, _ in await deliveries(store, "C")] == ["Bram"]


async def test_somebody_who_stopped_stays_stopped_when_the_provider_finds_them_again(store: Store) -> None:
    await two_people(store)
    await store.receipts.apply(store.receipts.stop("whatsapp", Handle("+2")), [])
    await store.receipts.apply(store.receipts.address_changed("whatsapp", Handle("+2"), True, None), [])
    assert [a.addresses[0].state for a in await store.directory.admins() if a.name == "Bram"] == ["stopped"]


async def test_an_address_is_blocked_found_again_and_moved(store: Store) -> None:
    await two_people(store)

    async def changed(reachable: bool, moved_to: Handle | None = None) -> tuple[str, str]:
        await store.receipts.apply(store.receipts.address_changed("whatsapp", Handle("+2"), reachable, moved_to), [])
        (bram,) = [admin for admin in await store.directory.admins() if admin.name == "Bram"]
        return bram.addresses[0].handle.value, bram.addresses[0].state

    assert await changed(False) == ("+2", "dead")
    assert await changed(True) == ("+2", "verified")
    assert await changed(True, Handle("+1")) == ("+2", "verified"), "that is Anna's"
    assert await changed(True, Handle("+22")) == ("+22", "verified")


async def test_a_window_only_opens_further(store: Store) -> None:
    await people(store, (BRAM, ["BU1"]))
    for until in (START + 10, START + 5):
        await store.receipts.apply(store.receipts.open_window("whatsapp", Handle("+2"), until), [])
    await relay(store, "A", "BU1")
    assert [one.window_open_until for one in await claim(store)] == [START + 10]
