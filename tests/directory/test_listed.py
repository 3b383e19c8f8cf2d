"""Somebody else's list, read as it comes: their columns, their encodings, and every mistake with its row."""

from __future__ import annotations

import pytest

from hub.directory.listed import Listed, Reason, Unreadable, Wrong, read_list
from hub.directory.reconciling import Compared, People, Standing, compared
from hub.domain import Address, Admin, Group, Handle

DISTRICTS = {"BU1": "WK1", "BU2": "WK1", "BU3": "WK2"}
PLACES = {
    "bu1": ["BU1"],
    "bu2": ["BU2"],
    "bu3": ["BU3"],
    "wk1": ["BU1", "BU2"],
    "noord": ["BU3"],
    "2715": ["BU1", "BU3"],
    "2715ab": ["BU1"],
}
OWN = "group,platform,members,neighbourhoods,admin,language,channel,handle,rank\n"


def codes(text: str) -> list[str]:
    return PLACES.get(text.lower().replace(" ", ""), [])


def read(text: str | bytes) -> tuple[Listed, ...]:
    return read_list(text.encode() if isinstance(text, str) else text, DISTRICTS, codes).groups


def mistakes(text: str) -> list[Wrong]:
    with pytest.raises(Unreadable) as caught:
        read(text)
    return list(caught.value.wrong)


@pytest.mark.parametrize(
    "text",
    [
        "groep;platform;leden;buurten\nWest;WhatsApp;180;BU1|BU2\n",
        "Naam,App,Aantal leden,Wijk\r\nWest,whatsapp groep,180,WK1\r\n",
        "name\tplatform\tmembers\tneighbourhoods\nWest\twhatsapp\t180\tBU2, BU1\n",
        "\ufeffgroep;contact;platform;leden;buurten\n  West ;iemand;whatsapp;180; bu1 | bu2 \n;;;;\n",
    ],
)
def test_lists_are_taken_as_people_keep_them(text: str) -> None:
    assert read(text) == (Listed("West", "whatsapp", 180, ("BU1", "BU2")),)


def test_an_older_spreadsheets_letters_are_read() -> None:
    assert read("groep;buurten\nCaf\u00e9buurt;BU1\n".encode("cp1252"))[0].name == "Cafébuurt"


def test_what_the_list_does_not_say_is_left_open_and_postcodes_are_neighbourhoods() -> None:
    assert read("groep;postcode\nWest;2715 AB\nOost;2715\n") == (
        Listed("West", None, None, ("BU1",)),
        Listed("Oost", None, None, ("BU1", "BU3")),
    )


def test_a_group_may_stand_in_several_rows() -> None:
    assert read("groep;leden;buurt\nWest;1.200;BU1\nwest;;Noord\n") == (Listed("West", None, 1200, ("BU1", "BU3")),)


def test_every_mistake_is_told_with_its_row() -> None:
    assert mistakes("groep;leden;buurten\n;10;BU1\nWest;veel;BU9|BU1\nOost;5;\n" + "x" * 201 + ";5;BU1\n") == [
        Wrong("2", "group", Reason.EMPTY),
        Wrong("3", "members", Reason.NUMBER, "veel"),
        Wrong("3", "neighbourhoods", Reason.PLACE, "BU9"),
        Wrong("4", "neighbourhoods", Reason.EMPTY),
        Wrong("5", "group", Reason.LONG),
    ]
    assert mistakes("naam;wie\nWest;ik\n") == [Wrong("1", "neighbourhoods", Reason.EMPTY)]
    assert [one.reason for one in mistakes("groep;buurten\nWest;BU1;te veel\n")] == [Reason.CELLS]
    assert [one.reason for one in mistakes('groep;buurten\n"West;BU1\n')] == [Reason.QUOTE]
    assert mistakes("") and mistakes("groep;buurten\n")


def test_our_own_file_is_read_with_its_people_and_its_mistakes() -> None:
    theirs = read_list((OWN + "West,whatsapp,9,WK1,Anna,nl,whatsapp,+31612340001,1\n").encode(), DISTRICTS, codes)
    assert theirs.groups == (Listed("West", "whatsapp", 9, ("BU1", "BU2")),)
    assert theirs.admins is not None and theirs.admins[0][0].name == "Anna"
    wrong = mistakes(OWN + "West,whatsapp,9,WK1,Anna,nl,whatsapp,0612340001,1\n")
    assert [(one.row, one.column) for one in wrong] == [("2", "handle")] and "international" in wrong[0].told


# side by side -----------------------------------------------------------------------------------------------------------------

ANNA = Admin(1, "Anna", "nl", (Address("whatsapp", Handle("+31612340001"), 1),), (7,))
NEW = Admin(2, "Els", "nl", (), (7,))
WEST = Group(7, "Buurtapp West", "whatsapp", 180, ("BU1", "BU2"), (1, 2))


def beside(text: str, groups: list[Group] | None = None, people: list[Admin] | None = None) -> list[Compared]:
    theirs = read_list(text.encode(), DISTRICTS, codes)
    return compared(theirs, [WEST] if groups is None else groups, [ANNA, NEW] if people is None else people)


def test_groups_are_the_same_changed_new_or_gone() -> None:
    oost = Group(8, "Oost", "whatsapp", 5, ("BU3",))
    found = beside("groep;leden;buurten\nbuurtapp  west;180;BU1|BU3\nNieuw;3;Noord\n", [WEST, oost])
    assert [(one.standing, one.name, one.fields, one.come, one.go) for one in found] == [
        (Standing.CHANGED, "Buurtapp West", ("name", "neighbourhoods"), ("BU3",), ("BU2",)),
        (Standing.NEW, "Nieuw", (), ("BU3",), ()),
        (Standing.GONE, "Oost", (), (), ("BU3",)),
    ]
    assert found[0].theirs is not None and found[0].theirs.id == 7
    (same,) = beside("groep;buurten\nBuurtapp West;WK1\n")
    assert same.standing is Standing.SAME


def test_people_differ_only_where_the_list_speaks_of_them() -> None:
    row = "Buurtapp West,whatsapp,180,WK1,{},nl,whatsapp,{},1\n"
    (same,) = beside(OWN + row.format("Anna", "+31612340001"))
    assert same.standing is Standing.SAME, "who has linked nothing yet can be in no list"
    (renamed,) = beside(OWN + row.format("Anna de Vries", "+31612340001"))
    assert (renamed.fields, renamed.people) == (("admins",), People(differ=1))
    (other,) = beside(OWN + row.format("Bram", "+31612340002"))
    assert other.people == People(come=1, go=1)
    assert len({same.mark, renamed.mark, other.mark}) == 3
