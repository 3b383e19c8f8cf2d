"""What an admin reads: everything the contract promises (§6), in their language, in Dutch time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from hub.relay.message import Messages
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.wordings import LINK, wording
from tests.relay.world import accept

DESCRIPTION = "Man, 1,80 m, zwarte jas.\nVlucht te voet richting station."


def test_the_whole_message_as_it_is_read() -> None:
    assert (
        wording(info={"description": DESCRIPTION}).text
        == """Bericht van de politie · 7K3M-2QXA

Inbraak aan de Kerkstraat

Wat: Woninginbraak
Waar: Kerkstraat, Zoetermeer (Dorp, Palenstein)
Kaart: https://www.openstreetmap.org/?mlat=52.06070&mlon=4.49400#map=16/52.06070/4.49400
Tijd: 12:00, geldig tot 14:00

Man, 1,80 m, zwarte jas.
Vlucht te voet richting station.

Bel 112.

Stuur dit door in uw groep:
———
Bericht van de politie 7K3M-2QXA (22-11-2026, 12:00): Inbraak aan de Kerkstraat
Waar: Kerkstraat, Zoetermeer (Dorp, Palenstein)
Man, 1,80 m, zwarte jas.
Vlucht te voet richting station.
Ziet u iets? Bel 112.
Geldig tot 14:00. Echt en nog actief? https://hub.example/a/7K3M-2QXA
———

Antwoord met een knop of met een woord: ok · d (doorgestuurd) · nee"""
    )


def test_the_short_message_says_the_same() -> None:
    assert (
        wording(info={"description": DESCRIPTION}).short_text
        == """Bericht van de politie · 7K3M-2QXA

Inbraak aan de Kerkstraat
Woninginbraak, Kerkstraat, Zoetermeer (Dorp, Palenstein)
12:00, geldig tot 14:00

Man, 1,80 m, zwarte jas.
Vlucht te voet richting station.

Bel 112.

Stuur dit bericht door in uw groep.
Controleer: https://hub.example/a/7K3M-2QXA"""
    )


def test_an_exercise_as_it_is_read() -> None:
    assert (
        wording("en", status="Exercise").text
        == """EXERCISE – not a real alert

Message from the police · 7K3M-2QXA

Inbraak aan de Kerkstraat

What: Woninginbraak
Where: Kerkstraat, Zoetermeer (Dorp, Palenstein)
Map: https://www.openstreetmap.org/?mlat=52.06070&mlon=4.49400#map=16/52.06070/4.49400
Time: 12:00, valid until 14:00

Call 112.

This is not a real alert: do not call 112 for it and forward nothing. Do answer as you would to a real one.
Check: https://hub.example/a/7K3M-2QXA

Answer with a button or a word: ok · f (forwarded) · no"""
    )


@pytest.mark.parametrize(
    ("status", "lead", "template"), [("Exercise", "OEFENING", "exercise"), ("Test", "TEST", "test")]
)
def test_what_is_not_real_says_so_in_its_first_line_and_has_nothing_to_forward(
    status: str, lead: str, template: str
) -> None:
    made = wording(status=status)
    assert made.template == template
    for text in (made.text, made.short_text):
        assert text.splitlines()[0].startswith(lead)
        assert "———" not in text
        assert "Stuur dit" not in text
        assert "stuur niets door" in text


def test_an_update_is_marked_everywhere() -> None:
    made = wording(msgType="Update", references="a,b,2026-11-22T10:00:00+01:00")
    assert "AANVULLING" in made.text.splitlines()[0]
    assert "AANVULLING" in made.short_text.splitlines()[0]
    assert "(22-11-2026, 12:00), aanvulling: Inbraak" in made.text
    assert made.parts["event"].startswith("Aanvulling: ")
    assert not wording().parts["event"].startswith("Aanvulling")


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
    assert f"{made.parts['time'][:10]}, {time}" in made.text, "what is forwarded bears its day"
    assert f"Tijd: {time}, geldig tot {until}" in made.text


def test_the_polices_own_instruction_is_taken_before_ours() -> None:
    made = wording(info={"instruction": "Benader hem niet.\nBel 112."})
    assert "Benader hem niet.\nBel 112." in made.text
    assert made.parts["instruction"] == "Benader hem niet. Bel 112."
    assert wording().parts["instruction"] == "Bel 112."
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


def test_an_area_without_a_shape_has_no_map_link() -> None:
    area = [{"areaDesc": "Dorp", "geocode": [{"valueName": "CBS-BU", "value": "BU06370100"}]}]
    assert "Kaart" not in wording(info={"area": area}).text


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": [4.2, 52.1]},
        {"type": "Polygon", "coordinates": [[[4, 52], [4.4, 52], [4.4, 52.2], [4, 52.2], [4, 52]]]},
        {"type": "GeometryCollection", "geometries": [{"type": "LineString", "coordinates": [[4, 52], [4.4, 52.2]]}]},
    ],
    ids=lambda geometry: str(geometry["type"]),
)
def test_the_map_of_a_geometry_points_at_its_middle_too(geometry: dict[str, object]) -> None:
    made = wording(info={"area": [{"areaDesc": "Dorp", "geometry": geometry}]})
    assert "mlat=52.10000&mlon=4.20000" in made.text


def test_the_map_of_a_polygon_points_at_its_middle() -> None:
    area = [{"areaDesc": "Dorp", "polygon": ["52.0,4.0 52.2,4.0 52.2,4.4 52.0,4.4 52.0,4.0"]}]
    assert "mlat=52.10000&mlon=4.20000" in wording(info={"area": area}).text


def test_the_link_is_the_alerts_own_page() -> None:
    assert LINK in wording().text and LINK in wording().short_text and wording().parts["link"] == LINK


async def test_texts_are_made_from_the_store_once_and_for_ever_many_alerts(store: Store, clock: FakeClock) -> None:
    messages = Messages(store.alerts, "https://hub.example/")
    for n in range(210):
        await accept(store, clock, f"N{n}", "BU1")
        await messages.prepare({f"N{n}"})
    assert messages.wording("N209", "nl") is messages.wording("N209", "fr")
    assert "https://hub.example/a/N209" in messages.wording("N209", "nl").text
    await messages.prepare({"N0"})  # long forgotten
    assert messages.wording("N0", "en").parts["number"] == "N0"
