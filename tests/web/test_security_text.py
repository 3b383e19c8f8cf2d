"""/.well-known/security.txt: there where a contact is set, never out of date, and nothing can be put into it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hub.clock import to_datetime
from hub.domain import Refused
from hub.settings import Settings, load_settings
from tests.test_settings import environment
from tests.web.world import World

WHERE = "/.well-known/security.txt"


@pytest.fixture
def contact() -> str:
    return "mailto:veilig@gemeente.example"


@pytest.fixture
def settings(settings: Settings, contact: str) -> Settings:
    web = settings.web.model_copy(update={"security_contact": contact})
    return settings.model_copy(update={"web": web})


async def test_it_names_the_contact_and_holds_for_weeks_whenever_it_is_asked_for(world: World, contact: str) -> None:
    for _ in range(2):
        answer = await world.get(WHERE, None)
        assert (answer.status, answer.content_type, answer.charset) == (200, "text/plain", "utf-8")
        said = dict(line.split(": ", 1) for line in (await answer.text()).splitlines())
        assert said["Contact"] == contact
        assert said["Canonical"] == f"https://buurtsein.example{WHERE}"
        left = datetime.fromisoformat(said["Expires"]) - to_datetime(world.clock.now())
        assert timedelta(days=30) < left < timedelta(days=366)
        world.clock.turn(400 * 86400)


@pytest.mark.parametrize("contact", [""])
async def test_without_a_contact_there_is_none(world: World) -> None:
    assert (await world.get(WHERE, None)).status == 404


@pytest.mark.parametrize(
    "given", ["veilig@gemeente.example", "http://x.example", "mailto:", "https://x.example/\nContact: evil"]
)
def test_a_contact_is_an_address_and_nothing_more(given: str) -> None:
    with environment(HUB_WEB__SECURITY_CONTACT=given), pytest.raises(Refused, match="security_contact"):
        load_settings()
