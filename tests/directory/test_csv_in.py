"""Reading the directory file: who is one person, what is a mistake, and that every mistake is told where it stands."""

from __future__ import annotations

import pytest

from hub.directory.csv_in import DirectoryFile, read_directory
from hub.directory.table import COLUMNS, MOST_BYTES
from hub.domain import Address, Handle, Refused

DISTRICTS = {"BU06370100": "WK063701", "BU06370101": "WK063701", "BU06370300": "WK063703", "BU0363AA01": "WK0363AA"}
HEADER = ",".join(COLUMNS)
ANNA = "Noord,whatsapp,70,BU06370300,Anna,nl,whatsapp,+31612340001,1"


def read(*rows: str, header: str = HEADER) -> DirectoryFile:
    return read_directory("\n".join([header, *rows]).encode(), DISTRICTS)


def mistakes(*rows: str, header: str = HEADER) -> list[str]:
    with pytest.raises(Refused) as refused:
        read(*rows, header=header)
    return [str(mistake) for mistake in refused.value.mistakes]


def names(file: DirectoryFile) -> list[tuple[str, list[str], list[tuple[str, int]]]]:
    return [(a.name, groups, [(way.handle.value, way.rank) for way in a.addresses]) for a, groups in file.admins]


def test_a_row_is_an_address_of_an_admin_of_a_group() -> None:
    file = read(ANNA, "Noord,whatsapp,70,BU06370300,Anna,nl,telegram,700001,2")
    (group,) = file.groups
    assert (group.name, group.platform, group.members, group.neighbourhoods) == (
        "Noord",
        "whatsapp",
        70,
        ("BU06370300",),
    )
    ((admin, groups),) = file.admins
    assert (admin.name, admin.language, groups) == ("Anna", "nl", ["Noord"])
    assert admin.addresses == (Address("whatsapp", Handle("+31612340001"), 1), Address("telegram", Handle("700001"), 2))


def test_a_district_stands_for_all_its_neighbourhoods() -> None:
    file = read("Noord,whatsapp,70, wk063701 | BU0363AA01|BU06370101,Anna,nl,whatsapp,+31612340001,1")
    assert file.groups[0].neighbourhoods == ("BU0363AA01", "BU06370100", "BU06370101")


@pytest.mark.parametrize(
    "encode", [lambda t: t.encode(), lambda t: t.encode("utf-8-sig"), lambda t: t.replace("\n", "\r\n").encode()]
)
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_any_spreadsheet_will_do(encode, delimiter: str) -> None:  # type: ignore[no-untyped-def]
    """Semicolons, a byte order mark, other line ends, columns in another order, empty lines at the end."""
    header, row = HEADER.split(","), ANNA.replace("Anna", "Zoë").split(",")
    lines = [delimiter.join(reversed(header)).upper(), delimiter.join(reversed(row)), delimiter * 8, ""]
    assert names(read_directory(encode("\n".join(lines)), DISTRICTS)) == [("Zoë", ["Noord"], [("+31612340001", 1)])]


def test_a_shared_handle_makes_one_person_of_two_groups() -> None:
    file = read(ANNA, ANNA.replace("Noord", "Zuid"))
    assert names(file) == [("Anna", ["Noord", "Zuid"], [("+31612340001", 1)])]


def test_a_name_alone_joins_only_within_a_group() -> None:
    jan = "Noord,whatsapp,70,BU06370300,Jan de Vries,nl,whatsapp,+31612340001,1"
    other = "Zuid,whatsapp,70,BU06370300,Jan de Vries,nl,whatsapp,+31612340002,1"
    assert len(read(jan, other).admins) == 2
    assert len(read(jan, other.replace("Zuid", "Noord").replace(",1", ",2")).admins) == 1


def test_persons_are_joined_along_the_chain() -> None:
    file = read(
        "A,whatsapp,70,BU06370300,Anna,nl,telegram,1,1",
        "B,whatsapp,70,BU06370300,Anna,nl,telegram,3,3",
        "A,whatsapp,70,BU06370300,Anna,nl,telegram,2,2",
        "B,whatsapp,70,BU06370300,Anna,nl,telegram,2,2",
    )
    assert names(file) == [("Anna", ["A", "B"], [("1", 1), ("2", 2), ("3", 3)])]


def test_every_mistake_is_told_with_row_and_column() -> None:
    told = mistakes(
        ",whatsapp,70,BU06370300,Anna,nl,whatsapp,+31612340001,1",
        "",
        "Noord,what's app,many,BU99999999|WK999999,,fr,signal,+31612340001,0",
        "Noord,whatsapp,-1,|,Anna,nl,telegram,anna_de_vries,1.5",
        "Noord,whatsapp,70",
    )
    places = [one.partition(": ")[0] for one in told]
    assert places == [
        "row 2, group",
        *(
            f"row 4, {column}"
            for column in ("channel", "platform", "members", "neighbourhoods", "admin", "language", "rank")
        ),
        *(f"row 5, {column}" for column in ("members", "neighbourhoods", "handle", "rank")),
        "row 6",
    ]
    assert "BU99999999, WK999999" in told[4]


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ("Noord,signal,70,BU06370300,Bram,nl,telegram,2,1", "row 3, platform: differs from row 2, the same group"),
        ("Noord,whatsapp,71,BU06370300,Bram,nl,telegram,2,1", "row 3, members: differs from row 2, the same group"),
        ("Noord,whatsapp,70,BU06370100,Bram,nl,telegram,2,1", "row 3, neighbourhoods: differs from row 2, the same group"),
        ("Zuid,whatsapp,70,BU06370300,Anna,en,whatsapp,+31612340001,1", "row 3, language: differs from row 2, the same admin"),
        ("Noord,whatsapp,70,BU06370300,Anna,nl,telegram,2,1", "row 3, rank: 1 is taken by another address of this admin, in row 2"),
        ("Zuid,whatsapp,70,BU06370300,Anna,nl,whatsapp,+31612340001,2", "row 3, rank: 2 here, 1 in row 2 for the same handle"),
        (ANNA, "row 3, handle: the same address in the same group as row 2"),
        (ANNA.replace("0001", " 00 01"), "row 3, handle: the same address in the same group as row 2"),
        (
            "Zuid,whatsapp,70,BU06370300,Bram,nl,whatsapp,+31612340001,1",
            "row 3, admin: another name than in row 2, though a handle joins the two",
        ),
    ],
)  # fmt: skip
def test_rows_that_contradict_each_other(second: str, told: str) -> None:
    assert mistakes(ANNA, second) == [told]


def test_a_mistake_shows_nobody() -> None:
    told = "\n".join(mistakes(ANNA.replace("+31", "0031"), "Zuid,x,1,BU06370300,Karel Appel,xx,whatsapp,0612345678,1"))
    for personal in ("Karel", "0612345678", "31612340001"):
        assert personal not in told


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "is empty"),
        (HEADER.encode(), "no rows"),
        (HEADER.encode("utf-16"), "not UTF-8"),
        (f"{HEADER}\n{ANNA}\n".replace("Anna", "Zoë").encode("cp1252"), "not UTF-8 (line 2): save it as"),
        (b"PK\x03\x04...", "is a spreadsheet, not CSV: save it as"),
        (b"x" * (MOST_BYTES + 1), "larger than 64 MiB"),
    ],
    ids=["nothing", "header only", "UTF-16", "Windows", "xlsx", "huge"],
)
def test_what_is_no_such_file_is_refused_with_what_to_do(raw: bytes, told: str) -> None:
    with pytest.raises(Refused, match=told.replace("(", r"\(").replace(")", r"\)")):
        read_directory(raw, DISTRICTS)


def test_the_columns_are_exactly_ours() -> None:
    told = mistakes(ANNA, header="group,group,members,neighbourhoods,admin,language,channel,handle,colour")
    assert told == [
        "header: the column platform is missing",
        "header: the column rank is missing",
        "header: colour is no column of ours",
        "header: the column group is there twice",
    ]


def test_a_quote_that_is_never_closed_does_not_swallow_the_rest_in_silence() -> None:
    told = mistakes(ANNA, '"Zuid,whatsapp,70,BU06370300,Bram,nl,telegram,2,1', ANNA)
    assert len(told) == 1 and told[0].startswith("row 3: a quote is opened")


def test_rows_are_counted_as_a_spreadsheet_does() -> None:
    """A cell with a line break in it is one row."""
    told = mistakes(
        '"No\nord",whatsapp,70,BU06370300,Anna,nl,telegram,1,1', "Zuid,whatsapp,70,BU06370300,Bram,nl,telegram,x,1"
    )
    assert [one.partition(":")[0] for one in told] == ["row 3, handle"]
