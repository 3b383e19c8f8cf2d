"""Mails over a real connection: taken once and gone, tried again where that helps, and never an address where it need not be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from hub.relay.postman import KEPT_MS, LEASE, LEASE_SECONDS, TRIED_MS, Postman
from hub.settings import Mail
from hub.store import registry_tables as tables
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.mailserver import PASSWORD, USER, Desk, certificate, listening

ANNA, BRAM, CARA = "anna@voorbeeld.nl", "bram@voorbeeld.nl", "cara@voorbeeld.nl"
HOUR = 3600.0


def settings(port: int, **more: Any) -> Mail:
    return Mail(**{"host": "127.0.0.1", "port": port, "tls": "none", "sender": "buurtsein@gemeente.example", **more})


class Office:
    """A postman and the server it knows."""

    def __init__(self, store: Store, clock: FakeClock, desk: Desk, port: int) -> None:
        self.store, self.clock, self.desk, self.port = store, clock, desk, port
        self.postman = self.another()

    def another(self, process: str = "here", **more: Any) -> Postman:
        return Postman(
            self.store.mails,
            self.store.leases,
            settings(self.port, **more),
            self.clock,
            Random(1),
            self.store.measures,
            process=process,
            public_url="https://buurtsein.example:8443/",
        )

    async def put(
        self, *recipients: str, subject: str = "Bevestig uw aanvraag", text: str = "Beste bewoner,\n"
    ) -> None:
        for recipient in recipients:
            await self.store.mails.put(recipient, subject, text, self.clock.now())


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest_asyncio.fixture
async def office(store: Store, clock: FakeClock, desk: Desk) -> AsyncIterator[Office]:
    async with listening(desk) as port:
        yield Office(store, clock, desk, port)


async def test_what_waits_is_sent_over_one_connection_and_then_gone(office: Office) -> None:
    await office.put(ANNA, BRAM, CARA)
    await office.postman.deliver()
    assert office.desk.recipients == [ANNA, BRAM, CARA]
    assert office.desk.greeted == ["buurtsein.example"], "one connection, and we say who we are"
    assert await tables.Mail.all().count() == 0
    await office.postman.deliver()
    assert len(office.desk.taken) == 3 and len(office.desk.greeted) == 1, "nothing waits: no connection"


async def test_a_mail_is_plain_text_from_us_that_no_machine_answers(office: Office, clock: FakeClock) -> None:
    long_link = "https://buurtsein.example/signs/confirm/" + "x" * 90
    await office.put(ANNA, subject="Één bord vóór de Ömerstraat", text=f"Dag Zoë,\n\n.punt\n{long_link}\n")
    await office.postman.deliver()
    ((_, message),) = office.desk.taken
    assert message["Subject"] == "Één bord vóór de Ömerstraat" and message["To"] == ANNA
    assert message["From"] == "buurtsein@gemeente.example" and message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@gemeente.example>") and message["Date"].endswith("+0000")
    assert message["Reply-To"] is None and message.get_content_type() == "text/plain"
    assert message.get_content().splitlines() == ["Dag Zoë,", "", ".punt", long_link]
    assert all(len(line) <= 78 and line.isascii() for line in office.desk.raw[0].splitlines())


async def test_one_that_is_refused_for_now_is_tried_again_at_growing_pauses_and_holds_up_nobody(
    office: Office, clock: FakeClock
) -> None:
    office.desk.says[ANNA] = "450 4.2.1 <anna@voorbeeld.nl> is greylisted"
    await office.put(ANNA, BRAM)
    await office.postman.deliver()
    assert office.desk.recipients == [BRAM]
    pauses = []
    for _ in range(9):
        (row,) = await tables.Mail.all()
        assert row.error == "SMTPRecipientRefused 450" and row.given_up_at is None
        pauses.append((row.due_at - clock.now()) / 1000)
        await clock.advance(pauses[-1] - 1)
        await office.postman.deliver()
        assert (await tables.Mail.get(id=row.id)).tries == row.tries, "not before its time"
        await clock.advance(1)
        await office.postman.deliver()
    assert 30 <= pauses[0] <= 60 and pauses[0] < pauses[2] < pauses[4] < pauses[6] <= max(pauses) <= HOUR
    office.desk.says.clear()
    await clock.advance(HOUR)
    await office.postman.deliver()
    assert office.desk.recipients == [BRAM, ANNA] and await office.store.mails.waiting() == 0


async def test_a_recipient_refused_for_good_is_given_up_at_once_and_forgotten(office: Office, clock: FakeClock) -> None:
    office.desk.says[ANNA] = "550 5.1.1 <anna@voorbeeld.nl>: no such user"
    await office.put(ANNA, BRAM)
    await office.postman.deliver()
    assert office.desk.recipients == [BRAM]
    (row,) = await tables.Mail.all()
    assert row.given_up_at == clock.now() and row.error == "SMTPRecipientRefused 550"
    assert (row.recipient, row.subject, row.text) == ("", "", "")


async def test_a_text_refused_for_good_is_tried_again_for_it_may_be_our_sender_that_is_not_allowed_yet(
    office: Office, clock: FakeClock
) -> None:
    office.desk.data_says[ANNA] = "550 5.7.60 client may not send as this sender"
    await office.put(ANNA, BRAM)
    await office.postman.deliver()
    assert office.desk.recipients == [BRAM] and await office.store.mails.waiting() == 1
    office.desk.data_says.clear()
    await clock.advance(HOUR)
    await office.postman.deliver()
    assert office.desk.recipients == [BRAM, ANNA]


async def test_one_at_which_the_server_hangs_up_is_not_the_first_again(office: Office, clock: FakeClock) -> None:
    office.desk.data_says[ANNA] = ""
    await office.put(ANNA, BRAM)
    await office.postman.deliver()
    assert office.desk.recipients == []
    await office.postman.deliver()
    assert office.desk.recipients == [BRAM]


async def test_an_address_that_the_server_cannot_write_is_given_up(office: Office) -> None:
    await office.put("zoë@voorbeeld.nl", BRAM)
    await office.postman.deliver()
    assert office.desk.recipients == [BRAM]
    assert [row.error async for row in tables.Mail.all()] == ["SMTPNotSupported"]


async def test_a_server_that_is_down_uses_up_no_mails_tries_and_is_asked_again_within_minutes(
    store: Store, clock: FakeClock, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    async with listening(desk) as port:
        pass
    office = Office(store, clock, desk, port)
    await office.put(ANNA)
    loop = asyncio.create_task(office.postman.run(lambda: None))
    try:
        for _ in range(60):
            await clock.advance(10)
            await asyncio.sleep(0.002)  # a connection that is refused comes back by way of the system
        (row,) = await tables.Mail.all()
        assert row.tries == 0
        assert 3 <= capsys.readouterr().out.count("mail_server_fails") <= 10, "in ten minutes"
        async with listening(desk, port=port):
            async with asyncio.timeout(10):
                while not desk.taken:
                    await clock.advance(10)
                    await asyncio.sleep(0.002)
                while await store.mails.waiting():
                    await clock.advance(1)
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)


async def test_a_postman_that_is_told_to_stop_stops_whatever_the_server_says_at_that_moment(office: Office) -> None:
    for steps in range(60):
        await office.put(ANNA)
        loop = asyncio.create_task(office.postman.run(lambda: None))
        async with asyncio.timeout(10):
            await office.desk.took.wait()
            office.desk.took.clear()
            for _ in range(steps):
                await asyncio.sleep(0)
            loop.cancel()
            await asyncio.wait([loop])
        while due := await office.store.mails.due(office.clock.now(), 10):
            await office.store.mails.sent(due[0].id)  # told to stop before it was noted


async def test_what_was_tried_for_three_days_is_given_up_and_forgotten_after_thirty(
    office: Office, clock: FakeClock
) -> None:
    office.desk.says[ANNA] = "450 later"
    await office.put(ANNA)
    await office.postman.deliver()
    await clock.advance(TRIED_MS / 1000 - 1)
    await office.another()._sweep()
    assert await office.store.mails.waiting() == 1
    await clock.advance(2)
    await office.another()._sweep()
    (row,) = await tables.Mail.all()
    assert row.given_up_at is not None and row.recipient == row.text == ""
    await clock.advance(KEPT_MS / 1000 + 1)
    await office.another()._sweep()
    assert await tables.Mail.all().count() == 0


async def test_of_several_processes_one_sends_and_another_goes_on_when_it_is_gone(
    office: Office, clock: FakeClock
) -> None:
    await office.put(ANNA)
    await office.store.leases.take("there", [LEASE], LEASE_SECONDS, clock.now())
    await office.postman.deliver()
    assert office.desk.taken == [] and office.desk.connections == 0
    await clock.advance(LEASE_SECONDS + 1)
    await office.postman.deliver()
    assert office.desk.recipients == [ANNA]
    await office.put(BRAM)
    await office.another("there").deliver()
    assert office.desk.recipients == [ANNA, BRAM], "who has done gives the turn up"


async def test_a_crash_before_it_was_noted_sends_twice_under_one_name(office: Office) -> None:
    class Crashing(type(office.store.mails)):  # type: ignore[misc]  # the store's own class
        async def sent(self, mail_id: int) -> None:
            raise RuntimeError("the process is gone")

    await office.put(ANNA)
    crashing = office.another()
    crashing._mails = Crashing(office.store.ids)
    with pytest.raises(RuntimeError):
        await crashing.deliver()
    await office.postman.deliver()
    first, second = (message for _, message in office.desk.taken)
    assert first["Message-ID"] == second["Message-ID"] and await office.store.mails.waiting() == 0


async def test_user_and_password_over_tls_that_is_checked(
    store: Store, clock: FakeClock, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, trusted = certificate(tmp_path)
    right: dict[str, Any] = {"tls": "starttls", "user": USER, "password": SecretStr(PASSWORD)}
    async with listening(desk, tls_context=server, require_starttls=True, auth_required=True) as port:
        office = Office(store, clock, desk, port)
        await office.put(ANNA)
        strange = office.another(**right)
        await strange.deliver()
        found = await strange.examine()
        assert desk.taken == [] and await store.mails.waiting() == 1, (
            "a certificate nobody vouches for is not spoken to"
        )
        assert not found.works and "does not trust" in found.text and USER not in desk.users

        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        wrong = office.another(**{**right, "password": SecretStr("wrong")})
        assert "refuses our user or password" in (await wrong.examine()).text
        office.postman = office.another(**right)
        assert (await office.postman.examine()).works
        await office.postman.deliver()
    assert desk.recipients == [ANNA] and desk.over_tls == [True]

    async with listening(desk, server) as port:
        direct = Office(store, clock, desk, port)
        await direct.put(BRAM)
        await direct.another(tls="tls").deliver()
    assert desk.recipients == [ANNA, BRAM] and desk.over_tls == [True, True]


async def test_starttls_that_is_asked_for_and_not_offered_sends_nothing_in_the_clear(office: Office) -> None:
    await office.put(ANNA)
    careful = office.another(tls="starttls")
    await careful.deliver()
    assert office.desk.taken == []
    assert not (await careful.examine()).works


async def test_a_server_that_never_answers_is_left_in_time(store: Store, clock: FakeClock) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        office = Office(store, clock, Desk(), server.sockets[0].getsockname()[1])
        await office.put(ANNA)
        async with asyncio.timeout(5):
            found = await office.another(timeout=0.05).examine()
            await office.another(timeout=0.05).deliver()
    assert not found.works and "Timeout" in found.text
    assert await store.mails.waiting() == 1


async def test_neither_log_nor_error_nor_figure_names_anybody(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.desk.says = {ANNA: "550 <anna@voorbeeld.nl> unknown", BRAM: "450 <bram@voorbeeld.nl> later"}
    office.desk.data_says = {CARA: "554 your text: Geheim was refused for cara@voorbeeld.nl"}
    await office.put(ANNA, BRAM, CARA, "dora@voorbeeld.nl", subject="Geheim", text="Geheim")
    await office.postman.deliver()
    told = "".join(capsys.readouterr())
    errors = [row.error async for row in tables.Mail.all()]
    assert told.count("mail_not_taken") == 2 and "mail_given_up" in told and "mail_sent" in told
    for word in ("voorbeeld", "anna", "Geheim", "gemeente.example"):
        assert word not in told and word not in "".join(errors)
    assert sorted(errors) == ["SMTPDataError 554", "SMTPRecipientRefused 450", "SMTPRecipientRefused 550"]
