"""Whatever a provider answers, or does not answer: one send is one request, one result of the contract, and the next one works."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.channel import (
    Accepted,
    Admits,
    ChannelDown,
    Confirms,
    Deferred,
    Linkable,
    Listens,
    Rejected,
    Result,
    Uncertain,
)
from hub.domain import AckKind
from tests.contracts.channels import IMPATIENT, Bench, Break, everywhere, on_every_emulator, outbound_to

NOT_WHAT_WAS_ASKED = ("<html>no</html>", "{}")
REDIRECTS = (301, 302, 303, 307, 308)


def sane(status: int, result: Result) -> bool:
    """What holds for any status, whoever wrote the answer."""
    if status >= 500:
        return isinstance(result, Deferred | Uncertain) and not getattr(result, "whole_account", False)
    if status == 429:
        return isinstance(result, Deferred) and not result.whole_account
    if status == 401:
        return isinstance(result, Deferred) and result.whole_account
    return isinstance(result, Deferred | Rejected)


def sane_of_a_page(status: int, result: Result) -> bool:
    """A proxy or a firewall knows nothing of our recipients: it must not cost anybody their address."""
    blames = isinstance(result, Rejected) and (result.address_dead or result.strike)
    ours = status not in (401, 403, 407) or (isinstance(result, Deferred) and result.whole_account)
    return sane(status, result) and not blames and ours


@on_every_emulator
async def test_every_status_as_a_page_or_in_the_providers_own_words_has_a_sane_result_and_costs_one_request(
    bench: Bench,
) -> None:
    assert isinstance(await bench.channel.send(outbound_to(bench.handle)), Accepted)
    asked, shown = bench.messages, len(await bench.screen())
    for status in range(400, 600):
        for fault, judge in ((bench.page(status), sane_of_a_page), (bench.refusal(status), sane)):
            bench.fault(fault)
            result = await bench.channel.send(outbound_to(bench.handle))
            assert judge(status, result), (status, fault, result)
            asked += 1
            assert bench.messages == asked, (status, fault)
    assert len(await bench.screen()) == shown
    assert isinstance(await bench.channel.send(outbound_to(bench.handle)), Accepted)


@on_every_emulator
@pytest.mark.parametrize("warm", [False, True], ids=["first request", "kept connection"])
@pytest.mark.parametrize("broken", list(Break))
async def test_a_connection_that_breaks_under_a_message_is_uncertain_and_costs_one_request(
    bench: Bench, broken: Break, warm: bool
) -> None:
    channel = bench.again(timeout=IMPATIENT) if broken.takes_patience else bench.channel
    if warm:
        assert isinstance(await channel.send(outbound_to(bench.handle)), Accepted)
    before, shown = bench.messages, len(await bench.screen())
    bench.fault(bench.breaks[broken])
    result = await channel.send(outbound_to(bench.handle))
    assert isinstance(result, Uncertain)
    assert bench.messages == before + 1
    assert len(await bench.screen()) - shown == broken.arrives
    assert isinstance(await channel.send(outbound_to(bench.handle)), Accepted)
    await channel.close()


@on_every_emulator
async def test_too_many_requests_with_a_time_is_that_wait_and_without_one_the_hubs_own(bench: Bench) -> None:
    for seconds in (1, 7, 3600, None):
        bench.fault(bench.limited(seconds))
        result = await bench.channel.send(outbound_to(bench.handle))
        assert isinstance(result, Deferred) and not result.whole_account
        if seconds is None:
            assert result.retry_after is None
        else:
            # Telegram counts whole seconds, so one more is waited there.
            assert result.retry_after is not None and seconds <= result.retry_after <= seconds + 1
    assert isinstance(await bench.channel.send(outbound_to(bench.handle)), Accepted)


@on_every_emulator
async def test_a_redirect_is_not_followed(bench: Bench) -> None:
    assert isinstance(await bench.channel.send(outbound_to(bench.handle)), Accepted)
    before = bench.requests
    for status in REDIRECTS:
        bench.fault(bench.page(status))
        result = await bench.channel.send(outbound_to(bench.handle))
        assert isinstance(result, Deferred) and result.whole_account, status
    assert bench.requests == before + len(REDIRECTS)


@on_every_emulator
@pytest.mark.parametrize("base", ["http://127.0.0.1:1", "https://127.0.0.1:1", "http://no.such.host.invalid"])
async def test_without_a_connection_nothing_was_sent_and_it_may_be_tried_again(bench: Bench, base: str) -> None:
    names = {"matrix": "homeserver", "bridge": "homeserver"}
    channel = bench.again(**{names.get(bench.name, "api_base"): base})
    await channel.open()
    result = await channel.send(outbound_to(bench.handle))
    assert isinstance(result, Deferred) and result.retry_after is None and not result.whole_account
    await channel.close()
    assert bench.requests == 0


@everywhere
async def test_after_an_uncertain_send_the_same_delivery_again_is_one_event_where_the_channel_says_so_else_two(
    bench: Bench,
) -> None:
    assert isinstance(await bench.channel.send(outbound_to(bench.handle)), Accepted)
    shown = len(await bench.screen())
    outbound = outbound_to(bench.handle)
    bench.fault(bench.breaks[Break.DROP_AFTER])
    assert isinstance(await bench.channel.send(outbound), Uncertain)
    first = await bench.channel.send(replace(outbound, attempt=2))
    assert isinstance(first, Accepted)
    assert len(await bench.screen()) - shown == (1 if bench.channel.can.idempotent else 2)
    # A process that was killed and started anew does not know that it sent this.
    again = await bench.again().send(replace(outbound, attempt=3))
    assert isinstance(again, Accepted) and (again == first) is bench.channel.can.idempotent


@on_every_emulator
async def test_doctor_tells_that_something_is_wrong_and_never_raises_whatever_the_provider_answers(
    bench: Bench,
) -> None:
    assert isinstance(await bench.channel.send(outbound_to(bench.handle)), Accepted)
    for status in (0, *range(200, 600)):
        for body in NOT_WHAT_WAS_ASKED:
            bench.gate.shut(status, body)
            channel = bench.again()
            findings = await channel.examine()
            assert [finding for finding in findings if not finding.works], (status, body)
            await channel.close()
    bench.gate.open()
    assert any(finding.works for finding in await bench.channel.examine())


@on_every_emulator
async def test_what_is_asked_beside_sending_never_raises_either(bench: Bench) -> None:
    for status in (0, 200, 302, 400, 401, 403, 404, 429, 500, 503):
        for body in NOT_WHAT_WAS_ASKED:
            bench.gate.shut(status, body)
            channel = bench.again()
            await channel.open()
            if isinstance(channel, Linkable):
                await channel.link("token")
            if isinstance(channel, Confirms):
                await channel.confirm("token", "Genoteerd")
            if isinstance(channel, Admits):
                await channel.admit("!room:hub.test", True)
                await channel.admit("!room:hub.test", False)
            assert not isinstance(await channel.say(bench.handle, "U bent afgemeld."), Accepted)
            await channel.close()


@pytest.mark.parametrize("made", ["telegram", "matrix"], indirect=True)
async def test_whoever_listens_hears_of_every_fault_after_one_request_and_goes_on_when_it_is_over(bench: Bench) -> None:
    channel = bench.channel
    assert isinstance(channel, Listens)
    await bench.send(outbound_to(bench.handle))
    await bench.listen()
    for status in (0, *range(200, 600)):
        for body in NOT_WHAT_WAS_ASKED:
            bench.gate.shut(status, body)
            asked = bench.gate.requests
            with pytest.raises(ChannelDown):
                await anext(channel.updates(""))
            assert bench.gate.requests == asked + 1, (status, body)
    bench.gate.open()
    assert await bench.answer(AckKind.RECEIVED)
