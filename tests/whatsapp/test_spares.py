"""While Meta refuses a template, another one carries its messages where nobody can be misled by it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from adapters.whatsapp.emulator import faults
from adapters.whatsapp.spares import TROUBLE_MS
from hub.channel import Accepted, Deferred, Outbound, Rejected
from tests.whatsapp.conftest import FIRST, NUMBER, WORDING, World


def of(kind: str, language: str = "nl", number: str = "1042") -> Outbound:
    parts = {**WORDING.parts, "number": number}
    return replace(FIRST, wording=replace(WORDING, template=kind, language=language, parts=parts))


async def until_sent(world: World, outbound: Outbound) -> list[str]:
    """Try as the hub does, at once for as long as it is told to; the reasons on the way."""
    reasons: list[str] = []
    for attempt in range(1, 10):
        match await world.channel.send(replace(outbound, attempt=attempt)):
            case Accepted():
                return reasons
            case Deferred(reason, 0.0, False, None):
                reasons.append(reason)
            case Rejected(reason, False, False):
                return [*reasons, reason, "rejected"]
            case result:
                pytest.fail(f"not an answer for a template that is refused: {result}")
    pytest.fail("tried for ever")


def carrier(world: World) -> str:
    used = world.emulator.messages[-1].request["template"]
    return f"{used['name'].removeprefix('buurtsein_')}.{used['language']['code']}"


@pytest.mark.parametrize(
    ("status", "reason"),
    [("PAUSED", "132015 paused"), ("DISABLED", "132016 disabled"), ("PENDING", "132001 absent")],
)
@pytest.mark.parametrize(
    ("wanted", "carried_by"),
    [
        ("alert.nl", "update.nl"),
        ("alert.en", "update.en"),
        ("update.nl", "alert.nl"),
        ("ended.nl", "update.nl"),
        ("ended.en", "update.en"),
    ],
)
async def test_a_refused_template_is_replaced_at_once(
    world: World, status: str, reason: str, wanted: str, carried_by: str
) -> None:
    kind, language = wanted.split(".")
    world.emulator.templates.set(f"buurtsein_{kind}", language, status)
    assert await until_sent(world, of(kind, language)) == [f"template:{reason}"]
    assert carrier(world) == carried_by
    assert WORDING.parts["headline"] in world.emulator.messages[-1].content.text
    before = world.emulator.requests
    assert await until_sent(world, of(kind, language)) == []
    assert world.emulator.requests == before + 1, "the next messages do not ask again"


@pytest.mark.parametrize(
    ("wanted", "out_of_order", "carried_by"),
    [
        ("alert.en", ["alert.en", "update.en"], "alert.nl"),
        ("update.en", ["alert.en", "update.en", "update.nl"], "alert.nl"),
        ("ended.en", ["ended.en", "update.en"], "ended.nl"),
    ],
)
async def test_then_dutch_words_stand_around_an_english_message(
    world: World, wanted: str, out_of_order: list[str], carried_by: str
) -> None:
    for one in out_of_order:
        kind, language = one.split(".")
        world.emulator.templates.set(f"buurtsein_{kind}", language, "PAUSED")
    kind, language = wanted.split(".")
    reasons = await until_sent(world, of(kind, language))
    assert len(reasons) == len(out_of_order) and carrier(world) == carried_by


@pytest.mark.parametrize(
    ("wanted", "out_of_order"),
    [
        ("exercise.nl", ["exercise.nl"]),
        ("exercise.en", ["exercise.en"]),
        ("test.en", ["test.en"]),
        ("ended.nl", ["ended.nl", "update.nl"]),
        ("alert.nl", ["alert.nl", "update.nl"]),
    ],
)
async def test_nothing_stands_in_where_people_would_be_misled(
    world: World, wanted: str, out_of_order: list[str]
) -> None:
    """An exercise is never an alert, what has ended never "look out", a warning never in a language one may not read."""
    for one in out_of_order:
        kind, language = one.split(".")
        world.emulator.templates.set(f"buurtsein_{kind}", language, "PAUSED")
    kind, language = wanted.split(".")
    assert (await until_sent(world, of(kind, language)))[-1] == "rejected"
    assert not world.emulator.messages


async def test_after_some_minutes_the_template_made_for_it_is_tried_again(world: World) -> None:
    world.emulator.templates.set("buurtsein_alert", "nl", "PAUSED")
    await until_sent(world, of("alert"))
    world.emulator.templates.set("buurtsein_alert", "nl", "APPROVED")
    world.clock.milliseconds += TROUBLE_MS - 1
    await until_sent(world, of("alert"))
    assert carrier(world) == "update.nl"
    world.clock.milliseconds += 1
    await until_sent(world, of("alert"))
    assert carrier(world) == "alert.nl"


async def test_an_ended_alert_with_two_answers_fits_a_template_with_three(world: World) -> None:
    world.emulator.templates.set("buurtsein_ended", "nl", "PAUSED")
    await until_sent(world, replace(of("ended"), actions=FIRST.actions[:2]))
    assert [b.data for b in world.emulator.messages[-1].content.buttons] == [
        "a:7:received",
        "a:7:forwarded",
        "Kan niet",
    ]


@pytest.mark.parametrize("code", [132005, 132008, 132018])
async def test_what_meta_cannot_fill_goes_out_short_and_plain(world: World, code: int) -> None:
    strange = replace(of("alert"), wording=replace(WORDING, parts={**WORDING.parts, "description": "d\u200db" * 300}))
    world.emulator.fault(NUMBER, faults.refuse(code))
    (reason,) = await until_sent(world, strange)
    assert reason.startswith(f"template:{code} ")
    used = world.emulator.messages[-1].request["template"]
    values = [parameter["text"] for parameter in used["components"][0]["parameters"]]
    assert carrier(world) == "alert.nl" and sum(map(len, values)) <= 300
    assert all(value.isprintable() for value in values)
    assert values[8] == WORDING.parts["link"] and values[2] == WORDING.parts["headline"]


async def test_only_the_message_that_was_refused_is_shortened(world: World) -> None:
    long = replace(WORDING, parts={**WORDING.parts, "description": "d" * 500})
    world.emulator.fault(NUMBER, faults.refuse(132005))
    await until_sent(world, replace(FIRST, wording=long))
    assert "d" * 400 not in world.emulator.messages[-1].content.text
    other = replace(long, parts={**long.parts, "number": "1043"})
    await until_sent(world, replace(FIRST, wording=other))
    assert "d" * 400 in world.emulator.messages[-1].content.text


async def test_what_is_refused_short_and_plain_too_is_given_up(world: World) -> None:
    world.emulator.fault(NUMBER, faults.refuse(132018), times=5)
    assert await until_sent(world, of("alert")) == ["template:132018 parameter-text"] * 2 + ["rejected"]
    assert world.emulator.requests == 2


async def test_the_operator_is_told_once_and_by_name(world: World) -> None:
    world.emulator.templates.set("buurtsein_alert", "nl", "PAUSED")
    with capture_logs() as logs:
        for number in ("1", "2", "3"):
            await until_sent(world, of("alert", number=number))
        await world.channel.send(of("alert"))
    told = {
        "event": "whatsapp_template_refused",
        "log_level": "error",
        "account": "main",
        "template": "alert_nl",
        "reason": "template:132015 paused",
        "instead": "update_nl",
    }
    assert logs == [told]


async def test_many_under_way_at_once_are_all_carried_by_the_spare(world: World) -> None:
    world.emulator.templates.set("buurtsein_alert", "nl", "PAUSED")
    first = [await world.channel.send(replace(FIRST, delivery_id=n)) for n in range(5)]
    assert first[0] == Deferred("template:132015 paused", 0.0)
    assert all(isinstance(result, Accepted) for result in first[1:])
