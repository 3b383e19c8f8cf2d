"""Keeping programs out of public forms: a field people do not see, and the signed time at which the form was shown."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from hub.web.calls import Call
from hub.web.forms import Form
from hub.web.languages import N_

STAMP: Final = "stamp"
TRAP: Final = "website"
LEAST_MS: Final = 2_000
"""Nobody fills in a form faster."""
MOST_MS: Final = 24 * 3_600_000


def stamp(call: Call) -> str:
    """What goes into the hidden field: when the form was shown, signed."""
    shown = str(call.now())
    return f"{shown}.{_signed(call, shown)}"


def check(call: Call, form: Form) -> None:
    """A mistake of the form as a whole where a program seems to have sent it. A person sends it once more."""
    if form.shown(TRAP):
        form.wrong("", N_("Laat het veld “website” leeg en verstuur het formulier nog een keer."))
        return
    shown, _, signature = form.shown(STAMP).partition(".")
    known = hmac.compare_digest(signature.encode(), _signed(call, shown).encode())
    if not known or not LEAST_MS <= call.now() - int(shown) <= MOST_MS:
        form.wrong("", N_("Dit formulier was te snel verstuurd of stond te lang open. Verstuur het nog een keer."))


def _signed(call: Call, text: str) -> str:
    return hmac.new(_key(call), text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def _key(call: Call) -> bytes:
    """The same in every process of this hub, and nowhere written down: made of what only its settings hold."""
    settings = call.hub.settings
    secrets = [settings.database.url, settings.mail.password]
    secrets += [one.token for one in settings.channels.telegram.accounts]
    secrets += [one.token for one in settings.channels.whatsapp.accounts]
    return hashlib.sha256("\n".join(one.get_secret_value() for one in secrets).encode()).digest()
