"""Our templates at Meta: how they stand, and registering what is missing."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters.whatsapp.definitions import read_definitions
from adapters.whatsapp.templates import Standing, State, check, register
from hub.channel import ChannelDown
from hub.settings import WhatsAppAccount
from tests.whatsapp.conftest import BUSINESS, World

ALL = set(read_definitions())
ALERT = ("buurtsein_alert", "nl")


def ours(world: World, **changed: object) -> WhatsAppAccount:
    return world.account(business_account_id=BUSINESS, **changed)


async def standing(world: World, name: tuple[str, str] = ALERT) -> Standing:
    (found,) = [one for one in await check(ours(world), world.session) if (one.name, one.language) == name]
    return found


async def test_everything_registered_and_approved_needs_nothing(world: World) -> None:
    found = await check(ours(world), world.session)
    assert {(one.name, one.language) for one in found} == ALL
    assert all(one.sendable and not one.todo for one in found)


@pytest.mark.parametrize(
    ("status", "state", "todo"),
    [
        ("APPROVED", State.APPROVED, ""),
        ("FLAGGED", State.APPROVED, "at risk"),
        ("PENDING", State.PENDING, "wait"),
        ("IN_APPEAL", State.PENDING, "wait"),
        ("REJECTED", State.REJECTED, "TAG_CONTENT_MISMATCH"),
        ("PAUSED", State.PAUSED, "quality"),
        ("DISABLED", State.PAUSED, "appeal"),
        ("ARCHIVED", State.PAUSED, "unarchive"),
        ("LIMIT_EXCEEDED", State.PAUSED, "delete some"),
        ("SOMETHING_NEW", State.PAUSED, "SOMETHING_NEW"),
        ("DELETED", State.MISSING, "30 days"),
    ],
)
async def test_every_state_at_meta_is_told_with_what_to_do(world: World, status: str, state: State, todo: str) -> None:
    world.emulator.templates.set(*ALERT, status, rejected_reason="TAG_CONTENT_MISMATCH")
    found = await standing(world)
    assert found.state is state and todo in found.todo
    assert bool(found.todo) == bool(todo)


CONTENT = read_definitions()[ALERT].given["components"]


@pytest.mark.parametrize(
    ("changed", "todo"),
    [
        ({"category": "MARKETING"}, "Meta put it under MARKETING"),
        ({"message_send_ttl_seconds": None}, "30 days"),
        ({"message_send_ttl_seconds": 43200}, "43200 s instead of 7200 s"),
        ({"parameter_format": "NAMED"}, "names instead of numbers"),
        ({"components": [{**CONTENT[0], "text": CONTENT[0]["text"] + "!"}, *CONTENT[1:]]}, "words or buttons"),
        ({"components": CONTENT[:2]}, "words or buttons"),
        ({"components": None}, "words or buttons"),
        ({"components": [7]}, "words or buttons"),
    ],
    ids=["category", "no lifetime", "lifetime", "parameters", "words", "no buttons", "nothing", "nonsense"],
)
async def test_a_template_that_is_not_ours_any_more_is_different(
    world: World, changed: dict[str, Any], todo: str
) -> None:
    world.emulator.templates.set(*ALERT, "APPROVED", **changed)
    found = await standing(world)
    assert found.state is State.DIFFERENT and todo in found.todo


async def test_every_difference_is_told_at_once(world: World) -> None:
    world.emulator.templates.set(*ALERT, "PAUSED", category="MARKETING", message_send_ttl_seconds=None)
    found = await standing(world)
    assert all(words in found.todo for words in ("MARKETING", "30 days", "quality"))


async def test_meta_may_tell_the_pieces_in_another_order_and_without_examples(world: World) -> None:
    told = [{key: value for key, value in one.items() if key != "example"} for one in reversed(CONTENT)]
    world.emulator.templates.set(*ALERT, "APPROVED", components=told)
    assert (await standing(world)).sendable


async def test_many_templates_of_others_do_not_hide_ours(world: World) -> None:
    for number in range(250):
        body = {**read_definitions()[ALERT].given, "name": f"of_another_app_{number}"}
        world.emulator.templates.register(body)
    world.emulator.templates.remove(*ALERT)
    world.emulator.templates.register(dict(read_definitions()[ALERT].given))  # the last of 260
    assert (await standing(world)).state is State.PENDING


async def test_what_is_missing_is_registered_as_it_stands_in_our_files(world: World) -> None:
    prefix = "zoetermeer"
    account = ours(world, template_prefix=prefix)
    assert {one.state for one in await check(account, world.session)} == {State.MISSING}
    found = await register(account, world.session)
    assert {(one.name, one.state) for one in found} == {
        (name.replace("buurtsein", prefix), State.PENDING) for name, _ in ALL
    }
    world.emulator.templates.approve_all()
    assert all(one.sendable and not one.todo for one in await check(account, world.session))


async def test_registering_twice_changes_nothing(world: World) -> None:
    account = ours(world, template_prefix="zoetermeer")
    world.emulator.templates.verdict = "APPROVED"
    first = await register(account, world.session)
    assert await register(account, world.session) == first
    assert all(one.sendable for one in first)


async def test_only_what_is_missing_is_registered(world: World) -> None:
    world.emulator.templates.remove(*ALERT)
    world.emulator.templates.set("buurtsein_update", "nl", "PAUSED")
    found = {(one.name, one.language): one.state for one in await register(ours(world), world.session)}
    assert found.pop(ALERT) is State.PENDING
    assert found.pop(("buurtsein_update", "nl")) is State.PAUSED
    assert set(found.values()) == {State.APPROVED}


async def test_a_category_that_meta_changes_on_the_way_is_told(world: World) -> None:
    world.emulator.templates.remove(*ALERT)
    world.emulator.templates.category = "MARKETING"
    found = {(one.name, one.language): one for one in await register(ours(world), world.session)}
    assert found[ALERT].state is State.DIFFERENT and "Meta put it under MARKETING" in found[ALERT].todo
    assert (await standing(world)).state is State.DIFFERENT, "and lost its lifetime"


async def test_every_refusal_is_told_and_none_stops_the_others(world: World) -> None:
    definitions = read_definitions()
    for name in (ALERT, ("buurtsein_update", "en"), ("buurtsein_test", "nl")):
        world.emulator.templates.remove(*name)
    alert = definitions[ALERT]
    broken = orjson.loads(orjson.dumps(alert.given))
    broken["components"][1]["text"] = "x" * 61
    changed = {**definitions, ALERT: type(alert)(**{**_fields(alert), "given": broken})}
    found = {(o.name, o.language): o for o in await register(ours(world), world.session, changed)}
    assert found[ALERT].state is State.MISSING and "The footer has at most 60 characters" in found[ALERT].todo
    assert found["buurtsein_update", "en"].state is found["buurtsein_test", "nl"].state is State.PENDING


def _fields(one: object) -> dict[str, object]:
    return {name: getattr(one, name) for name in ("name", "language", "body", "footer", "buttons", "ttl")}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"business_account_id": ""}, "set channels.whatsapp.business_account_id"),
        ({"business_account_id": "1"}, "business_account_id"),
        ({"token": "wrong"}, "system user token"),
        ({"api_base": "http://127.0.0.1:1"}, "check the network"),
    ],
    ids=["no id", "wrong id", "wrong token", "no network"],
)
async def test_who_cannot_ask_meta_is_told_what_to_do(world: World, changed: dict[str, object], words: str) -> None:
    for ask in (check, register):
        with pytest.raises(ChannelDown, match=words):
            await ask(world.account(**{"business_account_id": BUSINESS, **changed}), world.session)
