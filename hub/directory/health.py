"""What is wrong with the directory before the next alert shows it: groups, admins, addresses and neighbourhoods to look after."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.store.health import Facts, Place

UNANSWERED_DAYS = 90


@dataclass(frozen=True, slots=True)
class DistrictHealth:
    """Counts of one district of the map; a group counts in each district it covers. `without`: neighbourhoods without a group."""

    code: str
    name: str
    municipality: str
    neighbourhoods: int
    without: int
    groups: int
    one_admin: int
    unreachable: int


@dataclass(frozen=True, slots=True)
class DirectoryHealth:
    """Ids and names, never a handle. `one_admin`: groups that hang on one person, or none. `unreachable`: groups nobody of whom can
    be written to. `unanswered`: admins who got alerts in 90 days and answered none, with how many. `dead`: (admin, channel).

    `without_group`: neighbourhoods without a group, in municipalities that have one.
    """

    groups: dict[int, str] = field(repr=False)
    admins: dict[int, str] = field(repr=False)
    one_admin: tuple[int, ...]
    unreachable: tuple[int, ...]
    unanswered: tuple[tuple[int, int], ...]
    dead: tuple[tuple[int, str], ...]
    without_group: tuple[Place, ...]
    districts: tuple[DistrictHealth, ...]


def health_of(facts: Facts) -> DirectoryHealth:
    reachable = {admin for admin, ways in facts.ways.items() if any(state == "verified" for _, state in ways)}
    one_admin = tuple(sorted(one for one in facts.groups if len(facts.runs.get(one, ())) <= 1))
    unreachable = tuple(sorted(one for one in facts.groups if not facts.runs.get(one, set()) & reachable))
    covered = {code for codes in facts.codes.values() for code in codes}
    active = {place.municipality for place in facts.places if place.code in covered}
    without = tuple(one for one in facts.places if one.municipality in active and one.code not in covered)
    return DirectoryHealth(
        groups=facts.groups,
        admins=facts.admins,
        one_admin=one_admin,
        unreachable=unreachable,
        unanswered=tuple(
            sorted((one, n) for one, n in facts.got.items() if one in facts.admins and one not in facts.answered)
        ),
        dead=tuple(
            sorted((admin, channel) for admin, ways in facts.ways.items() for channel, state in ways if state == "dead")
        ),
        without_group=without,
        districts=_districts(facts, active, {one.code for one in without}, set(one_admin), set(unreachable)),
    )


def _districts(
    facts: Facts, active: set[str], without: set[str], one_admin: set[int], unreachable: set[int]
) -> tuple[DistrictHealth, ...]:
    """Of the municipalities that have groups."""
    places: dict[str, list[Place]] = {}
    for place in facts.places:
        if place.municipality in active:
            places.setdefault(place.district, []).append(place)
    district_of = {place.code: place.district for place in facts.places}
    groups: dict[str, set[int]] = {}
    for group, codes in facts.codes.items():
        for code in codes & district_of.keys():
            groups.setdefault(district_of[code], set()).add(group)
    return tuple(
        DistrictHealth(
            code=code,
            name=here[0].district_name,
            municipality=here[0].municipality,
            neighbourhoods=len(here),
            without=sum(place.code in without for place in here),
            groups=len(groups.get(code, ())),
            one_admin=len(groups.get(code, set()) & one_admin),
            unreachable=len(groups.get(code, set()) & unreachable),
        )
        for code, here in sorted(places.items())
    )
