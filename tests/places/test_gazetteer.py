"""Places by what somebody types: the best first, whatever accents, capitals and hyphens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.domain import Neighbourhood
from hub.places.gazetteer import MOST, Gazetteer
from hub.places.index import NeighbourhoodIndex
from hub.plain import plain


@pytest.fixture
def gazetteer(zoetermeer: list[Neighbourhood]) -> Gazetteer:
    names = (
        "Centrum",
        "Wielenpôlle",
        "Oud-Centrum",
        "’s-Gravenland",
        "Het Lage Land",
        "Zuid",
        "Zuidpolder",
        "Zuid-Oost",
    )
    renamed = [replace(one, name=name) for one, name in zip(zoetermeer, names, strict=False)]
    return Gazetteer(NeighbourhoodIndex([*renamed, *zoetermeer[len(names) :]], [("2717", zoetermeer[0].code, 1.0)]))


def found(gazetteer: Gazetteer, typed: str) -> list[str]:
    return [place.name for place in gazetteer.named(typed)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("centrum", "Centrum"),
        ("CENTR", "Centrum"),
        ("wielenpolle", "Wielenpôlle"),
        ("Wielenpôlle", "Wielenpôlle"),
        ("s gravenland", "’s-Gravenland"),
        ("'s-gravenl", "’s-Gravenland"),
        ("lage", "Het Lage Land"),
        ("zuid", "Zuid"),
        ("oost zuid", "Zuid-Oost"),
        ("centrum zoetermeer", "Centrum"),
        ("idpold", "Zuidpolder"),
        ("zoetermeer", "Zoetermeer"),
        ("2717", "2717"),
        ("2717 xy", "2717"),
        ("271", "2717"),
    ],
)
def test_the_best_comes_first(gazetteer: Gazetteer, typed: str, first: str) -> None:
    assert found(gazetteer, typed)[0] == first


def test_the_very_name_comes_before_what_begins_so_and_that_before_what_holds_it(gazetteer: Gazetteer) -> None:
    assert found(gazetteer, "centrum")[:3] == ["Centrum", "Centrum", "Oud-Centrum"], (
        "a district and a neighbourhood have it"
    )
    assert found(gazetteer, "zuid")[:3] == ["Zuid", "Zuid-Oost", "Zuidpolder"]


@pytest.mark.parametrize(
    "typed", ["", "  ", "!?", "nergenshuizen", "9999", "x" * 5000, "\x00", "%", "a b c d e f g h i j k"]
)
def test_what_is_nowhere_is_not_found(gazetteer: Gazetteer, typed: str) -> None:
    assert found(gazetteer, typed) == []


def test_no_more_than_a_screen_shows(gazetteer: Gazetteer) -> None:
    assert len(found(gazetteer, "zoetermeer")) == MOST


def test_a_place_lies_in_itself(gazetteer: Gazetteer, index: NeighbourhoodIndex) -> None:
    for one in index:
        for place in gazetteer.named(f"{one.name} zoetermeer"):
            if place.kind == "neighbourhood":
                assert place.code in [there.code for there in index.at(place.longitude, place.latitude)]


def test_a_postcode_no_table_holds_is_looked_for_as_a_name(zoetermeer: list[Neighbourhood]) -> None:
    assert found(Gazetteer(NeighbourhoodIndex(zoetermeer)), "2717") == []
    assert found(Gazetteer(NeighbourhoodIndex([])), "centrum") == []


def test_capitals_accents_and_signs_do_not_count() -> None:
    assert plain("’s-Gravenhage  ‘Café’") == plain("'S GRAVENHAGE CAFE") == "s gravenhage cafe"
    assert plain("Wielenpôlle") == "wielenpolle"


# neighbourhoods alone ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["2715", "2715AB", "2715 ab", " 2715 "])
def test_a_postcode_means_every_neighbourhood_it_lies_in(index: NeighbourhoodIndex, typed: str) -> None:
    assert {one.code for one in Gazetteer(index).neighbourhoods(typed)} == {"BU06370100", "BU06370101"}


def test_names_that_begin_so_come_first_then_whole_districts(index: NeighbourhoodIndex) -> None:
    gazetteer = Gazetteer(index)
    found = gazetteer.neighbourhoods("seghwaert")
    assert {"BU06370300", "BU06370301"} <= {one.code for one in found}
    assert plain(found[0].name).startswith("seghwaert")
    assert gazetteer.neighbourhoods("SEGHWAERT") == found
    assert len(gazetteer.neighbourhoods("zoetermeer")) == len(index), "of a municipality all"
    assert [one.code for one in gazetteer.neighbourhoods("bu06370300")] == ["BU06370300"]


@pytest.mark.parametrize("typed", ["", "x", "xyzzy", "9999", "BU99999999", "'; --", "%"])
def test_of_what_is_nowhere_there_is_no_neighbourhood(index: NeighbourhoodIndex, typed: str) -> None:
    assert Gazetteer(index).neighbourhoods(typed) == []


def test_a_whole_name_in_a_list_stands_for_one_place_or_none(index: NeighbourhoodIndex) -> None:
    gazetteer = Gazetteer(index)
    one = index.get("BU06370300")
    assert one is not None and gazetteer.meant(one.name.upper()) == ["BU06370300"]
    assert gazetteer.meant("bu06370300") == ["BU06370300"]
    assert gazetteer.meant("GM0637") == sorted(index.known_code("GM0637")) == sorted(gazetteer.meant("Zoetermeer"))
    assert gazetteer.meant("seghwae") == [] and gazetteer.meant("2715") == ["BU06370100", "BU06370101"]
