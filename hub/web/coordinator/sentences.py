"""What the layers below refuse, in English, said in the visitor's language. What is not known here is shown as it came."""

from __future__ import annotations

import re
from typing import Final

from hub.web.calls import Call
from hub.web.languages import N_

HANDLES: Final = {
    "whatsapp": N_("Vul een internationaal telefoonnummer in, zoals +31612345678, zonder 0 na +31."),
    "telegram": N_("Vul het nummer van de Telegram-chat in, zoals 700001; geen naam."),
    "matrix": N_("Vul een Matrix-adres in, zoals @anna:voorbeeld.nl."),
}

_SENTENCES: Final = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"(?P<code>\w+) lies outside your municipality", N_("%(code)s ligt buiten uw gemeente.")),
        (r"choose a group in your municipality", N_("Kies een groep in uw gemeente.")),
        (
            r"this group lies outside your municipality, or reaches beyond it",
            N_("Deze groep ligt buiten uw gemeente, of reikt erbuiten."),
        ),
        (
            r"somebody in this list also runs a group outside your municipality",
            N_("Iemand in deze lijst beheert ook een groep buiten uw gemeente."),
        ),
        (r"another group has this name", N_("Er is al een groep met deze naam.")),
        (r"there is no admin (?P<id>\d+)", N_("Een van deze beheerders is er niet meer. Zoek opnieuw.")),
        (r"there is no group (?P<id>\d+)", N_("Een van deze groepen is er niet meer. Zoek opnieuw.")),
        (
            r"a handle or rank is used twice, here or by another admin",
            N_("Een adres of een volgorde staat er twee keer, of het adres is al van een andere beheerder."),
        ),
        (r"is empty", N_("Dit is leeg.")),
        (r"has a header and no rows", N_("Het bestand heeft kolomnamen, maar geen rijen.")),
        (r"the column (?P<name>.+) is missing", N_("De kolom %(name)s ontbreekt.")),
        (r"a column without a name is no column of ours", N_("Een kolom heeft geen naam.")),
        (r"(?P<name>.+) is no column of ours", N_("De kolom %(name)s kennen we niet.")),
        (r"the column (?P<name>.+) is there twice", N_("De kolom %(name)s staat er twee keer.")),
        (
            r"has (?P<cells>\d+) cells, the header has (?P<names>\d+)",
            N_("Deze rij heeft %(cells)s cellen; er zijn %(names)s kolommen."),
        ),
        (r"is larger than (?P<size>\d+) MiB", N_("Het bestand is groter dan %(size)s MB.")),
        (
            r"is a spreadsheet, not CSV: .*",
            N_("Dit is een spreadsheet. Sla het op als ‘CSV UTF-8’ en kies dat bestand."),
        ),
        (
            r"is not UTF-8 \(line (?P<line>\d+)\): .*",
            N_("Het bestand is geen UTF-8 (regel %(line)s). Sla het op als ‘CSV UTF-8’."),
        ),
        (
            r"a quote is opened and never closed, .*",
            N_("Een aanhalingsteken wordt niet gesloten, of staat midden in een cel. De rest is niet gelezen."),
        ),
        (
            r"(?P<codes>.+): not on the map \(codes .*",
            N_("%(codes)s staat niet op de kaart. Gebruik codes als BU06370300 of WK063703, met | ertussen."),
        ),
        (r"names no code", N_("Hier staat geen code van een buurt of wijk.")),
        (r"longer than (?P<most>\d+) signs", N_("Dit is langer dan %(most)s tekens.")),
        (r"holds a sign that is no text .*", N_("Hier staan tekens in die geen tekst zijn.")),
        (
            r"not the name of a messenger such as .*",
            N_("Dit is geen naam van een berichtenapp, zoals whatsapp, telegram, matrix of signal."),
        ),
        (r"not one of (?P<among>.+): the hub has no texts .*", N_("Kies uit: %(among)s.")),
        (r"not one of (?P<among>.+)", N_("Kies uit: %(among)s.")),
        (
            r"not a whole number from (?P<least>\d+) to (?P<most>\d+)",
            N_("Vul een heel getal in van %(least)s tot %(most)s."),
        ),
        (r"differs from row (?P<row>\d+), the same group", N_("Anders dan in rij %(row)s, terwijl het dezelfde groep is.")),
        (
            r"differs from row (?P<row>\d+), the same admin",
            N_("Anders dan in rij %(row)s, terwijl het dezelfde beheerder is."),
        ),
        (
            r"another name than in row (?P<row>\d+), though .*",
            N_("Een andere naam dan in rij %(row)s, terwijl een adres de twee verbindt."),
        ),
        (
            r"the same address in the same group as row (?P<row>\d+)",
            N_("Hetzelfde adres in dezelfde groep als in rij %(row)s."),
        ),
        (
            r"(?P<here>\d+) here, (?P<there>\d+) in row (?P<row>\d+) for the same handle",
            N_("Hier %(here)s, maar %(there)s in rij %(row)s voor hetzelfde adres."),
        ),
        (
            r"(?P<rank>\d+) is taken by another address of this admin, in row (?P<row>\d+)",
            N_("Volgorde %(rank)s is al van een ander adres van deze beheerder, in rij %(row)s."),
        ),
        (
            r".* is not an international number such as .*",
            N_("Vul een internationaal telefoonnummer in, zoals +31612345678. Een spreadsheet laat de + weg: maak de kolom eerst ‘tekst’."),  # noqa: E501  # one sentence
        ),
        (r".* has a 0 after \+31 .*", N_("Na +31 hoort geen 0.")),
        (r".* is not a Telegram chat id: .*", HANDLES["telegram"]),
        (r".* is not a Matrix id such as .*", HANDLES["matrix"]),
        (
            r"there is no map yet: import neighbourhoods first",
            N_("Er is nog geen kaart met buurten. Vraag de beheerder van het systeem om die in te lezen."),
        ),
        (r"there is no such admin any more", N_("Deze beheerder is er niet meer.")),
        (r"give a channel the hub sends on, now: .*", N_("Op dit kanaal kunnen we nu niet versturen.")),
        (
            r"the map has no neighbourhood, district or municipality .*",
            N_("Deze wijk of buurt staat niet op de kaart."),
        ),
        (r"lies after `to`", N_("De eerste dag ligt na de laatste.")),
        (r"give a day such as .*", N_("Vul een datum in, zoals 2026-11-22.")),
    )
)  # fmt: skip

_PLACES: Final = {
    "file": N_("bestand"),
    "header": N_("kolomnamen"),
    "group": N_("groep"),
    "platform": N_("berichtenapp"),
    "members": N_("leden"),
    "neighbourhoods": N_("buurten"),
    "admin": N_("beheerder"),
    "language": N_("taal"),
    "channel": N_("kanaal"),
    "handle": N_("adres"),
    "rank": N_("volgorde"),
}


def known(reason: str) -> tuple[str, dict[str, object]]:
    """The sentence (Dutch, marked) and its values; the reason itself as a value where it is none of ours."""
    for pattern, sentence in _SENTENCES:
        found = pattern.fullmatch(reason)
        if found:
            return sentence, {name: value for name, value in found.groupdict().items() if f"%({name})s" in sentence}
    return N_("%(reason)s"), {"reason": reason}


def told(call: Call, reason: str) -> str:
    """The reason in the visitor's language."""
    sentence, values = known(reason)
    return call.say(sentence, **values)


def place_in_file(call: Call, place: str) -> tuple[str, str, str]:
    """(row, column as the file calls it, the column in words) of `row 7, handle`, `header` or `file`; '' for what it lacks."""
    row, _, column = place.rpartition(", ") if ", " in place else (place, "", "")
    number = row.removeprefix("row ") if row.startswith("row ") else ""
    column = column or ("" if number else place)
    return number, column, call.say(_PLACES[column]) if column in _PLACES else column
