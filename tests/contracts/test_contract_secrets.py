"""No token, handle, phone number or text of an alert shows in a result, event, finding, exception, log record or metric."""

from __future__ import annotations

import dataclasses
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from hub import channel as contract
from hub.channel import (
    Accepted,
    Batch,
    ChannelDown,
    HookRefused,
    Hooks,
    Linkable,
    Listens,
    Location,
    Outbound,
    Part,
    Picture,
    RawUpdate,
    Unreadable,
    Wording,
)
from hub.clock import SystemClock
from hub.domain import AckKind, Address, Admin, Handle, ReceiptKind
from hub.log import configure
from hub.service import Sender, build_hub, running
from hub.settings import Account, Database, Log, Settings
from hub.store.database import open_store
from hub.web.app import create_app
from tests.contracts.channels import IMPATIENT, SECRET_WORDS, TEXT, Bench, on_every_emulator, outbound_to
from tests.contracts.on_matrix import on_bridge, on_matrix
from tests.contracts.on_telegram import on_telegram
from tests.contracts.on_whatsapp import on_whatsapp
from tests.furnished import put_schema
from tests.relay.world import accept
from tests.store.world import people
from tests.walk.world import until

NEVER_PRINTED = "THIS-IS-NEVER-PRINTED"
FREE = {"window_open_until": 1 << 52}


class Seen:
    """All that could be read by whoever runs the hub."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog
        self._shown: list[str] = []
        self._logs: Sequence[Any] = ()

    @contextmanager
    def as_in_production(self, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
        """As run.py sets logging up, at its most talkative."""
        configure(Log(level="debug"))
        yield
        self.note(*capsys.readouterr())

    @contextmanager
    def at_debug(self) -> Iterator[None]:
        """Every logger tells all, but those an adapter has shut itself."""
        with self._caplog.at_level(logging.DEBUG), capture_logs() as self._logs:
            yield

    def note(self, *things: object) -> None:
        for thing in things:
            told = traceback.format_exception(thing) if isinstance(thing, BaseException) else [str(thing)]
            self._shown += [repr(thing), *told]

    def secrets_in(self, secrets: Sequence[str]) -> set[str]:
        records = [f"{one.getMessage()} {one.args} {one.exc_text} {one.exc_info}" for one in self._caplog.records]
        everything = "\n".join([*self._shown, *records, *(repr(one) for one in self._logs)])
        assert len(everything) > 500, "there was something to look at"
        return {secret for secret in (*secrets, *SECRET_WORDS) if secret in everything}


@pytest.fixture
def seen(caplog: pytest.LogCaptureFixture) -> Seen:
    return Seen(caplog)


def poison(bench: Bench) -> list[str]:
    """Answers that quote what nobody may read, as pages and in every provider's own form."""
    words = f'"{bench.handle.value} {TEXT} {" ".join(bench.secrets)}"'
    errcode = {"ok": False, "errcode": bench.handle.value, "description": f"Bad Request: {words}"}
    known = {"ok": False, "errcode": "M_FORBIDDEN", "description": f"Forbidden: {words} {bench.handle.value}"}
    error = {"message": words, "code": 131009, "error_data": {"details": words}, "type": words}
    strange = {"ok": True, "result": words, "event_id": 7, "messages": words, "next_batch": 3, "user_id": words}
    return [
        f"<html>{words}</html>",
        *(json.dumps({**one, "error": error}) for one in (errcode, known)),
        json.dumps(strange),
    ]


@on_every_emulator
async def test_whatever_goes_wrong_with_a_message_nothing_private_shows(bench: Bench, seen: Seen) -> None:
    with seen.at_debug():
        seen.note(bench.channel, vars(bench.channel).keys(), outbound := outbound_to(bench.handle), outbound.wording)
        seen.note(await bench.channel.send(outbound))
        for code in bench.codes:
            if code.fault is not None:
                bench.fault(code.fault)
                seen.note(await bench.again().send(outbound_to(bench.handle, **code.more)))
        for broken, fault in bench.breaks.items():
            bench.fault(fault)
            seen.note(await (bench.again(timeout=IMPATIENT) if broken.takes_patience else bench.channel).send(outbound))
        for status in (0, 200, 301, 400, 401, 403, 404, 413, 429, 500, 503):
            for body in poison(bench):
                bench.gate.shut(status, body)
                channel = bench.again()
                seen.note(await channel.send(outbound), await channel.say(bench.handle, TEXT), await channel.examine())
                if isinstance(channel, Linkable):
                    await channel.link("token")
                if isinstance(channel, Listens):
                    with pytest.raises(ChannelDown) as down:
                        await anext(channel.updates(""))
                    seen.note(down.value)
                await channel.close()
        bench.gate.open()
        seen.note(await bench.channel.examine())
    assert not seen.secrets_in(bench.secrets)


@on_every_emulator
async def test_a_provider_that_cannot_be_reached_is_told_of_without_its_address(bench: Bench, seen: Seen) -> None:
    key = "api_base" if bench.name in ("telegram", "whatsapp") else "homeserver"
    with seen.at_debug():
        for base in ("http://127.0.0.1:1", "http://no.such.host.invalid", "ftp://127.0.0.1", "nonsense"):
            channel = bench.again(**{key: base})
            seen.note(await channel.send(outbound_to(bench.handle)), await channel.examine())
            if isinstance(channel, Listens):
                with pytest.raises(ChannelDown) as down:
                    await anext(channel.updates(""))
                seen.note(down.value)
            await channel.close()
    assert not seen.secrets_in(bench.secrets)


@on_every_emulator
async def test_what_comes_back_shows_nothing_private_whole_or_broken(bench: Bench, seen: Seen) -> None:
    with seen.at_debug():
        seen.note((await bench.send(outbound_to(bench.handle)))[0])
        await bench.listen()
        _, told = await bench.send(outbound_to(bench.handle), *bench.receipts)
        updates = [*told, *await bench.answer(AckKind.FORWARDED)]
        bodies = [update.body for update in updates]
        for body in updates[-1].body, json.dumps({"x": [bench.handle.value, TEXT]}).encode(), TEXT.encode():
            bodies += [body[:cut] for cut in range(0, len(body), max(1, len(body) // 40))]
        for update in (RawUpdate(body) for body in bodies):
            seen.note(update, Batch([update]))
            try:
                seen.note(*bench.channel.parse(update))
            except Unreadable as error:
                seen.note(error)
            if isinstance(bench.channel, Hooks):
                with pytest.raises(HookRefused) as refused:
                    bench.channel.check_hook({}, update.body)
                seen.note(refused.value, bench.channel.challenge({"hub.verify_token": bench.secrets[0]}))
    assert not seen.secrets_in(bench.secrets)


@pytest.mark.parametrize("on", [on_telegram, on_whatsapp, on_matrix, on_bridge], ids=lambda on: on.__name__)
async def test_a_whole_hub_at_work_shows_nothing_private_in_its_log_and_metrics(
    on: Callable[..., AbstractAsyncContextManager[Bench]],
    tmp_path: Path,
    seen: Seen,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, clock = tmp_path / "hub.db", SystemClock()
    put_schema(path)
    database = Database(url=f"sqlite://{path}")
    with seen.as_in_production(capsys):
        async with on(connections=10) as bench, open_store(database, clock) as store:
            channel, handle = bench.channel, bench.handle
            await people(store, (Admin(0, "Anna", "nl", (Address(channel.name, handle, 1),)), ["BU1"]))
            hub = build_hub(Settings(database=database), store, [Sender(channel, Account())], clock, Random(1))
            bench.fault(bench.page(500, TEXT))
            async with running(hub), TestClient(TestServer(create_app(hub))) as client:
                await accept(store, clock, "7K3M-2QXA", "BU1")
                hub.wakes.changed()
                await until(lambda: _arrived(bench))
                for where in (
                    f"/hooks/{channel.name}",
                    f"/hooks/{handle.value}",
                    f"/{handle.value}?x={bench.secrets[0]}",
                ):
                    await client.get(where, params={"hub.verify_token": bench.secrets[0]})
                    await client.post(where, data=f'{{"x": "{handle.value}"}}')
                seen.note(await (await client.get("/metrics")).text(), await (await client.get("/readyz")).text())
    assert not seen.secrets_in(bench.secrets)


async def _arrived(bench: Bench) -> bool:
    return bool(await bench.screen())


# Everything that the contract has a name for, with what may not be printed in every place that could hold it.
HANDLE, RAW = Handle(NEVER_PRINTED), RawUpdate(NEVER_PRINTED.encode())
PLACE = Location(52.0, 4.5, "Zoetermeer")
PICTURE = Picture(NEVER_PRINTED.encode(), "image/png", "digest")
SAID = Wording("alert", "nl", NEVER_PRINTED, NEVER_PRINTED, {"headline": NEVER_PRINTED}, PLACE, PICTURE, NEVER_PRINTED)
OF_THE_CONTRACT = [
    contract.Action(AckKind.RECEIVED, "Ontvangen", "received:1"),
    PLACE,
    PICTURE,
    SAID,
    Outbound(1, 1, HANDLE, SAID, (), 0, "ref", Part.MESSAGE),
    Accepted("ref"),
    contract.Deferred("reason", 1.0, False, HANDLE),
    contract.Uncertain("reason"),
    contract.Rejected("reason"),
    contract.ReceiptSeen(ReceiptKind.READ, 1, "ref"),
    contract.AckSeen(HANDLE, "received:1", 1),
    contract.ReplySeen(HANDLE, NEVER_PRINTED, 1),
    contract.SightingSeen(HANDLE, "text", 1, "ref", "ref", NEVER_PRINTED, (52.0, 4.5), NEVER_PRINTED),
    contract.AnswerWithdrawn(HANDLE, "ref", 1),
    contract.AddressChanged(HANDLE, 1, True, HANDLE),
    contract.ContactSeen(HANDLE, HANDLE),
    contract.InvitationSeen(HANDLE, NEVER_PRINTED, 1),
    contract.GroupJoined(HANDLE, HANDLE, NEVER_PRINTED, 1),
    contract.NotUnderstood("reason"),
    RAW,
    Batch([RAW]),
    contract.Can(frozenset(), frozenset(), False, 1),
    contract.Finding(True, "text"),
    contract.Reach("unknown", "reason"),
]


@pytest.mark.parametrize("one", OF_THE_CONTRACT, ids=lambda one: type(one).__name__)
def test_no_object_of_the_contract_prints_what_it_holds_of_a_person_or_an_alert(one: object) -> None:
    for shown in (repr(one), str(one), f"{one}"):
        assert NEVER_PRINTED not in shown


def test_every_object_of_the_contract_was_looked_at() -> None:
    every = {
        one for one in vars(contract).values() if dataclasses.is_dataclass(one) and one.__module__ == "hub.channel"
    }
    assert {type(one) for one in OF_THE_CONTRACT} == every
