"""An import that writes only what changed ends exactly where an import of everything would."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from hub.directory.comparing import changed_only
from hub.directory.csv_in import DirectoryFile
from hub.domain import Address, Admin, Group, Handle
from hub.store.database import Store
from tests.store.databases import NewDatabases
from tests.store.world import in_new_store

State = list[tuple[object, ...]]


def some_file(rng: Random) -> DirectoryFile:
    """Few groups, people and handles, so that files of different seeds overlap in every way."""
    groups = [
        Group(
            0,
            name,
            "whatsapp",
            rng.choice([10, 20]),
            tuple(sorted(rng.sample(["BU1", "BU2", "BU3"], rng.randint(1, 2)))),
        )
        for name in rng.sample(["A", "B", "C", "D"], rng.randint(1, 4))
    ]
    handles = [str(n) for n in range(1, 8)]
    rng.shuffle(handles)
    admins = []
    for name in rng.sample(["P", "Q", "R", "S"], rng.randint(1, 4)):
        mine = [handles.pop() for _ in range(rng.randint(1, 2)) if handles]
        if mine:
            addresses = tuple(Address("telegram", Handle(handle), rank) for rank, handle in enumerate(mine, 1))
            names = rng.sample([group.name for group in groups], rng.randint(1, len(groups)))
            admins.append((Admin(0, name, rng.choice(["nl", "nl", "en"]), addresses), names))
    run = {name for _, names in admins for name in names}
    return DirectoryFile([group for group in groups if group.name in run], admins)


async def state(store: Store) -> State:
    """Everything but the ids."""
    names = {group.id: group.name for group in await store.directory.groups()}
    groups = [(g.name, g.platform, g.members, g.neighbourhoods) for g in await store.directory.groups()]
    people = [
        (
            a.name,
            a.language,
            sorted(names[g] for g in a.groups),
            [(w.handle.value, w.rank, w.state) for w in a.addresses],
        )
        for a in await store.directory.admins()
    ]
    return sorted(groups) + sorted(people)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=some.integers(0, 1 << 32))
def test_writing_only_what_changed_ends_the_same(databases: NewDatabases, seed: int) -> None:
    ends: list[State] = []
    for only_changes in (False, True):

        async def imports(store: Store, only_changes: bool = only_changes) -> None:
            rng = Random(seed)
            for _ in range(3):
                file = some_file(rng)
                if only_changes:
                    file = changed_only(file, await store.directory.groups(), await store.directory.admins())
                await store.directory.replace_groups(file.groups, file.admins)
                if rng.random() < 0.5:
                    await store.receipts.apply(store.receipts.address_changed("telegram", Handle("3"), False, None), [])
                    await store.receipts.apply(store.receipts.stop("telegram", Handle("5")), [])
            now = await store.directory.groups(), await store.directory.admins()
            expressible = all(
                admin.addresses and {w.state for w in admin.addresses} <= {"verified", "stopped"} for admin in now[1]
            )
            if only_changes and expressible:
                again = changed_only(rebuilt(*now), *now)
                assert (again.groups, again.admins) == ([], [])
            ends.append(await state(store))

        in_new_store(databases, imports)
    assert ends[0] == ends[1]


def rebuilt(groups: list[Group], admins: list[Admin]) -> DirectoryFile:
    """The directory as a file would say it."""
    names = {group.id: group.name for group in groups}
    return DirectoryFile(groups, [(admin, [names[g] for g in admin.groups]) for admin in admins])
