"""Mails as people read them: in their language, plain text, nothing escaped and no second line in the subject."""

from __future__ import annotations

import pytest

from hub.web.policy import page_policy
from hub.web.rendering import Rendering
from tests.web.world import World

SITE = "https://buurtsein.example"


@pytest.fixture
def rendering(world: World) -> Rendering:
    given = {"map_settings": world.hub.settings.map, "public_entries": (), "staff_entries": lambda role: ()}
    return Rendering(policy=page_policy(world.hub.settings.map), secure=True, given=given)


@pytest.mark.parametrize(
    ("language", "subject", "greeting"),
    [
        ("nl", "Over uw aanvraag van een bord", "Met vriendelijke groet,"),
        ("en", "About your request for a sign", "Kind regards,"),
        ("fr", "Over uw aanvraag van een bord", "Met vriendelijke groet,"),
    ],
)
def test_a_mail_is_plain_text_in_the_language_of_its_reader(
    rendering: Rendering, language: str, subject: str, greeting: str
) -> None:
    values = {"name": "J. <Jan> & 'Zoon'", "place": 'Hoek "Dorpsstraat"', "reason": "https://x.example/?a=1&b=2"}
    said, text = rendering.mail(language, "sign_refused", site=SITE, kind="street", **values)
    assert said == subject and greeting in text and SITE in text
    for value in values.values():
        assert value in text, "plain text is not escaped"
    assert text.endswith(".\n") and "\n\n\n" not in text


LINKS = [("Telegram", "https://x.example/link/1"), ("Matrix", "https://x.example/link/2")]
WAITING = {"link": "https://x.example/confirm/1", "days": 7}


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(
    ("template", "values", "lines"),
    [
        ("application_accepted", {"note": "", "links": LINKS, "days": 7}, ["Telegram: https://x.example/link/1"]),
        (
            "application_accepted",
            {"note": "Welkom.", "links": (), "may_register": True},
            ["Welkom.", f"{SITE}/join/group"],
        ),
        ("application_links", {"links": LINKS, "days": 7}, ["Matrix: https://x.example/link/2"]),
        ("application_refused", {"note": "Te ver weg."}, ["Te ver weg."]),
        ("application_question", {"note": "Hoe groot is de groep?"}, ["Hoe groot is de groep?"]),
        ("application_confirm", WAITING, [WAITING["link"]]),
        ("sign_confirm", {**WAITING, "kind": "sticker"}, [WAITING["link"]]),
        ("contact_confirm", {**WAITING, "group": "De Linde"}, [WAITING["link"]]),
    ],
)
def test_what_is_to_be_opened_or_read_stands_on_a_line_of_its_own(
    rendering: Rendering, language: str, template: str, values: dict[str, object], lines: list[str]
) -> None:
    """Mail programs make links of what stands alone."""
    who = {} if template.endswith("confirm") else {"name": "Els"}
    subject, text = rendering.mail(language, template, site=SITE, about="beheerder worden", **who, **values)
    assert subject and "\n" not in subject and "\n\n\n" not in text
    assert set(lines) <= set(text.splitlines()), text
