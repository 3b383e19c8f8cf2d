"""Sealed text is opened by who has the key, and refused once changed or moved; keys are proved at the start and can be rotated."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import SecretStr
from tortoise import Tortoise

from hub.domain import Refused
from hub.settings import Database
from hub.store.database import Store, open_store
from hub.store.engine import Row, StoreUnavailable
from hub.store.rotating import Rotating
from hub.store.sealed_columns import JUDGED, How, judged
from hub.store.sealing import Sealed, SealedBytes, Sealer, Unopened, sealer, use
from hub.store.sealing_keys import given_keys
from tests.store.databases import column, rows
from tests.store.world import START, FakeClock, people, person, relay

OLD, NEW, LOOKUP = b"o" * 32, b"n" * 32, b"l" * 32
SEALER = Sealer(OLD, LOOKUP)
HERE = "address.handle"


@given(text=some.text())
def test_what_was_sealed_is_opened_there_and_nowhere_else(text: str) -> None:
    for seal, opened in ((SEALER.seal, SEALER.open), (SEALER.seal_alike, SEALER.open_alike)):
        sealed = seal(text, HERE)
        assert opened(sealed, HERE) == text and bool(sealed) == bool(text)
        if text:
            assert text not in sealed or len(text) < 4
            with pytest.raises(Unopened):
                opened(sealed, "admin.name")


@given(text=some.text(min_size=1, max_size=30), data=some.data())
@settings(max_examples=200)
def test_not_a_bit_can_be_changed(text: str, data: some.DataObject) -> None:
    for sealed, opened in ((SEALER.seal(text, HERE), SEALER.open), (SEALER.seal_alike(text, HERE), SEALER.open_alike)):
        at, bit = data.draw(some.integers(0, len(sealed) - 1)), data.draw(some.integers(0, 6))
        changed = sealed[:at] + chr(ord(sealed[at]) ^ (1 << bit)) + sealed[at + 1 :]
        with pytest.raises(Unopened) as refused:
            opened(changed, HERE)
        assert text not in str(refused.value) or len(text) < 15
        with pytest.raises(Unopened):
            opened(sealed[: at or 1], HERE)


@given(text=some.text(), picture=some.binary())
def test_a_new_key_opens_what_it_wrapped_anew_and_finds_the_same(text: str, picture: bytes) -> None:
    both = SEALER.followed_by(NEW)
    anew, shown = both.rewrap(SEALER.seal(text, HERE), HERE), both.rewrap_bytes(SEALER.seal_bytes(picture, HERE), HERE)
    alone = Sealer(NEW, LOOKUP)
    assert (alone.open(anew, HERE), alone.open_bytes(shown, HERE)) == (text, picture)
    assert alone.hash("handle", text) == SEALER.hash("handle", text)
    assert alone.seal_alike(text, HERE) == SEALER.seal_alike(text, HERE)
    assert both.rewrap(anew, HERE) == anew, "done twice it is done once"
    if text:
        assert alone.hash("email", text) != alone.hash("handle", text)
        with pytest.raises(Unopened, match="which is not given"):
            alone.open(SEALER.seal(text, HERE), HERE)


async def test_every_column_is_judged_and_kept_as_it_was_judged(store: Store) -> None:
    models = {model._meta.db_table: model for model in (Tortoise.apps or {})["hub"].values()}
    assert models.keys() == JUDGED.keys(), "a new table stands in hub/store/sealed_columns.py"
    for table, model in models.items():
        names = {name for name in model._meta.fields_map if name in model._meta.db_fields}
        assert names == judged(table).keys(), f"each column of {table} stands in hub/store/sealed_columns.py"
        sealed = {name for name in names if isinstance(model._meta.fields_map[name], Sealed | SealedBytes)}
        wanted = {name for name, how in judged(table).items() if how is How.SEALED}
        assert sealed == wanted - ({"lookup"} if table == "sealing_key" else set()), table


# keys -------------------------------------------------------------------------------------------------------------------------


def key(byte: bytes) -> SecretStr:
    return SecretStr(base64.b64encode(byte * 32).decode())


def with_key(database: Database, *bytes_: bytes) -> Database:
    return database.model_copy(update={"key": SecretStr(" ".join(key(one).get_secret_value() for one in bytes_))})


async def test_a_wrong_or_missing_key_is_refused_at_the_start_and_says_what_to_do(database: Database) -> None:
    clock = FakeClock(START)
    async with open_store(with_key(database, b"a"), clock) as store:
        await people(store, (person("Anna de Vries", ("whatsapp", "+31612340001")), ["BU1"]))
        assert "Anna" not in str(rows(database, "admin")) and "31612340001" not in str(rows(database, "address"))
    with pytest.raises(Refused, match=r"put the right one first in database\.key"):
        async with open_store(with_key(database, b"b"), clock):
            pytest.fail("half a start")
    missing = database.model_copy(update={"key": SecretStr("")})
    missing.key_file.unlink(missing_ok=True)
    with pytest.raises(Refused, match=r"none is given: put the right one back as .*\.key \(keys are kept apart"):
        async with open_store(missing, clock):
            pytest.fail("half a start")
    assert not missing.key_file.exists(), "no other key is made for what is sealed already"
    with pytest.raises(Refused, match="ended with 3"):
        given_keys(missing.model_copy(update={"key_command": ("sh", "-c", "echo secret >&2; exit 3")}))
    with pytest.raises(Refused, match="32 random bytes in base64"):
        given_keys(database.model_copy(update={"key": SecretStr("short")}))
    printed = missing.model_copy(update={"key_command": ("echo", key(b"a").get_secret_value())})
    async with open_store(printed, clock) as store:
        assert [admin.name for admin in await store.directory.admins()] == ["Anna de Vries"]


def test_a_key_file_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    from hub.store.sealing_keys import made_keys

    database = Database(url=SecretStr(f"sqlite://{tmp_path}/hub.db"))
    made = made_keys(database)
    assert made_keys(database) == made and [one.name for one in tmp_path.iterdir()] == ["hub.db.key"]
    assert stat.S_IMODE(database.key_file.stat().st_mode) == 0o600


# rotating ---------------------------------------------------------------------------------------------------------------------


class Killed(Exception):
    """Where a process is killed."""


@pytest.fixture
async def sealed(database: Database) -> Database:
    ours = with_key(database, b"a")
    async with open_store(ours, FakeClock(START)) as store:
        await people(store, *[(person(f"P{n}", ("whatsapp", f"+{n}")), ["BU1"]) for n in range(1, 20)])
        await relay(store, "A", "BU1")
    return ours


async def test_a_rotation_that_is_killed_half_way_is_gone_on_with(sealed: Database) -> None:
    clock, both = RotatingClock(START), with_key(sealed, b"b", b"a")
    async with open_store(both, clock) as store:
        first = sealer().key_id
        for writes in (1, 2):
            with pytest.raises(Killed):
                await Rotating(Breaking(store, writes), both, clock).rotate()  # type: ignore[arg-type]
            assert len(await store.directory.admins()) == 19, "whatever is done by then can be read"
    async with open_store(both, clock) as store:
        done = await store.rotating.rotate()
        assert done.key == sealer().key_id != first and done.values
    assert column(sealed, "SELECT key_id FROM sealing_key") == [done.key]
    async with open_store(with_key(sealed, b"b"), clock) as store:
        assert sorted(admin.name for admin in await store.directory.admins())[:2] == ["P1", "P10"]
        assert len(await store.directory.concerned([("whatsapp", "+7")], [])) == 1, "found by the same hash"
        assert (await store.alerts.view("A")) is not None
    with pytest.raises(Refused, match="is sealed with key"):
        async with open_store(sealed, clock):
            pytest.fail("the old key alone")


async def test_a_hub_that_serves_notices_a_new_key_and_one_that_was_not_given_it_says_so(sealed: Database) -> None:
    clock, both = RotatingClock(START), with_key(sealed, b"b", b"a")
    async with open_store(both, clock) as store:
        serving = sealer()
        await store.rotating.rotate()
        assert serving.open((await store.engine.read("SELECT name FROM admin LIMIT 1"))[0][0], "admin.name")
        use(serving)  # as another process would have it
        await store.ping()
        assert sealer().key_id != serving.key_id
    async with open_store(both, clock) as store:
        store.keyring._database = sealed
        use(serving)
        with pytest.raises(StoreUnavailable, match="start this hub anew with it"):
            await store.ping()


class RotatingClock(FakeClock):
    async def sleep(self, seconds: float) -> None:
        self.time += round(seconds * 1000)
        await super().sleep(seconds)


class Breaking:
    """The store's engine, until so many units were written."""

    def __init__(self, store: Store, writes: int) -> None:
        self._engine = store.engine
        self._left = writes

    async def write(self, *statements: tuple[object, ...]) -> list[list[Row]]:
        if not self._left:
            raise Killed
        self._left -= 1
        return await self._engine.write(*statements)

    async def read(self, sql: str, *parameters: object) -> list[Row]:
        return await self._engine.read(sql, *parameters)
