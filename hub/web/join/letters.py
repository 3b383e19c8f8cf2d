"""The mails to whoever applies: what they say, in the applicant's language. Plain text, one link where there is something to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.directory.linking import LASTS_DAYS, MadeLink
from hub.store.applications import Kind
from hub.web.calls import Call
from hub.web.labels import CHANNELS
from hub.web.languages import N_

CONFIRM_DAYS: Final = 7
ABOUT: Final = {
    Kind.GROUP: N_("uw groep aanmelden"),
    Kind.ADMIN: N_("beheerder worden"),
    Kind.STARTING: N_("een groep beginnen"),
}
"""What an application is called in a sentence."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Of one mail."""

    subject: str
    text: str = field(repr=False)


class Letters:
    """In one language. `call`: whose translations are used; its own language counts for nothing here."""

    def __init__(self, call: Call, language: str) -> None:
        self._call, self._language = call, language

    def confirmation(self, kind: Kind, token: str) -> Letter:
        link = f"{self._call.hub.settings.web.public_url.rstrip('/')}/join/confirm/{token}"
        return Letter(
            self._say(N_("Bevestig uw e-mailadres voor Buurtsein")),
            self._say(
                N_(
                    "Hallo,\n\n"
                    "Met dit e-mailadres is bij Buurtsein een aanvraag gedaan: %(about)s.\n\n"
                    "Klopt dat? Open deze link en druk op Bevestigen:\n%(link)s\n\n"
                    "De link werkt %(days)s dagen. Heeft u niets aangevraagd? Dan hoeft u niets te doen: "
                    "na %(days)s dagen wissen wij de aanvraag.\n"
                ),
                about=self._say(ABOUT[kind]),
                link=link,
                days=CONFIRM_DAYS,
            ),
        )

    def accepted(self, kind: Kind, note: str, links: Sequence[MadeLink]) -> Letter:
        """With the links to verify a messenger by, each on a line of its own."""
        lines = "\n".join(f"{CHANNELS.get(one.channel, one.channel)}: {one.url}" for one in links)
        text = self._say(
            N_("Hallo,\n\nGoed nieuws: uw aanvraag (%(about)s) is aangenomen.\n"), about=self._say(ABOUT[kind])
        )
        text += self._noted(note)
        if links:
            text += self._say(
                N_(
                    "\nNog één stap: koppel waar u meldingen wilt krijgen. Open op uw telefoon de link van uw keuze:\n\n"
                    "%(links)s\n\n"
                    "De links werken %(days)s dagen en zijn alleen voor u: stuur ze niet door. Daarna krijgt u daar een welkom en "
                    "een oefening die alleen u krijgt. Zo ziet u hoe het gaat.\n"
                ),
                links=lines,
                days=LASTS_DAYS,
            )
        elif kind is Kind.STARTING:
            text += self._say(
                N_("\nIs uw groep er? Meld haar dan aan:\n%(link)s\n"),
                link=f"{self._call.hub.settings.web.public_url.rstrip('/')}/join/group",
            )
        return Letter(self._say(N_("Uw aanvraag bij Buurtsein is aangenomen")), text)

    def links(self, links: Sequence[MadeLink]) -> Letter:
        """The links once more."""
        lines = "\n".join(f"{CHANNELS.get(one.channel, one.channel)}: {one.url}" for one in links)
        return Letter(
            self._say(N_("Uw koppellinks voor Buurtsein")),
            self._say(
                N_(
                    "Hallo,\n\n"
                    "Hier zijn nieuwe links om te koppelen waar u meldingen wilt krijgen. De vorige werken niet meer.\n\n"
                    "%(links)s\n\nDe links werken %(days)s dagen en zijn alleen voor u: stuur ze niet door.\n"
                ),
                links=lines,
                days=LASTS_DAYS,
            ),
        )

    def refused(self, kind: Kind, note: str) -> Letter:
        return Letter(
            self._say(N_("Uw aanvraag bij Buurtsein")),
            self._say(N_("Hallo,\n\nUw aanvraag (%(about)s) is niet aangenomen.\n"), about=self._say(ABOUT[kind]))
            + self._noted(note)
            + self._say(N_("\nHeeft u vragen? Neem contact op met uw gemeente.\n")),
        )

    def question(self, kind: Kind, note: str) -> Letter:
        return Letter(
            self._say(N_("Een vraag over uw aanvraag bij Buurtsein")),
            self._say(
                N_("Hallo,\n\nWij hebben een vraag over uw aanvraag (%(about)s).\n"), about=self._say(ABOUT[kind])
            )
            + self._noted(note)
            + self._say(
                N_(
                    "\nUw aanvraag blijft open. Hoe u antwoordt, staat hierboven; staat het er niet, neem dan contact op met uw "
                    "gemeente.\n"
                )
            ),
        )

    def _noted(self, note: str) -> str:
        return f"\n{note}\n" if note else ""

    def _say(self, text: str, **values: object) -> str:
        return self._call.state.rendering.say(self._language, text, **values)


async def post(call: Call, recipient: str, letter: Letter) -> None:
    """To the postman; on disk when this returns."""
    await call.hub.store.mails.put(recipient, letter.subject, letter.text, call.now())
