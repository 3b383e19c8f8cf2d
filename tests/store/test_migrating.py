"""Migrating keeps every row, backs up first, and refuses to believe a result that lost any."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from textwrap import dedent

import pytest
from tortoise import Tortoise
from tortoise.migrations.executor import MigrationTarget

from hub.channel import Part
from hub.domain import Handle, Refused
from hub.settings import Database
from hub.store import migrating
from hub.store.database import HubLock, open_store, tortoise_config
from hub.store.migrating import migrate, pending, ready
from hub.store.schema import Executor
from tests.store.world import START, FakeClock, claim

CLOCK = FakeClock(START)


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as db:
        return {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        count: int = db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        return count


async def test_from_nothing_to_the_whole_schema_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "var" / "hub.db"
    names = await migrate(path, CLOCK)
    assert names and names[0] == "0001_start"
    assert {"alert", "delivery", "receipt", "admin", "address", "inbox", "api_key"} <= tables(path)
    assert await migrate(path, CLOCK) == await pending(path) == []


async def test_a_new_database_is_made_and_an_old_one_left_to_the_operator(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    await ready(path, CLOCK)
    await ready(path, CLOCK)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM tortoise_migrations")
        db.commit()
    with pytest.raises(Refused, match=r"run `python run\.py migrate` \(0001_start"):
        await ready(path, CLOCK)


async def test_a_database_of_the_first_release_comes_along_with_everything_in_it(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    await first_release(path)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            """INSERT INTO admin (id, name, language) VALUES (1, 'Anna', 'nl');
            INSERT INTO address (id, admin_id, channel, handle, rank, state, window_open_until)
                VALUES (2, 1, 'whatsapp', '+1', 1, 'verified', 0);
            INSERT INTO alert (id, sender, identifier, status, msg_type, content, fingerprint, key_id, priority, accepted_at,
                expires_at, closed_as, audience) VALUES ('A', 's', 'i', 'Actual', 'Alert', '{}', '', '', 0, 1, 9e15, '', '[]');
            INSERT INTO delivery (id, alert_id, admin_id, address_id, step, channel, account, state, attempt, tries, priority,
                distance, due_at, expires_at, reason, provider_ref, possible_duplicates, created_at)
                VALUES (3, 'A', 1, 2, 0, 'whatsapp', 'main', 0, 0, 0, 0, 0.0, 0, 9000000000000, '', '', 0, 0);
            INSERT INTO receipt (id, channel, provider_ref, kind, at, reason) VALUES (4, 'whatsapp', 'r', 'sent', 1, '');
            INSERT INTO acknowledgement (id, alert_id, admin_id, delivery_id, kind, at, via)
                VALUES (5, 'A', 1, 3, 'received', 1, 'word');"""
        )
    assert await migrate(path, CLOCK) == [
        "0002_channels",
        "0003_several",
        "0004_ground",
        "0005_loop",
        "0006_pictures",
        "0007_faces",
        "0008_staff",
        "0009_keys",
        "0010_audit",
        "0011_sealed",
        "0012_consent",
        "0013_challenges",
        "0014_door",
        "0015_senders",
    ]
    async with open_store(Database(url=f"sqlite://{path}"), CLOCK) as store:
        (waiting,) = await claim(store)
        assert (waiting.id, waiting.handle, waiting.part, waiting.home) == (3, Handle("+1"), Part.MESSAGE, None)


def test_what_others_have_run_is_never_changed() -> None:
    """A database that has run a migration never runs it again: what it lacks goes into a new one, whose line is added here."""
    folder = Path(migrating.__file__).parent / "migrations"
    found = {file.stem: sha256(file.read_bytes()).hexdigest()[:12] for file in sorted(folder.glob("0*.py"))}
    assert found == {
        "0001_start": "ea93512b6d9a",
        "0002_channels": "7ffcf1bc688c",
        "0003_several": "5afa38c758be",
        "0004_ground": "5493c524e0a1",
        "0005_loop": "9770ae4876e5",
        "0006_pictures": "12fca7619c17",
        "0007_faces": "8d6be84da18f",
        "0008_staff": "58b4f1d0e853",
        "0009_keys": "6e96a3c20be8",
        "0010_audit": "99d1f30a4ca8",
        "0011_sealed": "a408559ebaa9",
        "0012_consent": "19f73a354ed1",
        "0013_challenges": "7a43521c8e65",
        "0014_door": "ab1b06c654f6",
        "0015_senders": "889a29eac0ee",
    }


async def first_release(path: Path) -> None:
    await Tortoise.init(config=tortoise_config(path, foreign_keys="OFF"))
    executor = Executor(Tortoise.get_connection("default"), tortoise_config(path)["apps"])
    await executor.migrate([MigrationTarget("hub", "0001_start")])
    await Tortoise.close_connections()


async def test_the_schema_is_what_the_models_say(migrated: Path, tmp_path: Path) -> None:
    """Else somebody changed tables.py and made no migration."""
    path = tmp_path / "models.db"
    await Tortoise.init(config=tortoise_config(path))
    await Tortoise.generate_schemas()
    await Tortoise.close_connections()
    assert columns(path) == columns(migrated)


def columns(path: Path) -> dict[str, set[tuple[str, int]]]:
    """Names, and whether they may be null. Types differ: the migration makes ids INTEGER, so that they are SQLite's row ids."""
    ours = tables(path) - {"tortoise_migrations", "sqlite_sequence"}
    with closing(sqlite3.connect(path)) as db:
        info = {table: db.execute(f"PRAGMA table_info({table})").fetchall() for table in ours}
    return {table: {(name, notnull) for _, name, _, notnull, _, _ in found} for table, found in info.items()}


async def test_a_running_hub_is_not_migrated_under_its_feet(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    with HubLock(path), pytest.raises(Refused, match="Another hub"):
        await migrate(path, CLOCK)


# A schema of a parent with children, and the step that alters the parent: what a later release will do to ours.
MODELS = """
    from tortoise import fields
    from tortoise.models import Model

    class Parent(Model):
        id = fields.IntField(primary_key=True)
        name = fields.CharField(max_length=LENGTH)

    class Child(Model):
        id = fields.IntField(primary_key=True)
        parent = fields.ForeignKeyField("hub.Parent", related_name="children")
"""
STEP_ONE = """
    from tortoise import fields, migrations
    from tortoise.fields.base import OnDelete
    from tortoise.migrations import operations as ops

    class Migration(migrations.Migration):
        initial = True
        operations = [
            ops.CreateModel(name="Parent", fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=50)),
            ], options={"table": "parent", "app": "hub", "pk_attr": "id"}, bases=["Model"]),
            ops.CreateModel(name="Child", fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("parent", fields.ForeignKeyField("hub.Parent", source_field="parent_id", db_constraint=True, to_field="id",
                                                  related_name="children", on_delete=OnDelete.CASCADE)),
            ], options={"table": "child", "app": "hub", "pk_attr": "id"}, bases=["Model"]),
        ]
"""
STEP_TWO = """
    from tortoise import fields, migrations
    from tortoise.migrations import operations as ops

    class Migration(migrations.Migration):
        dependencies = [("hub", "0001_one")]
        operations = [OPERATION]
"""
WIDER = 'ops.AlterField(model_name="Parent", name="name", field=fields.CharField(max_length=80))'
LOSING = 'ops.RunSQL("DELETE FROM child WHERE id % 2 = 0", "")'


class Family:
    """A project of two tables with a migration to come. 100 parents, 100 children."""

    def __init__(self, folder: Path, name: str, operation: str, patch: pytest.MonkeyPatch) -> None:
        self.path = folder / "family.db"
        self._package = folder / name
        self._name = name
        self._operation = operation
        (self._package / "steps").mkdir(parents=True)
        for file, text in {
            "__init__.py": "",
            "models.py": MODELS.replace("LENGTH", "80"),
            "steps/__init__.py": "",
            "steps/0001_one.py": STEP_ONE,
        }.items():
            (self._package / file).write_text(dedent(text))
        patch.syspath_prepend(str(folder))
        patch.setattr(migrating, "tortoise_config", self.config)

    def config(self, path: Path, **pragmas: str) -> dict[str, object]:
        ours = tortoise_config(path, **pragmas)
        app = {"models": [f"{self._name}.models"], "migrations": f"{self._name}.steps", "default_connection": "default"}
        return {**ours, "apps": {"hub": app}}

    async def start(self) -> None:
        await migrate(self.path, CLOCK)
        with closing(sqlite3.connect(self.path)) as db:
            db.executemany("INSERT INTO parent (id, name) VALUES (?, 'x')", [(n,) for n in range(100)])
            db.executemany("INSERT INTO child (parent_id) VALUES (?)", [(n,) for n in range(100)])
            db.commit()
        (self._package / "steps/0002_two.py").write_text(dedent(STEP_TWO.replace("OPERATION", self._operation)))
        for name in [name for name in sys.modules if name.startswith(f"{self._name}.steps")]:
            del sys.modules[name]

    def backups(self) -> list[Path]:
        return [path for path in self.path.parent.iterdir() if path.name.startswith("family.db.before-")]


async def test_altering_a_parent_keeps_its_children_and_makes_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = Family(tmp_path, "family_wider", WIDER, monkeypatch)
    await family.start()
    assert await migrate(family.path, CLOCK) == ["0002_two"]
    assert (rows(family.path, "parent"), rows(family.path, "child")) == (100, 100)
    (backup,) = family.backups()
    assert (rows(backup, "parent"), rows(backup, "child")) == (100, 100)


async def test_tortoises_own_way_loses_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap T4 is still there; when this fails, migrating.py may become simpler."""
    family = Family(tmp_path, "family_stock", WIDER, monkeypatch)
    await family.start()
    config = family.config(family.path)
    await Tortoise.init(config=config)
    await Executor(Tortoise.get_connection("default"), config["apps"]).migrate()  # type: ignore[arg-type]
    await Tortoise.close_connections()
    assert rows(family.path, "child") == 0


async def test_a_step_that_loses_rows_is_refused_with_the_way_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = Family(tmp_path, "family_losing", LOSING, monkeypatch)
    await family.start()
    with pytest.raises(Refused) as refused:
        await migrate(family.path, CLOCK)
    (backup,) = family.backups()
    assert f"go back to {backup.name}\n  child: 100 rows before, 50 after" in str(refused.value)
    assert rows(backup, "child") == 100
