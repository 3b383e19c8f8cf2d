"""Is a public form filled in by a person? Without asking anybody else, and without puzzles that keep people out.

Three things that people do not notice: a field nobody sees, which programs fill in; a signed time stamp, for nobody fills in a form
within two seconds or a day after; and a most for a day, over all and for one e-mail address. In a template, inside the form:
`{% import "spam.html" as spam %} {{ spam.fields(stamp) }}`, where TRAP and STAMP stand once more.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable
from typing import Final, Protocol

from hub.clock import DAY_MS
from hub.web.calls import Call
from hub.web.forms import Form
from hub.web.languages import N_

TRAP: Final = "website"
STAMP: Final = "stamp"
SOONEST_MS: Final = 2_000
LATEST_MS: Final = 24 * 3_600_000
SAME_A_DAY: Final = 5
"""Requests from one e-mail address: more are no mistakes any more."""


class Asked(Protocol):
    """A store of what was asked."""

    def asked_since(self, since: int, email: str = "") -> Awaitable[int]:
        """How many since then (ms), by everybody or from this address, however it is written."""


async def stamp(call: Call, form: Form | None = None) -> str:
    """The time stamp of a page with a form: the one it came with, if that still holds, so that mending is not too fast."""
    given = form.shown(STAMP) if form else ""
    if given and await _age(call, given) is not None:
        return given
    return await _signed(call, call.now())


async def check(form: Form, call: Call) -> None:
    """Notes a mistake for the form as a whole if no person seems to have filled it in. What it says helps a person it wrongs."""
    if form.shown(TRAP):
        form.wrong("", N_("Laat het veld “Website” leeg: het is er om robots te herkennen."))
    age = await _age(call, form.shown(STAMP))
    if age is None:
        form.wrong("", N_("Deze pagina stond te lang open. Er is niets kwijt: verstuur het formulier nog een keer."))
    elif age < SOONEST_MS:
        form.wrong("", N_("Dat ging wel erg snel. Wacht een paar tellen en verstuur het formulier nog een keer."))


async def check_most(form: Form, call: Call, asked: Asked) -> bool:
    """False, and a mistake for the form as a whole, if everybody together asked enough in a day."""
    if await asked.asked_since(call.now() - DAY_MS) < call.hub.settings.registry.asked_a_day:
        return True
    form.wrong("", N_("Er zijn vandaag te veel aanvragen. Probeer het morgen nog eens."))
    return False


async def is_too_often(call: Call, asked: Asked, email: str) -> bool:
    """Whether enough was asked from this address in a day. Then nothing is stored and no mail goes out, but the answer is the same:
    whoever fills in somebody's address learns nothing of it."""
    return await asked.asked_since(call.now() - DAY_MS, email) >= SAME_A_DAY


async def _age(call: Call, given: str) -> int | None:
    """Milliseconds since the page with this stamp was made; None if it is none of ours, of another form, or too old."""
    written, _, _ = given.partition("-")
    if not (written.isascii() and written.isdecimal() and len(written) < 16):
        return None
    if not hmac.compare_digest((await _signed(call, int(written))).encode(), given.encode("utf-8", "replace")):
        return None
    age = call.now() - int(written)
    return age if age <= LATEST_MS else None


async def _signed(call: Call, at: int) -> str:
    key = await call.state.form_key(call.hub.store.form_keys.key)
    return f"{at}-{hmac.new(key, f'{call.request.path} {at}'.encode(), hashlib.sha256).hexdigest()[:32]}"
