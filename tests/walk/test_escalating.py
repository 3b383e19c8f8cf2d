"""Where nobody forwards: conversations in which somebody is silent, cannot, cannot be reached, or answers after all."""

from __future__ import annotations

from pathlib import Path

from hub.channel import AnswerWithdrawn, Deferred, Rejected, ReplySeen, Uncertain
from hub.domain import AckKind, DeliveryState, Handle
from hub.settings import Account
from tests.relay.channel import accepted
from tests.walk.street import DISTRICT, EAST, WEST, admin, story, street

ANNAS, CHRISES = "+31600000001", "+31600000003"
ANNA = admin("Anna", WEST, ("telegram", "1"), ("whatsapp", ANNAS))
BRAM = admin("Bram", WEST, ("telegram", "2"))
CHRIS = admin("Chris", EAST, ("telegram", "3"))
# Chris runs the group next door, and nobody is registered where Anna and Bram live.
NEXT_DOOR = admin("Chris", EAST, ("telegram", "3"))


def test_silence_goes_to_the_next_channel_the_second_admin_next_door_and_the_control_room(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA + BRAM + CHRIS, begin="one") as here:
            number = await here.post(WEST)
            await here.wait(1)
            assert len(here.got("1")) == 1, "Anna gets it at once"
            assert not here.got(ANNAS) and not here.got("2") and not here.got("3")
            await here.wait(57)
            assert not here.got(ANNAS), "she has a minute"
            await here.wait(4)
            assert len(here.got(ANNAS)) == 1, "then it comes on her other messenger"
            assert not here.got("2")
            await here.wait(30)
            assert len(here.got("2")) == 1, "after a minute and a half the second admin of her group gets it"
            assert not here.got("3")
            await here.wait(92)
            assert len(here.got("3")) == 1, "after three minutes the group next door is asked"
            assert await here.dark(number) == []
            await here.wait(60)
            assert await here.dark(number) == [WEST], "and after four the control room knows"
            assert [one.data["tell"] for one in await here.events(number, "escalation", "dark")] == [
                "next-channel",
                "next-admin",
                "adjacent",
                "control-room",
            ]
            await here.wait(600)
            assert [len(here.got(who)) for who in ("1", ANNAS, "2", "3")] == [1, 1, 1, 1], "nobody is nagged on"

    story(tell)


def test_an_answer_ends_the_nagging_in_that_neighbourhood_only(tmp_path: Path) -> None:
    async def tell() -> None:
        chris = admin("Chris", EAST, ("telegram", "3"), ("whatsapp", CHRISES))
        async with street(tmp_path, ANNA + BRAM + chris, begin="one") as here:
            number = await here.post(*DISTRICT)
            await here.wait(30)
            await here.answer("1", AckKind.FORWARDED)
            await here.wait(70)
            assert not here.got(ANNAS) and not here.got("2"), "Anna's neighbourhood is covered"
            assert len(here.got(CHRISES)) == 1, "Chris's is not"
            await here.answer("3", AckKind.FORWARDED)
            await here.wait(600)
            assert await here.dark(number) == [] and not here.got("2")
            assert (await here.view(number)).covered_at is not None

    story(tell)


def test_cannot_passes_to_the_next_at_once(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA + BRAM, begin="one") as here:
            await here.post(WEST)
            await here.wait(5)
            await here.answer("1", AckKind.CANNOT)
            await here.wait(3)
            assert len(here.got("2")) == 1, "Bram is asked although a minute and a half is not over"
            await here.wait(120)
            assert not here.got(ANNAS), "and Anna is left alone"

    story(tell)


def test_received_gives_time_and_is_not_nagged_but_somebody_else_is_asked_in_the_end(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA + BRAM, begin="one") as here:
            await here.post(WEST)
            await here.wait(80)
            assert len(here.got(ANNAS)) == 1
            await here.answer(ANNAS, AckKind.RECEIVED)
            await here.wait(50)
            assert not here.got("2"), "somebody is on it"
            await here.wait(12)
            assert len(here.got("2")) == 1, "but not for ever"

    story(tell)


def test_waiting_for_our_own_limit_is_nobodys_silence(tmp_path: Path) -> None:
    async def tell() -> None:
        slow = Account(rate=0.01, burst=1)  # one message in a hundred seconds
        rows = admin("Anna", WEST, ("telegram", "1")) + admin("Chris", EAST, ("telegram", "3"), ("whatsapp", CHRISES))
        async with street(tmp_path, rows, telegram=slow) as here:
            number = await here.post(*DISTRICT)
            await here.wait(95)
            told = [who for who in ("1", "3") if here.got(who)]
            assert len(told) == 1
            waiting = ({"1": WEST, "3": EAST}[who] for who in ("1", "3") if who not in told)
            (waits,) = waiting
            view = await here.view(number)
            assert {one.code: one.rung for one in view.matched}[waits] == 0, "no step was taken for who waits"
            assert not here.got(CHRISES) or "3" in told

    story(tell)


def test_a_dead_address_or_a_messenger_that_is_down_is_not_waited_for(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA + BRAM + CHRIS, begin="one") as here:
            here.telegram.script("1", [Rejected("blocked", address_dead=True)])
            here.whatsapp.script(ANNAS, [Rejected("unknown", address_dead=True)])
            number = await here.post(WEST)
            await here.wait(4)
            assert len(here.got("2")) == 1, "neither of Anna's addresses works, so Bram is asked"
            assert await here.dark(number) == []

    story(tell)


def test_a_send_of_which_nobody_knows_goes_to_the_next_channel_at_once(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA) as here:
            here.telegram.script("1", [Uncertain("timed out")] * 9)
            await here.post(WEST)
            await here.wait(4)
            assert len(here.got(ANNAS)) == 1

    story(tell)


def test_an_account_that_is_down_for_people_without_another_way_asks_the_second_admin_at_once(tmp_path: Path) -> None:
    async def tell() -> None:
        rows = admin("Bram", WEST, ("telegram", "2")) + admin("Anna", WEST, ("whatsapp", ANNAS))
        async with street(tmp_path, rows, begin="one") as here:
            here.telegram.otherwise = lambda _: Deferred("token refused", whole_account=True)
            await here.post(WEST)
            await here.wait(4)
            assert len(here.got(ANNAS)) == 1

    story(tell)


def test_a_neighbourhood_without_anybody_is_told_dark_at_once_and_the_one_next_door_is_asked(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, NEXT_DOOR) as here:
            number = await here.post(WEST)
            await here.wait(4)
            assert await here.dark(number) == [WEST]
            (text,) = here.got("3")
            assert "uw buurt naast het gebied" in text, "and told why"
            view = await here.view(number)
            assert [one.code for one in view.matched] == [WEST], "the area stays what the police said"
            assert EAST in [one.code for one in view.adjacent]
            await here.answer("3", AckKind.FORWARDED)
            assert (await here.view(number)).covered_at is None, "forwarding next door covers nothing here"

    story(tell)


def test_an_exercise_never_leaves_its_area(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, NEXT_DOOR) as here:
            number = await here.post(WEST, status="Exercise")
            await here.wait(300)
            assert not here.got("3")
            assert await here.dark(number) == [WEST], "but who was dark is part of what is practised"

    story(tell)


def test_one_message_and_one_answer_for_who_runs_several_neighbourhoods(tmp_path: Path) -> None:
    async def tell() -> None:
        both = admin("Anna", f"{WEST}|{EAST}", ("telegram", "1"), ("whatsapp", ANNAS), group="Seghwaert")
        async with street(tmp_path, both) as here:
            number = await here.post(*DISTRICT)
            await here.wait(70)
            assert (len(here.got("1")), len(here.got(ANNAS))) == (1, 1)
            await here.answer(ANNAS, AckKind.FORWARDED)
            assert (await here.view(number)).forwarded == 2

    story(tell)


# the nasty twins ----------------------------------------------------------------------------------------------------------------


def test_an_answer_that_arrives_while_the_next_is_being_asked_stops_it(tmp_path: Path) -> None:
    async def tell() -> None:
        slow = Account(rate=0.05, burst=1)  # one message in twenty seconds, so that Bram's waits
        rows = ANNA + BRAM + admin("Dirk", WEST, ("telegram", "4"), group="Andere groep")
        async with street(tmp_path, rows, begin="one", telegram=slow) as here:
            number = await here.post(WEST)
            await here.wait(25)
            await here.answer("1", AckKind.CANNOT)  # Bram's delivery is made, and waits behind the limit
            await here.wait(3)
            await here.answer("4", AckKind.FORWARDED)
            await here.wait(120)
            assert not here.got("2")
            states = [one.state for one in await here.hub.store.outbox.deliveries(number) if one.admin_name == "Bram"]
            assert states == [DeliveryState.CANCELLED]

    story(tell)


def test_a_cancel_while_it_escalates_ends_it(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA + BRAM + CHRIS, begin="one") as here:
            number = await here.post(WEST)
            await here.wait(89)
            view = await here.view(number)
            name = f"{view.sender},{view.identifier},{view.content['sent']}"
            await here.send(msgType="Cancel", references=name)
            await here.wait(600)
            assert not here.got("2") and not here.got("3") and await here.dark(number) == []
            assert len(here.got(ANNAS)) == 2, "the alert on her second messenger, and its end there"
            assert len(here.got("1")) == 1, "one message a person: the end answers the newest"

    story(tell)


def test_a_restart_in_the_middle_of_the_steps_goes_on_where_it_was(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA + BRAM, begin="one") as here:
            number = await here.post(WEST)
            await here.wait(70)
            assert len(here.got(ANNAS)) == 1
            meanings = here.meanings
        async with street(tmp_path, [], begin="one", new=False, meanings=meanings) as here:
            await here.wait(25)
            assert len(here.got("2")) == 1 and not here.got(ANNAS) and not here.got("1")
            await here.answer("2", AckKind.FORWARDED)
            await here.wait(300)
            assert await here.dark(number) == []

    story(tell)


def test_two_alerts_in_one_street_escalate_side_by_side(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA + BRAM, begin="one") as here:
            first = await here.post(WEST)
            await here.wait(30)
            second = await here.post(WEST)
            await here.wait(5)
            await here.answer("1", AckKind.FORWARDED)  # the second one
            await here.wait(70)
            assert len(here.got(ANNAS, first)) == 1 and not here.got(ANNAS, second)
            assert len(here.got("2", first)) == 1 and not here.got("2", second)

    story(tell)


def test_an_answer_taken_back_lets_the_steps_go_on(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA + BRAM, begin="one") as here:
            number = await here.post(WEST)
            await here.wait(5)
            ref = f"ref-{here.telegram.asked[0][2].delivery_id}-1"
            reaction = ReplySeen(Handle("1"), "📣", here.clock.now(), ref, "reaction", "answer-1")
            await here.hears(here.telegram, reaction)
            assert (await here.view(number)).forwarded == 1
            await here.hears(here.telegram, AnswerWithdrawn(Handle("1"), "answer-1", here.clock.now()))
            assert (await here.view(number)).forwarded == 0
            await here.wait(95)
            assert len(here.got("2")) == 1

    story(tell)


def test_everyone_at_once_leaves_nobody_for_the_second_admins_step(tmp_path: Path) -> None:
    async def tell() -> None:
        async with street(tmp_path, ANNA + BRAM) as here:
            here.telegram.otherwise = accepted
            await here.post(WEST)
            await here.wait(2)
            assert len(here.got("1")) == len(here.got("2")) == 1
            await here.wait(100)
            assert (len(here.got("1")), len(here.got(ANNAS)), len(here.got("2"))) == (1, 1, 1)

    story(tell)
