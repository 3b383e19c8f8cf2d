"""A send tries once, says what happened and leaves nothing behind: on every channel, and on a real homeserver too."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hub.channel import (
    Accepted,
    Channel,
    Deferred,
    Hooks,
    Listens,
    Location,
    Part,
    Picture,
    Rejected,
    Uncertain,
)
from hub.domain import AckKind, Handle
from tests.contracts.channels import PATIENCE, Bench, Break, everywhere, on_every_emulator, outbound_to
from tests.relay.world import until

PIXEL = b"\x89PNG\r\n\x1a\n" + b"0" * 40
PICTURE = Picture(PIXEL, "image/png", hashlib.sha256(PIXEL).hexdigest())
SCENE = Location(52.0607, 4.4940, "Kerkstraat, Zoetermeer")
# Nobody's address anywhere; the directory takes none of them, so here they stand for a bug elsewhere.
NOBODY = [" ", "+", "@", "@:", "!", "#", "0", "-", "+31 6 1234", "\x00", "anna", "é", "../../etc", "x" * 5000]
# Seconds. A step of the loop that takes longer holds up everybody else's messages; a machine that is busy takes some of it.
SLOWEST_STEP = 0.5


def tasks_of_ours() -> set[asyncio.Task[object]]:
    """All but those of the server that answers us."""
    return {task for task in asyncio.all_tasks() if "RequestHandler" not in task.get_coro().__qualname__}  # type: ignore[union-attr]


@contextmanager
def nothing_left_behind() -> Iterator[None]:
    before = tasks_of_ours()
    yield
    assert tasks_of_ours() <= before


@on_every_emulator
def test_it_is_a_channel_that_can_be_heard(bench: Bench) -> None:
    channel: Channel = bench.channel
    assert isinstance(channel, Listens | Hooks)
    assert channel.account == "main" and channel.can.max_text > 0 and Part.MESSAGE not in channel.can.parts
    assert set(bench.receipts) <= channel.can.receipts


@everywhere
async def test_an_accepted_message_is_on_the_phone_once_and_the_next_one_costs_a_single_request(bench: Bench) -> None:
    with nothing_left_behind():
        first = await bench.channel.send(outbound_to(bench.handle, "Eerste alarm"))
        asked = bench.requests
        second = await bench.channel.send(outbound_to(bench.handle, "Tweede alarm"))
    assert bench.requests == asked + 1 and bench.messages == 2
    assert isinstance(first, Accepted) and isinstance(second, Accepted)
    assert first.provider_ref and second.provider_ref and first.provider_ref != second.provider_ref
    one, two = await bench.screen()
    assert "Eerste alarm" in one and "Tweede alarm" in two


@everywhere
async def test_many_at_once_are_each_one_request_and_each_get_a_name_of_their_own(bench: Bench) -> None:
    await bench.channel.send(outbound_to(bench.handle))
    asked = bench.requests
    outbounds = [outbound_to(bench.handle) for _ in range(20)]
    results = await asyncio.gather(*(bench.channel.send(outbound) for outbound in outbounds))
    assert len({result.provider_ref for result in results if isinstance(result, Accepted)}) == 20
    assert bench.requests == asked + 20 and len(await bench.screen()) == 21


@everywhere
async def test_what_is_said_beside_alerts_arrives_too(bench: Bench) -> None:
    await bench.channel.send(outbound_to(bench.handle))
    await bench.answer(AckKind.RECEIVED)  # so that on WhatsApp the window is open
    asked = bench.messages
    assert isinstance(await bench.channel.say(bench.handle, "U bent afgemeld."), Accepted)
    assert bench.messages == asked + 1 and (await bench.screen())[-1] == "U bent afgemeld."


@on_every_emulator
@pytest.mark.parametrize("late", [False, True], ids=["before it was taken", "after it was taken"])
async def test_a_send_that_is_cancelled_ends_at_once_keeps_no_connection_and_no_task_and_the_channel_works_on(
    bench: Bench, late: bool
) -> None:
    assert isinstance(await bench.channel.send(outbound_to(bench.handle)), Accepted)
    with nothing_left_behind():
        asked = bench.messages
        bench.fault(bench.breaks[Break.HANG_AFTER if late else Break.HANG])
        sending = asyncio.ensure_future(bench.channel.send(outbound_to(bench.handle)))
        await until(lambda: bench.messages > asked)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(PATIENCE):
                await sending
        # The session has one connection: were it still held, this would not get through.
        assert isinstance(await bench.channel.send(outbound_to(bench.handle)), Accepted)
        assert bench.messages == asked + 2


@on_every_emulator
async def test_a_first_send_cancelled_at_any_moment_leaves_a_channel_that_works(bench: Bench) -> None:
    for steps in range(0, 60, 3):
        channel = bench.again()
        sending = asyncio.ensure_future(channel.send(outbound_to(bench.handle)))
        for _ in range(steps):
            await asyncio.sleep(0)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert sending.cancelled() or isinstance(sending.result(), Accepted)
        assert isinstance(await channel.send(outbound_to(bench.handle)), Accepted)
        await channel.close()


@on_every_emulator
@pytest.mark.parametrize("handle", NOBODY, ids=ascii)
async def test_a_handle_that_is_nobodys_is_refused_and_breaks_nothing(bench: Bench, handle: str) -> None:
    for result in (
        await bench.channel.send(outbound_to(Handle(handle))),
        await bench.channel.say(Handle(handle), "U bent afgemeld."),
    ):
        assert isinstance(result, Rejected), result
    assert isinstance(await bench.channel.send(outbound_to(bench.handle)), Accepted)


@on_every_emulator
@pytest.mark.parametrize("part", [part for part in Part if part is not Part.POST])
async def test_what_a_channel_says_it_can_send_it_can_and_the_rest_it_refuses_without_a_request(
    bench: Bench, part: Part
) -> None:
    full: dict[str, Any] = {"picture": PICTURE, "location": SCENE, "window_open_until": 1 << 52}
    first = await bench.channel.send(outbound_to(bench.handle, **full))
    assert isinstance(first, Accepted)
    await bench.answer(AckKind.RECEIVED)  # so that on WhatsApp the window is open
    can = part is Part.MESSAGE or part in bench.channel.can.parts
    for reply_to in (first.provider_ref, None):
        asked = bench.requests
        result = await bench.channel.send(outbound_to(bench.handle, "Voorbij", part=part, reply_to=reply_to, **full))
        possible = can and (part is not Part.AMEND or reply_to is not None)
        assert isinstance(result, Accepted if possible else Rejected), result
        assert possible or bench.requests == asked
    if part is not Part.MESSAGE:
        asked = bench.requests
        assert isinstance(await bench.channel.send(outbound_to(bench.handle, part=part)), Rejected), "nothing to send"
        assert bench.requests == asked


@on_every_emulator
async def test_opening_needs_no_provider_and_closing_leaves_the_hubs_session_open(bench: Bench) -> None:
    other = bench.again()
    await other.open()
    assert bench.requests == 0
    await other.send(outbound_to(bench.handle))
    await other.close()
    await other.close()
    assert isinstance(await bench.channel.send(outbound_to(bench.handle)), Accepted)


@on_every_emulator
async def test_no_step_holds_up_the_loop(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = SLOWEST_STEP
    with caplog.at_level(logging.WARNING, "asyncio"):
        for _ in range(20):
            text = "Inbraak " * 500
            result = await bench.channel.send(outbound_to(bench.handle, text, picture=PICTURE))
            assert isinstance(result, Accepted | Deferred | Uncertain)
    loop.set_debug(False)
    assert not [record.getMessage() for record in caplog.records if record.name == "asyncio"]
