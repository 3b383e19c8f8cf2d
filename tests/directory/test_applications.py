"""What an application is compared with: names that mean the same group, and groups in the same place."""

from __future__ import annotations

from hub.directory.applications import Like, similar
from hub.domain import Group


def found(names: list[str], codes: list[str], *groups: tuple[str, str]) -> list[tuple[str, tuple[Like, ...]]]:
    known = [Group(number, name, "whatsapp", 1, (code,)) for number, (name, code) in enumerate(groups, 1)]
    return [(one.group.name, one.why) for one in similar(names, codes, known)]


def test_names_are_compared_by_what_tells_them_apart() -> None:
    groups = [
        ("BuurtWhatsApp Seghwaert-West", "BU1"),
        ("Buurtpreventie Rokkeveen", "BU2"),
        ("Buurtapp seghwaert west", "BU3"),
    ]
    assert found(["buurtapp Seghwaert West"], ["BU2"], *groups) == [
        ("Buurtapp seghwaert west", (Like.SAME_NAME,)),
        ("BuurtWhatsApp Seghwaert-West", (Like.LIKE_NAME,)),
        ("Buurtpreventie Rokkeveen", (Like.SAME_PLACE,)),
    ]
    assert found(["Buurtapp"], [], *groups) == [], "what all are called says nothing"
    assert found(["", " "], [], *groups) == []


def test_a_group_of_the_same_name_in_the_same_place_is_told_so() -> None:
    assert found(["Café Noord"], ["BU1"], ("cafe noord", "BU1")) == [("cafe noord", (Like.SAME_NAME, Like.SAME_PLACE))]
