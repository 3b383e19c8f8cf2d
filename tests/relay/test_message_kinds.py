"""What comes after an alert, and what is not real: updates, withdrawals, all-clears, exercises and tests, as they are read."""

from __future__ import annotations

from typing import Any

import pytest

from hub.relay.message import ENDS, kind_of
from tests.relay.wordings import LATER, LINK, NUMBER, after, amended, post, said, told, wording

FIRST = told(info={"description": "Man, zwarte jas.", "instruction": "Benader hem niet."})
CANCEL: dict[str, Any] = {"msgType": "Cancel", "infos": []}
ALL_CLEAR: dict[str, Any] = {
    "msgType": "Update",
    "info": {
        "responseType": ["AllClear"],
        "headline": "Verdachte aangehouden",
        "description": "Dank voor het uitkijken.",
    },
}
UPDATE: dict[str, Any] = {"msgType": "Update", "info": {"description": "Nu op een scooter."}}
KINDS = {"alert": None, "update": UPDATE, "cancelled": CANCEL, "all_clear": ALL_CLEAR}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_known(kind: str) -> None:
    later = KINDS[kind]
    one = FIRST if later is None else after(FIRST, **later)
    assert kind_of(one.alert) == kind
    assert said(one).template == ("ended" if kind in ENDS else kind)


def test_an_all_clear_names_what_it_ends_and_a_cancel_is_never_one() -> None:
    assert kind_of(told(info={"responseType": ["Monitor", "AllClear"]}).alert) == "alert"
    assert kind_of(after(FIRST, info={"responseType": ["Monitor", "AllClear"]}).alert) == "all_clear"
    assert kind_of(after(FIRST, msgType="Cancel", info={"responseType": ["AllClear"]}).alert) == "cancelled"


def test_an_update_says_so_first_and_which_alert_it_is_about() -> None:
    made = said(after(FIRST, **UPDATE))
    for text in (made.text, made.short_text):
        assert text.splitlines()[0] == "AANVULLING · Woninginbraak · Kerkstraat, Zoetermeer"
        assert f"Aanvulling op melding {NUMBER}\nInbraak aan de Kerkstraat\n" in text
        assert "Nu op een scooter." in text
        assert "Bel 112." in text
    assert made.parts["number"] == "9ABC-DEFG"
    assert made.parts["event"] == "Woninginbraak", "the template says already that it is an update"


def test_an_update_of_an_alert_we_do_not_know_is_an_update_all_the_same() -> None:
    made = wording(msgType="Update", references="a,b,2026-11-22T10:00:00+01:00")
    assert made.text.startswith("AANVULLING · ")
    assert "———\nAanvulling\nInbraak" in made.text


def test_a_withdrawn_alert_as_it_is_read() -> None:
    made = said(after(FIRST, **CANCEL))
    assert (
        made.text
        == """INGETROKKEN · Woninginbraak · Kerkstraat, Zoetermeer
Stuur dit door in uw groep:
———
Ingetrokken: melding 7K3M-2QXA van de politie. U hoeft niet meer uit te kijken.

Het ging om een woninginbraak in de omgeving van Kerkstraat, Zoetermeer (Dorp, Palenstein).
22-11-2026, 12:00 · beëindigd 12:45
Controleer: https://hub.example/a/7K3M-2QXA
———"""
    )


def test_an_all_clear_says_how_it_ended() -> None:
    made = said(after(FIRST, **ALL_CLEAR))
    assert made.text.splitlines()[0] == "EINDE MELDING · Woninginbraak · Kerkstraat, Zoetermeer"
    assert (
        """Einde melding 7K3M-2QXA van de politie: u hoeft niet meer uit te kijken.

Verdachte aangehouden

Dank voor het uitkijken.

Het ging om een woninginbraak"""
        in made.text
    )
    assert made.parts["headline"] == "Verdachte aangehouden"


@pytest.mark.parametrize("later", [CANCEL, ALL_CLEAR], ids=["cancel", "all-clear"])
@pytest.mark.parametrize("code", ["nl", "en"])
def test_an_end_sends_nobody_looking_and_points_at_no_place(later: dict[str, Any], code: str) -> None:
    made = said(after(FIRST, **later), code)
    forwarded = post(after(FIRST, **later), code)
    assert forwarded is not None
    for text in (made.text, made.short_text, forwarded.text):
        assert "112" not in text
        assert "zwarte jas" not in text
        assert "openstreetmap" not in text
        assert NUMBER in text and LINK in text
        assert len(text) < 500, "short"
    assert made.location is None
    assert "112" not in made.parts["instruction"]


def test_what_has_ended_keeps_its_number_and_its_time() -> None:
    parts = said(after(FIRST, **CANCEL)).parts
    assert (parts["number"], parts["link"]) == (NUMBER, LINK)
    assert (parts["time"], parts["until"]) == ("22-11-2026 12:00", "12:45")
    assert parts["headline"] == "de melding is ingetrokken"
    assert parts["instruction"] == "U hoeft niets meer te doen."


def test_a_cancel_that_repeats_the_whole_alert_does_not_repeat_its_description() -> None:
    again = {"description": "Man, zwarte jas.", "instruction": "Benader hem niet."}
    made = said(after(FIRST, msgType="Cancel", info=again))
    assert made == said(after(FIRST, **CANCEL))


def test_a_cancel_of_an_alert_without_a_trace_is_still_readable() -> None:
    made = wording(msgType="Cancel", references="a,b,2026-11-22T10:00:00+01:00", infos=[], matched=())
    assert made.text.startswith("INGETROKKEN\nStuur dit door")
    assert "Het ging om" not in made.text
    assert all(made.parts.values()), "no place in a template may stay empty"


@pytest.mark.parametrize(
    ("status", "lead"), [("Exercise", "OEFENING – geen echte melding"), ("Test", "TEST – geen echte melding")]
)
@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("alert", "Woninginbraak"),
        ("update", "Aanvulling: woninginbraak"),
        ("cancelled", "Ingetrokken: woninginbraak"),
        ("all_clear", "Einde melding: woninginbraak"),
    ],
)
def test_what_is_not_real_says_so_first_in_every_kind_and_has_nothing_to_forward(
    status: str, lead: str, kind: str, event: str
) -> None:
    first = told(status=status, info={"instruction": "Bel 112."})
    later = KINDS[kind]
    one = first if later is None else after(first, status=status, **later)
    made = said(one)
    assert made.template == status.lower()
    assert made.parts["event"] == event
    assert post(one) is None
    for text in (made.text, made.short_text, amended(one, "cancelled").text):
        assert text.splitlines()[0] == lead
        assert f"{event} · Kerkstraat, Zoetermeer" in text
        assert "———" not in text
        assert "Stuur dit" not in text.replace("Stuur dit niet meer door", "")
        assert "stuur niets door" in text
        assert "bel 112" not in text.lower()
    assert "112" not in made.parts["instruction"]


def test_an_english_exercise_as_it_is_read() -> None:
    assert (
        wording("en", status="Exercise", info={"instruction": "Blijf op afstand."}).text
        == """EXERCISE – not a real alert
Woninginbraak · Kerkstraat, Zoetermeer

Nothing has happened: forward nothing and do not ring 112 for it. Do answer as you would to a real alert.

Inbraak aan de Kerkstraat

Blijf op afstand.

Where: Kerkstraat, Zoetermeer (Dorp, Palenstein)
Number 7K3M-2QXA · 22-11-2026, 12:00 · valid until 14:00
Map: https://www.openstreetmap.org/?mlat=52.06070&mlon=4.49400#map=16/52.06070/4.49400
Check: https://hub.example/a/7K3M-2QXA

Answer with a button or a word: ok · f (forwarded) · no"""
    )


@pytest.mark.parametrize(
    ("by", "first_line"),
    [
        ("update", "BIJGEWERKT: zie het bericht hieronder."),
        ("cancelled", "INGETROKKEN: u hoeft niet meer uit te kijken. Stuur dit niet meer door."),
        ("all_clear", "EINDE MELDING: u hoeft niet meer uit te kijken. Stuur dit niet meer door."),
    ],
)
def test_an_earlier_message_edited_afterwards_starts_with_what_has_become_of_it(by: str, first_line: str) -> None:
    made = amended(FIRST, by)
    for text in (made.text, made.short_text):
        assert text.splitlines()[0] == first_line
        assert "Politie · Woninginbraak · Kerkstraat, Zoetermeer" in text
        assert "Man, zwarte jas." in text and NUMBER in text and LINK in text
        assert "in uw groep" not in text and "———" not in text and "Antwoord met" not in text


def test_residents_read_of_an_end_too() -> None:
    made = post(after(FIRST, **ALL_CLEAR))
    assert made is not None
    assert made.text.splitlines()[0] == f"Einde melding {NUMBER} van de politie: u hoeft niet meer uit te kijken."
    assert "Stuur dit" not in made.text


def test_an_end_on_another_day_bears_its_day() -> None:
    made = said(after(FIRST, sent=LATER.replace("-22T", "-23T"), **CANCEL))
    assert "22-11-2026, 12:00 · beëindigd 23-11-2026 12:45" in made.text
