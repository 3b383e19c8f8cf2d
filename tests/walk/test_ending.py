"""How an alert ends for those who got it: by the police, or by itself when its time is up; and who hears of it."""

from __future__ import annotations

from pathlib import Path

from hub.channel import Rejected, Uncertain
from hub.clock import to_datetime
from hub.domain import AckKind, AlertState, DeliveryState
from hub.settings import Account
from tests.relay.channel import After
from tests.walk.street import DISTRICT, EAST, WEST, Street, admin, story, street
from tests.walk.world import alert

ANNA = admin("Anna", WEST, ("telegram", "1"))
BRIEF = {"default_duration": 300.0}  # how long an end itself is valid, so that nobody need wait two hours for it
CHRIS = admin("Chris", EAST, ("telegram", "3"))


async def referred(here: Street, number: str) -> str:
    view = await here.view(number)
    return f"{view.sender},{view.identifier},{view.content['sent']}"


async def short(here: Street, seconds: float, code: str = WEST, value_name: str = "CBS-BU", **more: object) -> str:
    told = alert(code, value_name)
    told["info"][0]["expires"] = to_datetime(here.clock.now() + round(seconds * 1000)).isoformat(timespec="seconds")
    return await here.send(**{**told, **more})


async def all_clear(here: Street, number: str) -> str:
    told = alert(WEST)
    told["info"][0]["responseType"] = ["AllClear"]
    return await here.send(msgType="Update", references=await referred(here, number), **told)


def test_an_alert_that_nobody_ended_ends_by_itself_for_those_who_got_it(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA + CHRIS, relay=BRIEF) as here:
            number = await short(here, 600)
            await here.wait(2)
            await here.answer("1", AckKind.FORWARDED)  # so that nobody next door is asked
            await here.wait(588)
            assert len(here.got("1")) == 1
            await here.wait(20)
            assert len(here.got("1")) == 2 and "is verlopen" in here.got("1")[1] and number in here.got("1")[1]
            assert "Ziet u toch iets verdachts? Bel 112." in here.got("1")[1]
            assert not here.got("3"), "nobody hears of an end whose alert they never got"
            view = await here.view(number)
            assert view.state(here.clock.now()) is AlertState.EXPIRED
            await here.wait(400)
            assert len(here.got("1")) == 2, "an end runs out in silence"

    story(tell)


def test_what_the_police_ended_or_updated_does_not_run_out_as_well(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA, relay=BRIEF) as here:
            number = await short(here, 600)
            await here.wait(10)
            update = await short(here, 900, msgType="Update", references=await referred(here, number))
            await here.wait(620)
            assert len(here.got("1")) == 2, "the first was replaced"
            await all_clear(here, update)
            await here.wait(400)
            assert len(here.got("1")) == 3 and "verlopen" not in here.got("1")[2]

    story(tell)


def test_an_exercise_runs_out_as_an_exercise(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA) as here:
            await short(here, 600, status="Exercise")
            await here.wait(620)
            (_, end) = here.got("1")
            assert end.startswith("OEFENING") and "112" not in end.replace("bel hiervoor niet 112", "")

    story(tell)


def test_it_is_told_once_over_a_restart_and_not_half_a_day_late(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA) as here:
            number = await short(here, 600)
            await short(here, 300)
            await here.wait(320)
            assert len(here.got("1")) == 3
        async with street(tmp_path, [], new=False, clock=here.clock) as here:
            await here.wait(300)
            assert len(here.got("1", number)) == 1, "what ran out while the hub was away is told as it comes back"
            old = await short(here, 600)
        await here.clock.sleep(13 * 3600)
        async with street(tmp_path, [], new=False, clock=here.clock) as here:
            await here.wait(60)
            assert not here.got("1", old), "nobody knows any more what it would be about"

    story(tell)


def test_who_may_have_got_it_hears_of_the_end_and_who_surely_did_not_does_not(tmp_path: Path) -> None:
    async def tell() -> None:
        rows = ANNA + CHRIS + admin("Dirk", WEST, ("telegram", "4"), group="Andere groep")
        async with street(tmp_path, rows) as here:
            here.telegram.script("1", [Uncertain("timed out")])
            here.telegram.script("4", [Rejected("blocked", address_dead=True)])
            number = await here.post(WEST)
            await here.wait(0.4)  # Anna's is to be tried again: nobody knows whether it came
            await all_clear(here, number)
            await here.wait(5)
            assert len(here.got("1")) == 2 and "EINDE" in here.got("1")[1], (
                "one try, then its end, and no other try between"
            )
            assert len(here.got("4")) == 1 and not here.got("3")

    story(tell)


def test_no_end_comes_before_its_alert_though_both_wait_for_the_limit(tmp_path: Path) -> None:
    async def tell() -> None:
        rows = [row for n in range(6) for row in admin(f"A{n}", WEST, ("telegram", str(10 + n)), group=f"G{n}")]
        async with street(tmp_path, rows, telegram=Account(rate=0.5, burst=1, concurrency=4)) as here:
            number = await here.post(WEST)
            await here.wait(5)
            await all_clear(here, number)
            await here.wait(60)
            for n in range(6):
                texts = here.got(str(10 + n))
                assert len(texts) in (0, 2), "the alert and its end, or neither"
                assert not texts or ("EINDE" not in texts[0] and "EINDE" in texts[1])
            states = {one.state for one in await here.hub.store.outbox.deliveries(number)}
            assert states == {DeliveryState.SENT, DeliveryState.CANCELLED}, (
                "nothing pending of the old one went any more"
            )

    story(tell)


def test_an_admin_who_leaves_between_the_alert_and_its_end_is_not_written_to(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA + CHRIS) as here:
            number = await here.post(*DISTRICT)
            await here.wait(2)
            (anna,) = [one for one in await here.hub.store.directory.admins() if one.name == "Anna"]
            assert await here.hub.store.directory.delete_admin(anna.id)
            await all_clear(here, number)
            await here.wait(5)
            assert (len(here.got("1")), len(here.got("3"))) == (1, 2)

    story(tell)


def test_of_two_alerts_in_one_street_each_end_is_about_its_own(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA) as here:
            first, second = await here.post(WEST), await here.post(WEST)
            await here.wait(2)
            await all_clear(here, first)
            await here.wait(2)
            assert len(here.got("1", first)) == 2 and len(here.got("1", second)) == 1
            await here.answer("1", AckKind.FORWARDED)  # the end
            assert (await here.view(second)).forwarded == 0
            assert (await here.view(second)).state(here.clock.now()) is AlertState.RELAYED

    story(tell)


def test_an_end_does_not_reach_on_another_channel_who_surely_never_got_the_alert(tmp_path: Path) -> None:
    """Found by the random histories: the address died while the end waited for the first message, and the next one got it."""

    async def tell() -> None:
        async with street(tmp_path, admin("Chris", EAST, ("telegram", "3"), ("whatsapp", "+31600000003"))) as here:
            here.telegram.script("3", [After(2.0, Rejected("blocked", address_dead=True))])
            number = await here.post(EAST)
            await here.wait(0.5)
            await all_clear(here, number)
            await here.wait(20)
            assert len(here.got("3")) == 1 and not here.got("+31600000003")

    story(tell)
