"""The languages of the pages. Dutch stands in the templates and the code; English in locale/en, one catalogue a part of the site.

Catalogues are gettext's .po files, read at the start: nothing to compile. A test sees to it that English is complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from aiohttp import web
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from hub.web.cookies import get_cookie, set_cookie

LOCALE: Final = Path(__file__).parent / "locale"
LANGUAGES: Final = ("nl", "en")
LANGUAGE_COOKIE: Final = "buurtsein_language"
YEAR_SECONDS: Final = 365 * 24 * 3600


def N_(text: str) -> str:  # gettext's own name for it
    """Marks a text that is translated where it is shown."""
    return text


@cache
def catalogues() -> Mapping[str, NullTranslations]:
    """By language, read once; Dutch is what the code says itself."""
    return {"nl": NullTranslations(), "en": _merged(sorted((LOCALE / "en").glob("*.po")))}


def _merged(files: list[Path]) -> NullTranslations:
    found = Translations()
    for file in files:
        with file.open("rb") as opened:
            catalogue = read_po(opened, locale="en", domain="messages")
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        found.merge(Translations(compiled))
    return found


def language_of(request: web.Request) -> str:
    """?lang=, else what the visitor chose before, else what the browser prefers, else Dutch."""
    chosen = [get_cookie(request, LANGUAGE_COOKIE, secure=secure) for secure in (True, False)]
    for asked in (request.query.get("lang", ""), *chosen):
        if asked in LANGUAGES:
            return asked
    # The order is the preference; browsers write it so, and the weights add nothing for two languages.
    for part in request.headers.get("Accept-Language", "").split(","):
        code = part.strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return "nl"


def remember_language(request: web.Request, response: web.Response, *, secure: bool) -> None:
    """Who chose a language on one page has it on the next."""
    if request.query.get("lang", "") in LANGUAGES:
        set_cookie(
            response,
            LANGUAGE_COOKIE,
            request.query["lang"],
            YEAR_SECONDS,
            secure=secure,
            samesite="Lax",
            httponly=False,
        )
