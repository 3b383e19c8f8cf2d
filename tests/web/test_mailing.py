"""Mails as people read them: in their language, plain text, nothing escaped and no second line in the subject."""

from __future__ import annotations

import pytest

from hub.domain import Refused
from hub.web.mailing import send_mail
from hub.web.policy import page_policy
from hub.web.rendering import Rendering
from tests.web.world import World


@pytest.fixture
def rendering(world: World) -> Rendering:
    given = {"map_settings": world.hub.settings.map, "public_entries": (), "staff_entries": lambda role: ()}
    return Rendering(policy=page_policy(world.hub.settings.map), secure=True, given=given)


@pytest.mark.parametrize(
    ("language", "subject", "greeting"),
    [
        ("nl", "Bevestig uw aanvraag van een bord", "Met vriendelijke groet,"),
        ("en", "Confirm your request for a sign", "Kind regards,"),
        ("fr", "Bevestig uw aanvraag van een bord", "Met vriendelijke groet,"),
    ],
)
async def test_a_mail_waits_in_the_language_of_its_reader(
    world: World, rendering: Rendering, language: str, subject: str, greeting: str
) -> None:
    values = {
        "kind": "street",
        "name": "J. <Jan> & 'Zoon'",
        "place": 'Hoek "Dorpsstraat"',
        "link": "https://x.example/?a=1&b=2",
    }
    await send_mail(world.hub, rendering, "jan@voorbeeld.nl", language, "sign_confirm", **values)
    (mail,) = await world.hub.store.mails.due(world.clock.now(), 10)
    assert (mail.recipient, mail.subject) == ("jan@voorbeeld.nl", subject)
    assert greeting in mail.text and "https://buurtsein.example" in mail.text
    for value in ("J. <Jan> & 'Zoon'", 'Hoek "Dorpsstraat"', "\nhttps://x.example/?a=1&b=2\n"):
        assert value in mail.text, "plain text is not escaped"
    assert mail.text.endswith(".\n") and "\n\n\n\n" not in mail.text


async def test_who_gives_two_addresses_gets_no_mail(world: World, rendering: Rendering) -> None:
    values = {"kind": "street", "name": "Jan", "place": "hier", "link": "https://x.example"}
    with pytest.raises(Refused):
        await send_mail(world.hub, rendering, "a@b.nl\nBcc: c@d.nl", "nl", "sign_confirm", **values)
    assert await world.hub.store.mails.waiting() == 0
