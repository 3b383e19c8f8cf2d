"""What goes beside a message: picture and location after the first answer, a post in the group's own chat after "forwarded"."""

from __future__ import annotations

from typing import Any

import pytest

from hub.channel import Part
from hub.domain import AckKind, AlertState, DeliveryState, Handle, Status
from hub.store.database import Store
from tests.store.world import START, accept, answer, claim, outcome, people, person, plan, record, relay

ALL = ("picture", "location")
BESIDE = {"telegram": ["location"], "whatsapp": ["picture", "location"]}


async def sent(store: Store, channel: str = "whatsapp", **more: Any) -> int:
    """Alert A, sent to Anna; the delivery's id."""
    await relay(store, "A", "BU1", **more)
    (first,) = await claim(store, channel)
    await record(store, outcome(first, DeliveryState.SENT))
    return first.id


@pytest.fixture
async def town(store: Store) -> Store:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]), (person("Bram", ("telegram", "2")), ["BU1"]))
    return store


async def beside(store: Store, channel: str = "whatsapp") -> list[Part]:
    return [one.part for one in await claim(store, channel) if one.part is not Part.MESSAGE]


async def test_the_first_answer_brings_picture_and_location_once(town: Store) -> None:
    delivery = await sent(town, beside=ALL)
    assert await beside(town) == []
    await answer(town, "+1", delivery, AckKind.RECEIVED, beside=BESIDE)
    await answer(town, "+1", delivery, AckKind.FORWARDED, beside=BESIDE)
    assert await beside(town) == [Part.PICTURE, Part.LOCATION]


async def test_only_what_the_alert_has_and_the_channel_can(town: Store) -> None:
    delivery = await sent(town, "telegram", beside=ALL)
    await answer(town, "2", delivery, AckKind.RECEIVED, channel="telegram", beside=BESIDE)
    assert await beside(town, "telegram") == [Part.LOCATION]


async def test_who_cannot_gets_nothing_more(town: Store) -> None:
    delivery = await sent(town, beside=ALL)
    await answer(town, "+1", delivery, AckKind.CANNOT, beside=BESIDE)
    assert await beside(town) == []


async def test_an_update_does_not_bring_again_what_they_have(town: Store) -> None:
    await sent(town)
    await accept(town, "B", "BU1", closes=["A"], closes_as=AlertState.ENDED, beside=ALL, repeats=("location",))
    await plan(town, "B", "BU1")
    anna = next(one for one in await claim(town) if one.alert_id == "B")
    bram = next(one for one in await claim(town, "telegram") if one.alert_id == "B")
    await record(town, outcome(anna, DeliveryState.SENT), outcome(bram, DeliveryState.SENT))
    await answer(town, "+1", anna.id, AckKind.RECEIVED, beside=BESIDE)
    await answer(town, "2", bram.id, AckKind.RECEIVED, channel="telegram", beside=BESIDE)
    assert await beside(town) == [Part.PICTURE], "she got the alert before"
    assert await beside(town, "telegram") == [Part.LOCATION], "for him it is the first"


async def test_a_stranger_s_answer_brings_nothing(town: Store) -> None:
    delivery = await sent(town, beside=ALL)
    await answer(town, "+99", delivery, AckKind.RECEIVED, beside=BESIDE)
    assert await beside(town) == []


async def test_nothing_follows_once_the_alert_is_over(town: Store) -> None:
    delivery = await sent(town, beside=ALL)
    await accept(town, "B", closes=["A"])
    await answer(town, "+1", delivery, AckKind.RECEIVED, beside=BESIDE)
    assert await beside(town) == []


async def in_the_chat(store: Store, code: str, chat: str) -> None:
    (group,) = [one for one in await store.directory.groups() if one.name == code]
    await store.receipts.apply(store.linking.link_chat(group.id, "telegram", "main", Handle(chat)), [])


async def test_forwarded_is_posted_in_the_group_s_chat_once_whoever_says_it(town: Store) -> None:
    await in_the_chat(town, "BU1", "-100")
    delivery = await sent(town)
    (bram,) = await claim(town, "telegram")
    await answer(town, "+1", delivery, AckKind.RECEIVED)
    assert await beside(town, "telegram") == []
    await answer(town, "+1", delivery, AckKind.FORWARDED)
    await answer(town, "2", bram.id, AckKind.FORWARDED, channel="telegram")
    (post,) = await claim(town, "telegram")
    assert (post.part, post.handle) == (Part.POST, Handle("-100"))
    assert [one.step for one in await town.outbox.deliveries("A")] == [0, 0], "a post is no delivery to a person"


async def test_a_group_outside_the_area_is_not_disturbed(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1", "BU9"]))
    await in_the_chat(store, "BU9", "-900")
    delivery = await sent(store)
    await answer(store, "+1", delivery, AckKind.FORWARDED)
    assert await beside(store, "telegram") == []


async def test_an_exercise_is_never_posted(town: Store) -> None:
    await in_the_chat(town, "BU1", "-100")
    delivery = await sent(town, status=Status.EXERCISE)
    await answer(town, "+1", delivery, AckKind.FORWARDED)
    assert await beside(town, "telegram") == []


async def test_the_chat_is_told_of_the_end_as_an_answer_to_the_post(town: Store) -> None:
    await in_the_chat(town, "BU1", "-100")
    delivery = await sent(town)
    await answer(town, "+1", delivery, AckKind.FORWARDED)
    post = next(one for one in await claim(town, "telegram") if one.part is Part.POST)
    await record(town, outcome(post, DeliveryState.SENT, provider_ref="77"))
    await accept(town, "B", closes=["A"])
    (end,) = [one for one in await claim(town, "telegram") if one.part is Part.POST]
    assert (end.alert_id, end.handle, end.reply_to) == ("B", Handle("-100"), "77")


async def test_put_out_of_the_chat_it_is_not_posted_to_again(town: Store) -> None:
    await in_the_chat(town, "BU1", "-100")
    await town.receipts.apply(town.receipts.address_changed("telegram", Handle("-100"), False, None), [])
    delivery = await sent(town)
    await answer(town, "+1", delivery, AckKind.FORWARDED)
    assert await beside(town, "telegram") == []


async def test_an_answer_taken_back_opens_what_only_it_covered(town: Store) -> None:
    delivery = await sent(town)
    await answer(town, "+1", delivery, AckKind.FORWARDED, ref="reaction-1", at=START + 5)
    await town.receipts.apply(town.receipts.take_back("whatsapp", Handle("+1"), "reaction-1", START + 6), [])
    view = await town.alerts.view("A")
    assert view is not None
    assert view.forwarded == 0
    assert (await town.outbox.deliveries("A"))[0].acknowledgements == ()


async def test_what_another_covered_stays_covered(town: Store) -> None:
    delivery = await sent(town)
    (bram,) = await claim(town, "telegram")
    await answer(town, "+1", delivery, AckKind.FORWARDED, ref="reaction-1", at=START + 5)
    await answer(town, "2", bram.id, AckKind.FORWARDED, channel="telegram", at=START + 9)
    await town.receipts.apply(town.receipts.take_back("whatsapp", Handle("+1"), "reaction-1", START + 10), [])
    view = await town.alerts.view("A")
    assert view is not None
    assert view.covered_at == START + 9


async def test_nobody_takes_back_another_s_answer(town: Store) -> None:
    delivery = await sent(town)
    await answer(town, "+1", delivery, AckKind.FORWARDED, ref="reaction-1")
    await town.receipts.apply(town.receipts.take_back("whatsapp", Handle("+2"), "reaction-1", START), [])
    view = await town.alerts.view("A")
    assert view is not None
    assert view.forwarded == 1
