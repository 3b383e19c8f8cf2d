"""Whole alerts, from the police's POST to "forwarded in the group", over messengers spoken as the providers speak them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from adapters.telegram.emulator import faults as telegram_faults
from adapters.whatsapp.emulator import faults as whatsapp_faults
from tests.walk.world import Walk, alert, until, walking

ANNA = "Seghwaert West,whatsapp,180,BU06370300,Anna de Vries,nl,whatsapp,+31612340001,1"
BRAM = "Seghwaert Oost,whatsapp,210,BU06370301,Bram Jansen,nl,telegram,700001,1"
BRAM_TOO = "Seghwaert Oost,whatsapp,210,BU06370301,Bram Jansen,nl,whatsapp,+31612340002,2"
CHANTAL = "Meerzicht,telegram,95,WK063701,Chantal Bakker,en,telegram,700002,1"


def whatsapp_texts(walk: Walk, number: str) -> list[str]:
    return [bubble.content.text for bubble in walk.whatsapp.chat(number) if not bubble.mine]


def telegram_texts(walk: Walk, chat: int) -> list[str]:
    return [message.text for message in walk.telegram.messages(chat) if message.from_bot]


async def test_an_alert_reaches_the_admins_of_its_area_only_and_their_answers_cover_it(tmp_path: Path) -> None:
    async with walking(tmp_path, [ANNA, BRAM, BRAM_TOO, CHANTAL]) as walk:
        posted = await walk.post(**alert("WK063703", "CBS-WK"))

        async def both_read() -> bool:
            return bool(telegram_texts(walk, 700001)) and (await walk.state(posted))["deliveries"]["read"] == 1

        await until(both_read)
        assert posted["id"] in whatsapp_texts(walk, "+31612340001")[0]
        assert posted["id"] in telegram_texts(walk, 700001)[0]
        assert not whatsapp_texts(walk, "+31612340002"), "one message per admin"
        assert not telegram_texts(walk, 700002), "nobody outside the area"
        assert walk.whatsapp.tap("+31612340001", "Doorgestuurd")
        walk.telegram.reply(700001, "d")

        async def covered() -> dict[str, Any] | None:
            state = await walk.state(posted)
            return state if state["timeline"]["coveredAt"] else None

        state = await until(covered)
        assert state["coverage"] == {"matched": 2, "forwarded": 2, "dark": []}
        assert state["state"] == "relayed"
        kinds = {row["channel"]: row["acknowledgement"] for row in await walk.deliveries(posted)}
        assert kinds["whatsapp"]["kind"] == kinds["telegram"]["kind"] == "forwarded"
        assert kinds["whatsapp"]["via"] == "button"
        assert kinds["telegram"]["via"] == "reply"


async def test_an_answer_on_whatsapp_opens_the_window_and_the_next_alert_comes_free_form(tmp_path: Path) -> None:
    async with walking(tmp_path, [ANNA]) as walk:
        first = await walk.post(**alert())
        await until(lambda: _has(walk, 1))
        assert walk.whatsapp.chat("+31612340001")[0].request["type"] == "template"
        walk.whatsapp.tap("+31612340001", "Ontvangen")

        async def understood() -> bool:
            return bool((await walk.deliveries(first))[0]["acknowledgement"])

        await until(understood)
        second = await walk.post(**alert())
        await until(lambda: _has(walk, 2))
        bubbles = [bubble for bubble in walk.whatsapp.chat("+31612340001") if not bubble.mine]
        assert bubbles[-1].request["type"] == "interactive"
        assert second["id"] in bubbles[-1].content.text


async def _has(walk: Walk, count: int) -> bool:
    return len(whatsapp_texts(walk, "+31612340001")) == count


async def test_a_blocked_telegram_turns_to_the_admins_whatsapp_at_once(tmp_path: Path) -> None:
    async with walking(tmp_path, [BRAM, BRAM_TOO]) as walk:
        walk.telegram.fault(700001, telegram_faults.BLOCKED, times=9)
        posted = await walk.post(**alert("BU06370301"))
        await until(lambda: _texts(walk, "+31612340002"), seconds=5)
        rows = sorted(await walk.deliveries(posted), key=lambda row: row["step"])
        assert [(row["channel"], row["step"]) for row in rows] == [("telegram", 0), ("whatsapp", 1)]
        assert rows[0]["state"] == "failed"
        again = await walk.post(**alert("BU06370301"))
        await until(lambda: _count(walk, "+31612340002", 2))
        assert [row["channel"] for row in await walk.deliveries(again)] == ["whatsapp"], (
            "a dead address is not tried again"
        )


async def _texts(walk: Walk, number: str) -> list[str]:
    return whatsapp_texts(walk, number)


async def _count(walk: Walk, number: str, count: int) -> bool:
    return len(whatsapp_texts(walk, number)) == count


async def test_a_message_that_arrived_although_the_connection_broke_is_not_sent_twice_where_receipts_tell(
    tmp_path: Path,
) -> None:
    async with walking(tmp_path, [ANNA]) as walk:
        walk.whatsapp.fault("+31612340001", whatsapp_faults.DROP_ACCEPTED)
        posted = await walk.post(**alert())

        async def read() -> bool:
            return bool((await walk.state(posted))["deliveries"]["read"] == 1)

        await until(read)
        assert len(whatsapp_texts(walk, "+31612340001")) == 1
        assert (await walk.deliveries(posted))[0]["possibleDuplicates"] == 1, "it is counted, for we did not know"


async def test_a_cancel_stops_what_is_not_yet_sent(tmp_path: Path) -> None:
    rows = [f"G{i},whatsapp,50,BU06370300,Admin {i},nl,telegram,{800000 + i},1" for i in range(40)]
    async with walking(tmp_path, rows, telegram={"rate": 5, "burst": 1}) as walk:
        first = alert(identifier="first", sent="2026-11-22T20:00:00+01:00", sender="oc")
        first["info"][0]["expires"] = "2099-01-01T00:00:00+01:00"
        posted = await walk.post(**first)
        await until(lambda: _reached(walk, rows, 2))
        cancel: dict[str, Any] = {
            "msgType": "Cancel",
            "references": "oc,first,2026-11-22T20:00:00+01:00",
            "sender": "oc",
            "identifier": "second",
        }
        await walk.post(**cancel)
        state = await walk.state(posted)
        assert state["state"] == "cancelled"

        async def at_rest() -> dict[str, Any] | None:
            counts = (await walk.state(posted))["deliveries"]
            return counts if counts["pending"] == counts["sending"] == 0 else None

        counts = await until(at_rest)
        assert counts["cancelled"] >= 30
        assert counts["cancelled"] + counts["sent"] == 40
        assert sum(bool(telegram_texts(walk, 800000 + i)) for i in range(40)) == counts["sent"]


async def _reached(walk: Walk, rows: list[str], count: int) -> bool:
    return sum(bool(telegram_texts(walk, 800000 + i)) for i in range(len(rows))) >= count


async def test_an_exercise_says_so_in_its_first_line_and_has_nothing_to_forward(tmp_path: Path) -> None:
    async with walking(tmp_path, [ANNA, BRAM]) as walk:
        await walk.post(**alert("WK063703", "CBS-WK"), status="Exercise")
        await until(lambda: _both(walk))
        for text in (whatsapp_texts(walk, "+31612340001")[0], telegram_texts(walk, 700001)[0]):
            assert text.splitlines()[0].startswith("OEFENING")
            assert "Stuur dit door" not in text


async def _both(walk: Walk) -> bool:
    return bool(whatsapp_texts(walk, "+31612340001") and telegram_texts(walk, 700001))


async def test_stop_signs_off_everywhere(tmp_path: Path) -> None:
    async with walking(tmp_path, [BRAM, BRAM_TOO]) as walk:
        await walk.post(**alert("BU06370301"))
        await until(lambda: _reached_bram(walk))
        walk.telegram.reply(700001, "STOP")

        async def nobody_left() -> bool:
            return not (await _simulated(walk))["audience"]["admins"]

        await until(nobody_left)
        after = await walk.post(**alert("BU06370301"))
        assert after["audience"]["dark"] == ["BU06370301"]


async def _reached_bram(walk: Walk) -> bool:
    return bool(telegram_texts(walk, 700001))


async def _simulated(walk: Walk) -> dict[str, Any]:
    async with walk.session.post(f"{walk.url}/api/v1/alerts/_simulate", json=alert("BU06370301")) as answer:
        body: dict[str, Any] = await answer.json()
        return body


async def test_telegram_by_webhook_with_its_secret_works_as_well(tmp_path: Path) -> None:
    settings = {"updates": "webhook", "webhook_secret": "walk_secret"}
    async with walking(tmp_path, [BRAM], telegram=settings) as walk:
        posted = await walk.post(**alert("BU06370301"))
        await until(lambda: _reached_bram(walk))
        assert walk.telegram.tap(700001, "Doorgestuurd")

        async def forwarded() -> bool:
            return bool((await walk.state(posted))["coverage"]["forwarded"] == 1)

        await until(forwarded)
