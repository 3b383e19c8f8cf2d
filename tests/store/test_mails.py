"""Mails that wait: in order, when they are due; nothing is left of whom a mail was for once it is over."""

from __future__ import annotations

import pytest

from hub.domain import Refused
from hub.store import registry_tables as tables
from hub.store.database import Store
from tests.store.world import HOUR, START


async def test_a_mail_waits_until_it_is_sent_and_is_gone_then(store: Store) -> None:
    for number in range(3):
        await store.mails.put(f"r{number}@voorbeeld.nl", "Onderwerp", "Tekst", START + number)
    first, second, third = await store.mails.due(START + 5, 10)
    assert [one.recipient for one in (first, second, third)] == [f"r{n}@voorbeeld.nl" for n in range(3)]
    assert "voorbeeld" not in repr(first) and "Tekst" not in repr(first)
    await store.mails.sent(first.id)
    await store.mails.failed(second.id, tries=1, error="SMTPDataError 451", due_at=START + HOUR)
    assert [one.id for one in await store.mails.due(START + 5, 10)] == [third.id]
    assert [one.tries for one in await store.mails.due(START + HOUR, 10)] == [0, 1]
    assert await store.mails.waiting() == 2


async def test_one_given_up_keeps_no_address_and_is_forgotten_after_a_while(store: Store) -> None:
    await store.mails.put("r@voorbeeld.nl", "Onderwerp", "Tekst", START)
    (mail,) = await store.mails.due(START, 1)
    await store.mails.give_up(mail.id, error="SMTPRecipientRefused 550", now=START + 1)
    assert await store.mails.due(START + HOUR, 1) == [] and await store.mails.waiting() == 0
    (row,) = await tables.Mail.all()
    assert (row.recipient, row.subject, row.text, row.error) == ("", "", "", "SMTPRecipientRefused 550")
    await store.mails.erase_given_up(START + 1)
    assert await tables.Mail.all().count() == 1
    await store.mails.erase_given_up(START + 2)
    assert await tables.Mail.all().count() == 0


async def test_what_waits_for_too_long_is_given_up_and_what_came_later_is_not(store: Store) -> None:
    await store.mails.put("oud@voorbeeld.nl", "Onderwerp", "Tekst", START)
    await store.mails.put("nieuw@voorbeeld.nl", "Onderwerp", "Tekst", START + HOUR)
    assert await store.mails.give_up_late(START + HOUR, START + 2 * HOUR) == 1
    assert [one.recipient for one in await store.mails.due(START + 2 * HOUR, 10)] == ["nieuw@voorbeeld.nl"]
    assert [row.recipient async for row in tables.Mail.exclude(given_up_at=None)] == [""]


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "niemand",
        "a@b\r\nBcc: c@d",
        "a@b, c@d",
        "<a@b>",
        "a@b c@d",
        "a@b@c",
        "a@b\x00",
        "A: b@c;",
        "a@" + "b" * 300,
    ],
)
async def test_what_is_not_one_address_is_refused(store: Store, recipient: str) -> None:
    with pytest.raises(Refused, match="recipient"):
        await store.mails.put(recipient, "Onderwerp", "Tekst", START)
    assert await store.mails.waiting() == 0


@pytest.mark.parametrize("subject", ["Een\r\nBcc: c@d", "Een\ntwee", "Een\x0btwee", "Een\u2028twee"])
async def test_a_subject_of_two_lines_is_refused(store: Store, subject: str) -> None:
    with pytest.raises(Refused, match="subject"):
        await store.mails.put("a@b.nl", subject, "Tekst", START)


async def test_a_long_subject_is_cut_for_a_mail_must_not_fail_by_it(store: Store) -> None:
    await store.mails.put("a@b.nl", "é" * 500, "Tekst", START)
    assert [len(one.subject) for one in await store.mails.due(START, 1)] == [200]
