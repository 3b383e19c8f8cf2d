"""Whole conversations over every messenger: an alert, its update and end; what goes beside it; linking; coming and going."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.whatsapp.emulator.faults import Course
from hub.directory.linking import make_link
from hub.domain import Handle
from tests.walk.world import CLOCK, Walk, alert, until, walking

ANNA = "West,whatsapp,180,BU06370300,Anna de Vries,nl,whatsapp,+31612340001,1"
BRAM = "Oost,telegram,210,BU06370301,Bram Jansen,nl,telegram,700001,1"
CHRIS = "Noord,matrix,95,BU06370301,Chris Bakker,en,matrix,@chris:hub.test,1"
DIRK = "Zuid,whatsapp,60,BU06370300,Dirk Visser,nl,matrix,@whatsapp_31612340009:hub.test,1"
FAR = "Meerzicht,telegram,95,WK063701,Els Mulder,nl,telegram,700009,1"
DISTRICT = ("WK063703", "CBS-WK")
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def people(walk: Walk) -> None:
    walk.matrix.person("@chris:hub.test", "Chris")
    walk.matrix.bridged("+31612340009", "Dirk")


async def holds(what: Callable[[], Any], seconds: float = 20) -> Any:
    async def found() -> Any:
        return what()

    return await until(found, seconds)


def on_whatsapp(walk: Walk) -> list[Any]:
    return [bubble for bubble in walk.whatsapp.chat("+31612340001") if not bubble.mine]


def on_telegram(walk: Walk, chat: int = 700001) -> list[Any]:
    return [message for message in walk.telegram.messages(chat) if message.from_bot]


def on_matrix(walk: Walk, handle: str = "@chris:hub.test") -> list[Any]:
    return [message for message in walk.matrix.messages(handle) if not message.mine]


def reference(posted: dict[str, Any]) -> str:
    return f"{posted['sender']},{posted['identifier']},{posted['sent']}"


def ended(posted: dict[str, Any], **info: Any) -> dict[str, Any]:
    return {"msgType": "Update", "references": reference(posted), **_info(responseType=["AllClear"], **info)}


def _info(**more: Any) -> dict[str, Any]:
    return {"info": [{**alert(*DISTRICT)["info"][0], **more}]}


async def sent(walk: Walk, posted: dict[str, Any], count: int) -> None:
    async def reached() -> bool:
        states = (await walk.state(posted))["deliveries"]
        return bool(states["sent"] + states["delivered"] + states["read"] == count)

    await until(reached)


async def test_an_alert_an_update_and_the_end_on_all_four_ways(tmp_path: Path) -> None:
    async with walking(tmp_path, [ANNA, BRAM, CHRIS, DIRK, FAR], matrix=True) as walk:
        people(walk)
        first = await walk.post(**alert(*DISTRICT))
        await sent(walk, first, 4)
        walk.matrix.react("@chris:hub.test", "📣")
        walk.matrix.reply("@whatsapp_31612340009:hub.test", "doorgestuurd")

        async def both() -> bool:
            return [bool(row["acknowledgement"]) for row in await walk.deliveries(first)].count(True) == 2

        await until(both)
        update = await walk.post(msgType="Update", references=reference(first), **_info(description="Nu te voet."))
        await sent(walk, update, 4)
        assert (await walk.state(first))["state"] == "ended"
        # The first messages say so themselves, where the messenger can edit.
        await holds(lambda: "BIJGEWERKT" in on_telegram(walk)[0].text)
        await holds(lambda: any("UPDATED" in one.text for one in on_matrix(walk)))
        end = await walk.post(**ended(update, headline="Aangehouden", description="Dank voor het uitkijken."))
        await sent(walk, end, 4)
        assert (await walk.state(update))["state"] == "ended"
        last = await holds(lambda: len(on_whatsapp(walk)) == 3 and on_whatsapp(walk)[-1])
        assert "is voorbij" in last.content.text and "112" not in last.content.text
        assert [button.label for button in last.content.buttons] == ["Ontvangen", "Doorgestuurd"]
        tail = on_telegram(walk)[-1]
        assert "EINDE" in tail.text and tail.reply_to is not None
        assert not on_telegram(walk, 700009), "nobody outside the area hears of any of it"
        for posted in (first, update, end):
            assert sum((await walk.state(posted))["deliveries"].values()) == 4


async def test_a_cancel_reaches_who_got_it_and_the_new_area_of_an_update_gets_it_fresh(tmp_path: Path) -> None:
    async with walking(tmp_path, [ANNA, BRAM, FAR]) as walk:
        first = await walk.post(**alert(*DISTRICT))
        await sent(walk, first, 2)
        moved = await walk.post(msgType="Update", references=reference(first), **alert("WK063701", "CBS-WK"))
        await sent(walk, moved, 3)
        assert on_telegram(walk, 700009)[0].reply_to is None
        cancel = await walk.post(msgType="Cancel", references=reference(moved))
        await sent(walk, cancel, 3)
        assert cancel["matched"] == []


async def test_picture_and_place_come_after_the_first_answer_and_on_telegram_the_picture_at_once(
    tmp_path: Path,
) -> None:
    shown = {"resourceDesc": "foto", "mimeType": "image/png", "derefUri": base64.b64encode(PNG).decode()}
    circle = [{"areaDesc": "Seghwaert", "circle": ["52.0655,4.5120 0.5"]}]
    async with walking(tmp_path, [ANNA, BRAM, CHRIS], matrix=True) as walk:
        people(walk)
        posted = await walk.post(**_info(resource=[shown], area=circle))
        await sent(walk, posted, 3)
        assert [one.kind for one in on_telegram(walk)] == ["photo"]
        await holds(lambda: on_whatsapp(walk))
        assert len(on_whatsapp(walk)) == len(on_matrix(walk)) == 1, "one message until somebody answers"
        assert walk.telegram.tap(700001, "Ontvangen")
        assert walk.whatsapp.tap("+31612340001", "Ontvangen")
        walk.matrix.react("@chris:hub.test", "✅")
        await holds(lambda: [one.kind for one in on_telegram(walk)] == ["photo", "venue"])
        await holds(lambda: sorted(one.request["type"] for one in on_whatsapp(walk)[1:]) == ["image", "location"])
        await holds(lambda: sorted(one.kind for one in on_matrix(walk)[1:]) == ["m.image", "m.location"])
        assert sum((await walk.state(posted))["deliveries"].values()) == 3, "what goes beside is no delivery"


async def test_forwarded_is_posted_where_the_bot_is_in_the_group(tmp_path: Path) -> None:
    async with walking(tmp_path, [BRAM]) as walk:
        walk.telegram.chat(700001, "Bram")
        walk.telegram.join(-1007, "Buurtapp Oost", by=700001)
        await holds(lambda: any("Oost" in one.text for one in on_telegram(walk)))
        told = len(on_telegram(walk))
        posted = await walk.post(**alert("BU06370301"))
        await sent(walk, posted, 1)
        assert not on_telegram(walk, -1007)
        assert walk.telegram.tap(700001, "Doorgestuurd")
        (post,) = await holds(lambda: on_telegram(walk, -1007))
        assert posted["id"] in post.text and not post.keyboard and "knop" not in post.text
        await walk.post(**ended(posted))
        await holds(lambda: len(on_telegram(walk, -1007)) == 2)
        assert on_telegram(walk, -1007)[1].reply_to == post.message_id
        await holds(
            lambda: (
                "EINDE MELDING" in on_telegram(walk, -1007)[0].text and posted["id"] in on_telegram(walk, -1007)[0].text
            )
        )
        assert len(on_telegram(walk)) > told


async def test_an_exercise_says_so_first_and_goes_nowhere_else(tmp_path: Path) -> None:
    async with walking(tmp_path, [BRAM]) as walk:
        walk.telegram.chat(700001, "Bram")
        walk.telegram.join(-1007, "Oost", by=700001)
        await holds(lambda: any("hoort nu" in one.text for one in on_telegram(walk)))
        posted = await walk.post(status="Exercise", **alert("BU06370301"))
        await sent(walk, posted, 1)
        assert on_telegram(walk)[-1].text.startswith("OEFENING")
        assert walk.telegram.tap(700001, "Doorgestuurd")

        async def noted() -> bool:
            return bool((await walk.state(posted))["coverage"]["forwarded"] == 1)

        await until(noted)
        end = await walk.post(status="Exercise", **ended(posted))
        await sent(walk, end, 1)
        assert on_telegram(walk)[-1].text.startswith("OEFENING")
        assert not on_telegram(walk, -1007)


async def test_an_admin_links_another_channel_and_is_reached_there(tmp_path: Path) -> None:
    async with walking(tmp_path, [ANNA]) as walk:
        (anna,) = await walk.hub.store.directory.admins()
        made = await make_link(walk.hub.store, ("telegram", "whatsapp"), anna.id, "telegram", walk.url, CLOCK.now())
        async with walk.session.get(made.url) as page:
            text = await page.text()
        token = made.url.rpartition("/")[2]
        assert f"https://t.me/buurtsein_bot?start={token}" in text.replace("&amp;", "&")
        walk.telegram.start(700005, token, "Anna")
        await holds(lambda: any("gekoppeld" in one.text.lower() for one in on_telegram(walk, 700005)))
        walk.telegram.reply(700005, "eerst telegram")
        await holds(lambda: len(on_telegram(walk, 700005)) == 2)
        posted = await walk.post(**alert())
        await sent(walk, posted, 1)
        assert posted["id"] in on_telegram(walk, 700005)[-1].text
        assert not on_whatsapp(walk)


async def test_stop_and_start_by_message(tmp_path: Path) -> None:
    async with walking(tmp_path, [BRAM]) as walk:
        walk.telegram.chat(700001, "Bram")
        walk.telegram.reply(700001, "STOP")
        await holds(lambda: any("START" in one.text for one in on_telegram(walk)))
        dark = await walk.post(**alert("BU06370301"))
        assert dark["audience"]["dark"] == ["BU06370301"]
        await walk.post(**ended(dark))  # else it would come to Bram as soon as he is back
        walk.telegram.reply(700001, "start")
        await holds(lambda: len(on_telegram(walk)) == 2)
        posted = await walk.post(**alert("BU06370301"))
        await sent(walk, posted, 1)
        assert len(on_telegram(walk)) == 3


async def test_a_reaction_taken_back_makes_the_neighbourhood_dark_again(tmp_path: Path) -> None:
    async with walking(tmp_path, [CHRIS], matrix=True) as walk:
        people(walk)
        posted = await walk.post(**alert("BU06370301"))
        await sent(walk, posted, 1)

        async def forwarded() -> int:
            return int((await walk.state(posted))["coverage"]["forwarded"])

        walk.matrix.react("@chris:hub.test", "📣")
        await until(forwarded)
        walk.matrix.unreact("@chris:hub.test", "📣")

        async def none() -> bool:
            return await forwarded() == 0

        await until(none)


@pytest.mark.parametrize("late", [False, True], ids=["at-once", "late"])
async def test_what_whatsapp_refuses_in_free_form_comes_as_a_template(tmp_path: Path, late: bool) -> None:
    async with walking(tmp_path, [ANNA]) as walk:
        if late:
            walk.whatsapp.open_window("+31612340001")
            walk.whatsapp.courses["31612340001"] = Course(("sent", "failed"), code=131047)
        anna = Handle("+31612340001")
        opened = walk.hub.store.receipts.open_window("whatsapp", anna, CLOCK.now() + 3_600_000)
        await walk.hub.store.receipts.apply(opened, [])
        posted = await walk.post(**alert())
        if late:
            await holds(lambda: walk.whatsapp.messages)
            walk.whatsapp.courses.clear()

        async def tried_twice() -> bool:
            rows = await walk.deliveries(posted)
            return [(row["attempts"], row["state"]) for row in rows] == [(2, "read")]

        await until(tried_twice)
        assert on_whatsapp(walk)[-1].request["type"] == "template"
