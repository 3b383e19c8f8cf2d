"""Neighbourhoods by what people type: a postcode, a code, a piece of a name."""

from __future__ import annotations

import pytest

from hub.places.index import NeighbourhoodIndex
from hub.places.named import PlaceNames, neighbourhoods_named, plain


@pytest.mark.parametrize("typed", ["2715", "2715AB", "2715 ab", " 2715 "])
def test_a_postcode_means_every_neighbourhood_it_lies_in(index: NeighbourhoodIndex, typed: str) -> None:
    assert {one.code for one in neighbourhoods_named(index, typed)} == {"BU06370100", "BU06370101"}


def test_names_that_begin_so_come_first_then_whole_districts(index: NeighbourhoodIndex) -> None:
    found = neighbourhoods_named(index, "seghwaert")
    assert {"BU06370300", "BU06370301"} <= {one.code for one in found}
    assert plain(found[0].name).startswith("seghwaert")
    assert neighbourhoods_named(index, "SEGHWAERT") == found
    assert len(neighbourhoods_named(index, "zoetermeer", most=5)) == 5


@pytest.mark.parametrize("typed", ["", "x", "xyzzy", "9999", "BU99999999", "'; --", "%"])
def test_what_is_nowhere_finds_nothing(index: NeighbourhoodIndex, typed: str) -> None:
    assert neighbourhoods_named(index, typed) == []


def test_capitals_accents_and_signs_do_not_count() -> None:
    assert plain("'s-Gravenhage  ‘Café’") == "s gravenhage cafe"


def test_a_whole_name_in_a_list_stands_for_one_place_or_none(index: NeighbourhoodIndex) -> None:
    names = PlaceNames(index)
    one = index.get("BU06370300")
    assert one is not None and names.codes(one.name.upper()) == ["BU06370300"]
    assert names.codes("bu06370300") == ["BU06370300"]
    assert names.codes("GM0637") == index.known_code("GM0637") == names.codes("Zoetermeer")
    assert names.codes("seghwae") == [] and names.codes("2715") == ["BU06370100", "BU06370101"]
