"""Comparing a file with a directory that another import changes at the same time."""

from __future__ import annotations

from hub.directory.comparing import changed_only
from hub.directory.csv_in import DirectoryFile
from hub.domain import Address, Admin, Group, Handle


def test_a_group_that_came_between_the_two_readings_does_not_break_the_comparison() -> None:
    anna = Admin(1, "Anna", "nl", (Address("whatsapp", Handle("+31612340001"), 1),), groups=(7, 8))
    noord = Group(0, "Noord", "whatsapp", 70, ("BU06370300",))
    file = DirectoryFile([noord], [(anna, ["Noord"])])
    there = Group(7, "Noord", "whatsapp", 70, ("BU06370300",), (1,))
    assert changed_only(file, [there], [anna]).groups == []
    assert changed_only(file, [], [anna]).groups == [noord]
