"""Makes the texts of one alert in one language: which pieces there are, what they are in this kind of message, how they fit.

Times are shown in Europe/Amsterdam. A description too long for a channel is cut, never split over messages; the link has the rest.
Called by message.py, which keeps what was made. Over 300 lines: the pieces of a text and how they stand in it are read together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.cap import EXPIRED, NEIGHBOURS, alert_from_content
from hub.channel import Location, Part, Picture, Wording
from hub.domain import Alert, Info, MsgType, Status
from hub.relay.fitting import cut, fit, units
from hub.relay.scene import picture, scene
from hub.relay.words import LANGUAGES, Language
from hub.store.alerts import AlertView

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TEXT_MOST = 4096
SHORT_MOST = 1024
# All parts together, so that they fit into a WhatsApp template: 1,024 characters when filled in, of which the fixed words of ours
# take at most 330 (config/whatsapp; a test measures them).
PARTS_MOST = 640
TITLE_PLACE_MOST = 80
LOCATION_NAME_MOST = 100
NAMES_SHOWN = 3
PARTS = ("number", "event", "headline", "where", "time", "until", "description", "instruction", "link")
ENDS = ("cancelled", "all_clear", "expired")
"""The kinds that end an alert."""
OUTCOME = "buurtsein-outcome-"
"""Begins the CAP code that names what came of an alert (domain.Outcome)."""
_VOWELS = tuple("aeiouAEIOU")

Pieces = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What the texts need of a stored alert. Its raw content, which may hold a picture in base64, is left behind.

    `earlier`: the newest alert of ours that this one is about, if any.
    """

    id: str
    alert: Alert
    names: tuple[str, ...]
    picture: Picture | None
    earlier: Told | None = None
    accepted_at: int = 0


def told_of(view: AlertView, earlier: AlertView | None = None) -> Told:
    return Told(
        id=view.id,
        alert=replace(alert_from_content(view.content), content={}),
        names=tuple(one.name for one in view.matched),
        picture=picture(view.content.get("info", ())),
        earlier=replace(told_of(earlier), picture=None) if earlier is not None else None,
        accepted_at=view.accepted_at,
    )


def kind_of(alert: Alert) -> str:
    """What a message tells: alert, update, cancelled (withdrawn by a Cancel), all_clear (CAP's responseType AllClear) or expired.

    An all-clear names the alert it ends; without that it is news like any other.
    """
    if alert.msg_type is MsgType.CANCEL:
        return "cancelled"
    if alert.references and any("AllClear" in info.response_types for info in alert.infos):
        return "expired" if EXPIRED in alert.codes else "all_clear"
    return "update" if alert.msg_type is MsgType.UPDATE else "alert"


def beside_of(alert: Alert) -> dict[Part, object]:
    """What can go beside the message of this alert; equal values are the same picture, the same place."""
    shown = picture(alert.content.get("info", ()))
    has = {Part.PICTURE: shown and shown.digest, Part.LOCATION: _scene_of(alert)}
    return {part: found for part, found in has.items() if found is not None}


def message_of(told: Told, words: Language, pages: str, channel: str = "", aside: str = "") -> Wording:
    """What an admin gets. `pages`: where the public pages are, without the number. `aside`: which of words.asides it has."""
    return _Teller(told, words, pages, channel, note=words.asides[aside] if aside else "").wording("message", "short")


def amended_of(told: Told, words: Language, pages: str, by: str, channel: str = "") -> Wording:
    """The message of this alert as it should read once it was updated, cancelled or has ended (`by`: a kind)."""
    return _Teller(told, words, pages, channel, note=words.amended[by]).wording("amended", "amended")


def post_of(told: Told, words: Language, pages: str) -> Wording | None:
    """What residents read in their own chat; nothing of what is not real."""
    teller = _Teller(told, words, pages)
    return None if teller.lead else teller.wording(teller.body, teller.body)


class _Teller:
    """One alert told in one language for one channel."""

    def __init__(self, told: Told, words: Language, pages: str, channel: str = "", note: str = "") -> None:
        self._told, self._words, self._channel = told, words, channel
        self._kind = kind_of(told.alert)
        self._ended = self._kind in ENDS
        # What has ended is told under the number, event and place that people know it by.
        self._about = told.earlier if self._ended and told.earlier else told
        self._neighbours = NEIGHBOURS in self._about.alert.codes
        practice = {Status.EXERCISE: "exercise", Status.TEST: "test"}.get(told.alert.status, "")
        if self._neighbours:  # also to Meta: its templates for alerts say "police"
            self.template = "neighboursended" if self._ended else "neighbours"
        else:
            self.template = practice or ("ended" if self._ended else self._kind)
        self.lead = words.leads.get(practice, "")
        self.body = (
            "practice" if practice else "ended" if self._ended else "neighbours" if self._neighbours else "forward"
        )
        self._pieces = {**self._found(pages), "note": note, "lead": self.lead, "kind": self._kind}
        self._pieces["neighbours"] = "yes" if self._neighbours else ""
        # By what was left of the pieces: nearly always all of them, for whole and short text alike.
        self._full: Callable[[Pieces], dict[str, str]] = _once(self._filled_in)
        self._whole: Callable[[Pieces], dict[str, str]] = _once(self._with_body)

    def wording(self, whole: str, short: str) -> Wording:
        shared = whole == "message" and not self.lead  # nothing of an exercise is ever forwarded
        return Wording(
            template=self.template,
            language=self._words.code,
            text=self._fitted(whole, TEXT_MOST),
            short_text=self._fitted(short, SHORT_MOST),
            parts=fit(self._parts, self._pieces, PARTS_MOST, lambda parts: sum(map(units, parts.values()))),
            location=self._location(),
            picture=None if self._ended else self._told.picture,
            forward=self._fitted(self.body, SHORT_MOST) if shared else "",
            share=self._words.asides["share"] if shared else "",
        )

    # what there is to tell ----------------------------------------------------------------------------------------------------

    def _found(self, pages: str) -> dict[str, str]:
        """The pieces as the police gave them."""
        told, about, words = self._told, self._about, self._words
        info, own = _info_for(about.alert, words.code), _info_for(told.alert, words.code)
        sent, until = about.alert.sent, (own.expires if own else None) or told.alert.expires
        pieces = {
            "number": about.id,
            "earlier": told.earlier.id if told.earlier and about is told else "",
            "event": (_one_line(info.event) or words.blanks["event"]) if info else "",
            "event_language": info.language if info else "",
            "headline": _outcome(told.alert, words) or (_one_line(own.headline) if own else ""),
            "description": _tidy(own.description) if own else "",
            "instruction": _tidy(own.instruction) if own else "",
            "place": _one_line(
                "; ".join(dict.fromkeys(a.description for a in info.areas if a.description)) if info else ""
            ),
            "map": "" if self._ended else _map_link(about.alert),
            # What is forwarded lives on in groups: it must not read as today's next week.
            "day": sent.astimezone(AMSTERDAM).strftime("%d-%m-%Y"),
            "time": _clock(sent, sent),
            "until": _clock(told.alert.sent if self._ended else until, sent),
            "link": f"{pages}{about.id}",
        }
        if about is not told:
            # A Cancel often repeats the whole alert: that is not how it ended.
            for one in about.alert.infos:
                said = _one_line(one.headline), _tidy(one.description), _tidy(one.instruction)
                for name, text in zip(("headline", "description", "instruction"), said, strict=True):
                    pieces[name] = "" if pieces[name] == text else pieces[name]
        if pieces["headline"].casefold() == pieces["event"].casefold():
            pieces["headline"] = ""
        return pieces

    def _filled_in(self, pieces: Pieces) -> dict[str, str]:
        """All that a template may name, made of what is left of the pieces."""
        words, event, place = self._words, pieces["event"], pieces["place"]
        small = _small(event, pieces["event_language"])
        prefix = words.practice.get(self._kind, "") if self.lead else ""
        shown = ": ".join(filter(None, (prefix, small))) if prefix else event
        # Whom neighbours warn is more than where they saw it.
        where = place if self._neighbours else _where(place, self._about.names, words)
        own = self._neighbours and not self._ended
        kind = words.titles["neighbours" if own else self._kind]
        title = ["" if self.lead else kind, "" if own else shown, cut(place or where, TITLE_PLACE_MOST)]
        return {
            **pieces,
            "event": shown,
            "an_event": _with_article(small, words),
            "where": where,
            "title": " · ".join(filter(None, title)),
            "instruction": self._instruction(pieces["instruction"]),
            "body": "",
            "answer": "",
        }

    def _instruction(self, own: str) -> str:
        """A real alert always says to call 112, an exercise never."""
        names_112 = re.search(r"(?<!\d)112(?!\d)", own) is not None
        if self.lead:
            return "" if names_112 else own
        if self._ended or names_112:
            return own
        return f"{self._words.instructions['neighbours' if self._neighbours else 'alert']} {own}".strip()

    def _parts(self, pieces: Pieces) -> dict[str, str]:
        """What fills a template with fixed words: no place in it may stay empty. Its time has the day, as it is forwarded whole."""
        full, words = self._full(pieces), self._words
        spoken = {"update": "alert", "neighboursended": "ended"}.get(self.template, self.template)
        told = {
            **full,
            "event": full["event"] or words.blanks["event"],
            "headline": full["headline"]
            or (words.ended[self._kind] if self._ended else pieces["event"])
            or words.blanks["event"],
            "where": full["where"] or words.blanks["where"],
            "time": f"{full['day']} {full['time']}",
            "description": full["description"]
            or words.blanks["explanation" if self._ended or self.template == "test" else "description"],
            "instruction": f"{full['instruction'] or words.instructions[spoken]} {full['note']}",
        }
        return {name: _one_line(told[name]) for name in PARTS}

    def _location(self) -> Location | None:
        at = _scene_of(self._told.alert)
        if at is None or self._ended:
            return None
        full = self._full(self._pieces)
        return Location(*at, cut(full["where"] or full["event"], LOCATION_NAME_MOST))

    # saying it ----------------------------------------------------------------------------------------------------------------

    def _with_body(self, pieces: Pieces) -> dict[str, str]:
        full = {**self._full(pieces)}
        full["answer"] = "" if self._ended else self._words.say("answer", full, self._channel)
        full["body"] = self._words.say(self.body, full, self._channel)
        return full

    def _fitted(self, name: str, most: int) -> str:
        """The text that this template makes, of at most so many units."""

        def render(pieces: Pieces) -> str:
            whole = self._whole(pieces)
            return whole["body"] if name == self.body else self._words.say(name, whole, self._channel)

        return cut(fit(render, self._pieces, most, units), most)


def _once(make: Callable[[Pieces], dict[str, str]]) -> Callable[[Pieces], dict[str, str]]:
    made: dict[tuple[str, ...], dict[str, str]] = {}

    def remembered(pieces: Pieces) -> dict[str, str]:
        key = tuple(pieces.values())
        if key not in made:
            made[key] = make(pieces)
        return made[key]

    return remembered


def _outcome(alert: Alert, words: Language) -> str:
    """How we say what came of it, where a code of the alert names that."""
    return next(
        (words.outcomes.get(code.removeprefix(OUTCOME), "") for code in alert.codes if code.startswith(OUTCOME)), ""
    )


def _info_for(alert: Alert, code: str) -> Info | None:
    return next((info for info in alert.infos if info.language[:2].lower() == code), next(iter(alert.infos), None))


def _scene_of(alert: Alert) -> tuple[float, float] | None:
    return scene(area for info in alert.infos for area in info.areas)


def _where(place: str, names: tuple[str, ...], words: Language) -> str:
    """The police's own words for the place, then the neighbourhoods nearest to the scene."""
    shown = ", ".join(name for name in names[:NAMES_SHOWN] if not _says(place, name))
    if len(names) > NAMES_SHOWN:
        shown = f"{shown} {words.sentence['more'].replace('{n}', str(len(names) - NAMES_SHOWN))}".strip()
    return f"{place} ({shown})" if place and shown else place or shown


def _says(place: str, name: str) -> bool:
    """Whether the place says this name already, as words of its own: "Dorpsstraat" does not say "Dorp"."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", place, re.IGNORECASE) is not None


def _small(event: str, language: str) -> str:
    """The event as it stands inside a sentence. Acronyms (GRIP 1, NL-Alert) and names (Amber Alert) keep their capitals.

    Only in a language of which we know that it writes nouns so: German does not.
    """
    known = LANGUAGES.get(language[:2].lower())
    first, _, rest = event.partition(" ")
    if known is None or not known.small_letters or rest[:1].isupper():
        return event
    capitals = 2 if first.startswith("IJ") else 1  # one letter to the Dutch: IJsongeval, ijsongeval
    tail = first[capitals:]
    return first[:capitals].lower() + event[capitals:] if tail[:1].isalpha() and tail == tail.lower() else event


def _with_article(event: str, words: Language) -> str:
    if not event:
        return ""
    article = words.sentence["article_before_vowel" if event.startswith(_VOWELS) else "article"]
    has_one = event.partition(" ")[0] in (words.sentence["article"], words.sentence["article_before_vowel"])
    return event if has_one else f"{article} {event}"


def _map_link(alert: Alert) -> str:
    at = _scene_of(alert)
    if at is None:
        return ""
    latitude, longitude = f"{at[0]:.5f}", f"{at[1]:.5f}"
    return f"https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=16/{latitude}/{longitude}"


def _clock(moment: datetime, sent: datetime) -> str:
    """HH:MM, with the date where it is not the day the alert was sent."""
    local, day = moment.astimezone(AMSTERDAM), sent.astimezone(AMSTERDAM).date()
    return local.strftime("%H:%M" if local.date() == day else "%d-%m-%Y %H:%M")


def _tidy(text: str) -> str:
    """Free text without blank ends and without more than one empty line in a row; nothing if there is nothing to see in it."""
    tidy = re.sub(r"\n\s*\n", "\n\n", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    return tidy if any(unicodedata.category(sign)[0] not in "CMZ" for sign in tidy) else ""


def _one_line(text: str) -> str:
    """WhatsApp refuses template parameters with line ends, tabs or more than four spaces in a row."""
    return re.sub(r"\s+", " ", _tidy(text))
