"""Nothing that somebody types, into any form or field, breaks a page or becomes more than text on one."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from hub.web.routes import ROUTES
from tests.browser.filling import NAUGHTY, Filled, forms_of, pages_of, send, store_naughty, strange
from tests.browser.furniture.requests import confirm_all
from tests.browser.pages import PAGES, route_of
from tests.browser.show import EVERYBODY, Showcase
from tests.browser.showcase import showcase

MORE = os.environ.get("NAUGHTY_STRINGS")
"""A JSON list of further strings, for trying more at once than every run of the tests should."""

NO_FORMS = {
    "/console/write/preview": "the form of /console/write, sent by its script",
    "/coordinator/import/confirm": "shown once a file was read",
    "/coordinator/reconcile/confirm": "shown once a list was read",
    "/account/passkeys/options": "asked for by the script of passkeys",
    "/login/passkey/options": "the same",
    "/staff/{id}/sign-out": "shown of somebody who is signed in",
}
"""Posted from pages, but by no form that stands in the catalogue; and why."""

TURNS = 1 if MORE else 5
"""Each form gets one text in so many, the next form the next ones: all of them in all forms take two minutes."""

ALSO_FIXED = 6
"""So many strings are put into every field at once, those included that take no free text: choices, numbers, hidden ones."""


async def test_what_is_naughty_is_refused_or_shown_as_text(tmp_path: Path) -> None:
    texts = [*NAUGHTY, *(json.loads(Path(MORE).read_text(encoding="utf-8")) if MORE else [])]
    async with showcase(tmp_path) as show:
        forms = await forms_of(show)
        alerts = await store_naughty(show, texts)
        assert len(alerts) > len(texts), "most of them are taken"
        await show.clock.advance(10)  # as long as a person takes to fill in a form
        for turn, form in enumerate(forms):
            if form.who:
                await show.sign_in(form.who)  # who signed out with the form before
            free = [one.name for one in form.fields if one.is_free]
            mine = texts[turn % TURNS :: TURNS] if form.fields else []
            for number, text in enumerate(mine):
                every = number % max(1, len(mine) // ALSO_FIXED) == 0
                names = [one.name for one in form.fields] if every else free
                if names:
                    await sent_well(show, form, number, names, text)
        wrong = []
        await confirm_all(show)
        for who in EVERYBODY:
            await show.sign_in(who)
        async for page, response, shown in pages_of(show, [*PAGES, *alerts]):
            assert response.status in page.statuses, page.name
            wrong += [f"{page.name}: {one}" for one in strange(shown, own_style=page.path.endswith("/report"))]
        assert not wrong, "\n".join(wrong)


async def sent_well(show: Showcase, form: Filled, number: int, names: Sequence[str], text: str) -> None:
    response = await send(show, form, number, dict.fromkeys(names, text))
    told = f"{form.action} with {text!r} in {', '.join(names)}: {response.status}"
    is_down = response.status == 503 and form.action.startswith("/login/with/")
    assert response.status < 500 or is_down, told
    assert "naughty" not in response.headers.get("Set-Cookie", ""), told
    if response.content_type == "text/html":
        assert not strange(await response.text()), told


async def test_every_form_is_on_a_page_of_the_catalogue(tmp_path: Path) -> None:
    """Else nobody would have typed into it above."""
    async with showcase(tmp_path) as show:
        found = {route.path for form in await forms_of(show) if (route := route_of(form.action, "POST"))}
    there = {route.path for route in ROUTES if route.form and route.method == "POST"}
    assert there - found == NO_FORMS.keys(), "put a page with each of these forms in tests/browser/pages.py"


def test_what_became_markup_is_seen() -> None:
    """The looking-through itself: each of these is found."""
    for text in (
        "<p><script>1</script>",
        "<p><script src=//evil.example/x.js></script>",
        '<p title="a" onclick="b">',
        "<p><x-naughty>",
        '<p><a href=" java\nscript:1">x</a>',
        '<p><a href="//evil.example">x</a>',
        '<form action="https://evil.example"></form>',
        "<p><img src=https://evil.example/x.png>",
        "<p style=color:red>",
        "<iframe></iframe>",
    ):
        assert strange(text), text
    for text in (
        "<p>&lt;script&gt;",
        '<a href="https://wa.me/?text=x">x</a><a href="?lang=en">y</a>',
        '<script src="/static/live.js?v=0a"></script><img src="/a/X/map.png" alt="">',
    ):
        assert not strange(text), text
