"""What an admin reads of an alert: everything the contract promises (§6), in their language, in Dutch time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.relay.wordings import LINK, post, told, wording

DESCRIPTION = "Man, 1,80 m, zwarte jas.\nVlucht te voet richting station."
FORWARD = """Inbraak aan de Kerkstraat

Dit is een bericht van de politie, i.v.m. een woninginbraak in de omgeving van Kerkstraat, Zoetermeer (Dorp, Palenstein) \
wordt u verzocht uit te kijken naar het volgende signalement:
Man, 1,80 m, zwarte jas.
Vlucht te voet richting station.

Heeft u informatie? Bel 112.

Melding 7K3M-2QXA · 22-11-2026, 12:00 · geldig tot 14:00
Kaart: https://www.openstreetmap.org/?mlat=52.06070&mlon=4.49400#map=16/52.06070/4.49400
Echt en nog actief? https://hub.example/a/7K3M-2QXA"""


def test_the_whole_message_as_it_is_read() -> None:
    assert (
        wording(info={"description": DESCRIPTION}).text
        == f"""Politie · Woninginbraak · Kerkstraat, Zoetermeer
Stuur dit door in uw groep:
———
{FORWARD}
———

Antwoord met een knop of met een woord: ok · d (doorgestuurd) · nee"""
    )


def test_the_short_message_says_the_same() -> None:
    assert (
        wording(info={"description": DESCRIPTION}).short_text
        == f"""Politie · Woninginbraak · Kerkstraat, Zoetermeer
Stuur dit bericht door in uw groep.

{FORWARD}"""
    )


def test_residents_read_the_forwarded_text_alone() -> None:
    made = post(told(info={"description": DESCRIPTION}))
    assert made is not None
    assert made.text == made.short_text == FORWARD


def test_without_a_description_people_are_asked_to_look_out_all_the_same() -> None:
    made = wording()
    assert "(Dorp, Palenstein) wordt u verzocht goed uit te kijken.\n\nHeeft u informatie?" in made.text
    assert made.parts["description"] == "geen signalement bekend"


def test_without_a_place_it_is_in_the_readers_own_neighbourhood() -> None:
    area = [{"circle": ["52.06,4.49 0.4"]}]
    made = wording(matched=(), info={"area": area})
    assert made.text.startswith("Politie · Woninginbraak\n")
    assert "i.v.m. een woninginbraak bij u in de buurt wordt u verzocht" in made.text
    assert made.parts["where"] == "bij u in de buurt"
    assert made.location is not None
    assert made.location.name == "Woninginbraak"


@pytest.mark.parametrize("headline", ["", "Woninginbraak", "WONINGINBRAAK"])
def test_a_headline_that_only_repeats_the_event_is_left_out(headline: str) -> None:
    made = wording(info={"headline": headline})
    assert "———\nDit is een bericht van de politie" in made.text
    assert made.parts["headline"] == "Woninginbraak"


def test_an_english_reader_gets_english_round_the_polices_own_words() -> None:
    assert (
        wording("en", info={"description": DESCRIPTION}).text
        == """Police · Woninginbraak · Kerkstraat, Zoetermeer
Forward this to your group:
———
Inbraak aan de Kerkstraat

This is a message from the police. In connection with a woninginbraak near Kerkstraat, Zoetermeer (Dorp, Palenstein) \
you are asked to look out for the following description:
Man, 1,80 m, zwarte jas.
Vlucht te voet richting station.

Do you have information? Call 112.

Alert 7K3M-2QXA · 22-11-2026, 12:00 · valid until 14:00
Map: https://www.openstreetmap.org/?mlat=52.06070&mlon=4.49400#map=16/52.06070/4.49400
Real and still active? https://hub.example/a/7K3M-2QXA
———

Answer with a button or a word: ok · f (forwarded) · no"""
    )


@pytest.mark.parametrize(
    ("event", "language", "sentence"),
    [
        ("Overval", "nl-NL", "een overval"),
        ("Gewapende overval", "nl-NL", "een gewapende overval"),
        ("vermissing", "nl-NL", "een vermissing"),
        ("Een inbraak", "nl-NL", "een inbraak"),
        ("IJsongeval", "nl-NL", "een ijsongeval"),
        ("GRIP 1", "nl-NL", "een GRIP 1"),
        ("NL-Alert", "nl-NL", "een NL-Alert"),
        ("A12 afgesloten", "nl-NL", "een A12 afgesloten"),
        ("Amber Alert", "nl-NL", "een Amber Alert"),
        ("Overval: 2 mannen", "nl-NL", "een overval: 2 mannen"),
        ("Einbruch", "de-DE", "een Einbruch"),
        ("112", "nl-NL", "een 112"),
        ("×", "nl-NL", "een ×"),
    ],
)
def test_the_event_is_small_inside_a_sentence_unless_it_is_an_acronym_or_a_name(
    event: str, language: str, sentence: str
) -> None:
    made = wording(info={"event": event, "language": language})
    assert f", i.v.m. {sentence} in de omgeving" in made.text
    assert made.text.startswith(f"Politie · {event} · Kerkstraat")


@pytest.mark.parametrize(
    ("event", "sentence"), [("Burglary", "a burglary"), ("Armed robbery", "an armed robbery"), ("MISSING", "a MISSING")]
)
def test_english_has_an_article_for_vowels(event: str, sentence: str) -> None:
    assert f"In connection with {sentence} near" in wording("en", info={"event": event, "language": "en-GB"}).text


@pytest.mark.parametrize("code", ["fr", "de-DE", "", "zz"])
def test_another_language_gets_dutch(code: str) -> None:
    assert wording(code) == wording("nl")


@pytest.mark.parametrize("code", ["nl-NL", "NL", "en-GB", "EN"])
def test_a_language_may_come_with_its_country(code: str) -> None:
    assert wording(code).language == code[:2].lower()


def test_a_police_text_in_the_persons_language_is_taken_and_else_the_first() -> None:
    infos = [
        {
            "language": code,
            "event": event,
            "headline": event,
            "area": [{"areaDesc": "Kerkstraat", "circle": ["52,4 1"]}],
        }
        for code, event in (("nl-NL", "Inbraak"), ("en-GB", "Burglary"))
    ]
    assert wording("en", infos=infos).parts["event"] == "Burglary"
    assert wording("nl", infos=infos).parts["event"] == "Inbraak"
    assert wording("nl", infos=infos[1:]).parts["event"] == "Burglary"


@pytest.mark.parametrize(
    ("sent", "expires", "time", "until"),
    [
        ("2026-11-22T11:00:00+00:00", "2026-11-22T22:59:00+00:00", "12:00", "23:59"),  # winter
        ("2026-07-01T11:00:00+00:00", "2026-07-01T13:00:00+00:00", "13:00", "15:00"),  # summer
        ("2026-10-25T00:30:00+00:00", "2026-10-25T01:30:00+00:00", "02:30", "02:30"),  # the hour that comes twice
        ("2026-03-29T00:30:00+00:00", "2026-03-29T01:30:00+00:00", "01:30", "03:30"),  # the hour that does not come
        ("2026-11-22T23:30:00+00:00", "2026-11-23T01:30:00+00:00", "00:30", "02:30"),  # one day here, two in UTC
        ("2026-11-22T22:30:00+00:00", "2026-11-22T23:30:00+00:00", "23:30", "23-11-2026 00:30"),  # the other way round
        ("2026-12-31T20:00:00-05:00", "2027-01-01T04:00:00-05:00", "02:00", "10:00"),  # another zone
    ],
)
def test_times_are_dutch_and_the_date_is_there_when_it_is_another_day(
    sent: str, expires: str, time: str, until: str
) -> None:
    made = wording(sent=sent, info={"expires": expires})
    day = datetime.fromisoformat(sent).astimezone(ZoneInfo("Europe/Amsterdam")).strftime("%d-%m-%Y")
    assert made.parts["time"] == f"{day} {time}"
    assert made.parts["until"] == until
    for text in (made.text, made.short_text):
        assert f"· {day}, {time} · geldig tot {until}\n" in text, "what is forwarded bears its day"


@pytest.mark.parametrize(
    ("own", "read"),
    [
        ("", "Bel 112."),
        ("Benader hem niet.\nBel 112.", "Benader hem niet.\nBel 112."),
        ("Benader hem niet.", "Bel 112. Benader hem niet."),
        ("Bel 0900-8844 of kijk op tel. 01120.", "Bel 112. Bel 0900-8844 of kijk op tel. 01120."),
    ],
)
def test_a_real_alert_always_says_to_call_112_beside_the_polices_own_instruction(own: str, read: str) -> None:
    made = wording(info={"instruction": own})
    assert f"Heeft u informatie? {read}\n\n" in made.text
    assert f"Heeft u informatie? {read}\n\n" in made.short_text
    assert made.parts["instruction"] == read.replace("\n", " ")
    assert wording("en").parts["instruction"] == "Call 112."


@pytest.mark.parametrize(
    ("names", "where"),
    [
        ((), "Kerkstraat"),
        (("Dorp",), "Kerkstraat (Dorp)"),
        (("kerkstraat",), "Kerkstraat"),
        (("Kerk",), "Kerkstraat (Kerk)"),
        (("A", "B", "C", "D", "E"), "Kerkstraat (A, B, C en nog 2)"),
    ],
)
def test_where_names_the_street_and_the_nearest_neighbourhoods(names: tuple[str, ...], where: str) -> None:
    area = [{"areaDesc": "Kerkstraat", "circle": ["52.06,4.49 0.4"]}]
    assert wording(matched=names, info={"area": area}).parts["where"] == where


def test_the_link_is_the_alerts_own_page() -> None:
    assert LINK in wording().text and LINK in wording().short_text and wording().parts["link"] == LINK


def test_on_matrix_no_buttons_are_named_and_all_else_is_the_same() -> None:
    matrix, telegram = wording(channel="matrix"), wording(channel="telegram")
    assert matrix.text.splitlines()[-1] == "Antwoord met een woord: ok · d (doorgestuurd) · nee"
    assert matrix.text.splitlines()[:-1] == telegram.text.splitlines()[:-1]
    assert telegram == wording()
