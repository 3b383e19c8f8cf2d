# ruff: noqa: E501, RUF012  # made by Tortoise, but for what seals the rows
"""Personal data is sealed: columns for it, what is there sealed in batches, and only then what must be unique.

One transaction: a database is sealed or it is not. The sealer in use is that of migrating.py.
"""

import re
from typing import Any

import orjson
from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from hub.store.sealing import MESSAGE, Sealed, SealedBytes, Sealer, sealer

BATCH = 500
ERASED = "erased-"

_SEALED = {
    "admin": ("name",),
    "address": ("handle",),
    "group_chat": ("handle",),
    "alert": ("content",),
    "sighting": ("text", "media"),
    "alert_draft": ("content", "note"),
    "application": ("name", "email", "content", "note"),
    "sign": ("name", "email", "remark", "note", "place"),
    "mail": ("recipient", "subject", "text"),
    "contact_request": ("name", "email", "phone", "message"),
    "form_key": ("key",),
    "neighbour_report": ("place", "text", "note"),
}
_HASHES = {
    ("address", "handle"): ("handle_hash", "handle"),
    ("group_chat", "handle"): ("handle_hash", "handle"),
    ("application", "email"): ("email_hash", "email"),
    ("sign", "email"): ("email_hash", "email"),
    ("contact_request", "email"): ("email_hash", "email"),
    ("neighbour_report", "text"): ("text_hash", "report"),
}
_ALIKE = {"delivery": "provider_ref", "receipt": "provider_ref", "acknowledgement": "ref"}


async def seal_rows(_: Any, editor: Any) -> None:
    ours = _Rows(editor.client, on_postgres=editor.DIALECT == "postgres")
    if await ours.are_none():
        return
    sealing = sealer()
    for table, columns in _SEALED.items():
        await ours.change(table, columns, lambda row, table=table: _sealed(sealing, table, row))
    for table, column in _ALIKE.items():
        await ours.change(table, (column,), lambda row, column=column: _alike(sealing, column, row))
    await ours.change("address_alias", ("alias",), lambda row: {"alias": sealing.hash("handle", row["alias"])})
    await ours.change("inbox", ("body",), lambda row: {"body": sealing.seal_bytes(bytes(row["body"]), "inbox.body")})
    await ours.change("sighting", ("picture", "latitude", "longitude"), lambda row: _seen(sealing, row))
    given = sealing.key_id, sealing.wrapped_lookup()
    await ours.run("INSERT INTO sealing_key (number, key_id, lookup, since) VALUES (1, ?1, ?2, 0)", [given])


def _sealed(sealing: Sealer, table: str, row: dict[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for column, text in row.items():
        changed[column] = sealing.seal(text, f"{table}.{column}")
        if (table, column) in _HASHES:
            name, kind = _HASHES[table, column]
            changed[name] = sealing.hash(kind, text.lower() if kind == "email" else text)
    return changed


def _alike(sealing: Sealer, column: str, row: dict[str, Any]) -> dict[str, Any]:
    text = row[column]
    return {column: text if text.startswith(ERASED) else sealing.seal_alike(text, MESSAGE)}


def _seen(sealing: Sealer, row: dict[str, Any]) -> dict[str, Any]:
    """The columns of the place are dropped after this."""
    picture, latitude, longitude = row["picture"], row["latitude"], row["longitude"]
    place = "" if latitude is None else orjson.dumps([latitude, longitude]).decode()
    return {
        "picture": None if picture is None else sealing.seal_bytes(bytes(picture), "sighting.picture"),
        "place": sealing.seal(place, "sighting.place"),
    }


class _Rows:
    """A table's rows by their ids, a batch at a time."""

    def __init__(self, client: Any, *, on_postgres: bool) -> None:
        self._client = client
        self._mark = "$" if on_postgres else "?"

    async def are_none(self) -> bool:
        tables = (*_SEALED, *_ALIKE, "address_alias", "inbox")
        return not any([(await self._client.execute_query(f"SELECT 1 FROM {one} LIMIT 1"))[1] for one in tables])  # noqa: S608

    async def run(self, sql: str, given: list[tuple[Any, ...]]) -> None:
        await self._client.execute_many(sql.replace("?", self._mark), given)

    async def change(self, table: str, columns: tuple[str, ...], changed: Any) -> None:
        key = "id"
        last: Any = "" if table == "alert" else -1
        listed = ", ".join(f'"{one}"' for one in (key, *columns))
        page = f'SELECT {listed} FROM "{table}" WHERE {key} > ?1 ORDER BY {key} LIMIT {BATCH}'.replace("?", self._mark)  # noqa: S608
        while rows := (await self._client.execute_query(page, [last]))[1]:
            last = rows[-1][key]
            news = [(row[key], changed({one: row[one] for one in columns})) for row in rows]
            names = list(news[0][1])
            put = ", ".join(f'"{name}" = ?{number}' for number, name in enumerate(names, 2))
            given = [(number, *(new[name] for name in names)) for number, new in news]
            await self.run(f'UPDATE "{table}" SET {put} WHERE {key} = ?1', given)  # noqa: S608


class Widen(ops.AlterField):
    """Of the type alone: SQLite does not look at it, and would make each table anew."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if state_editor is not None and state_editor.DIALECT != "sqlite":
            await super().database_forward(app_label, old_state, new_state, state_editor)


class Loosen(ops.RemoveConstraint):
    """On SQLite the table is made anew without it, all else as it stands; Tortoise would lose the other ones as well."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if state_editor is None or state_editor.DIALECT != "sqlite":
            await super().database_forward(app_label, old_state, new_state, state_editor)
            return
        table = old_state.apps.get_model(f"{app_label}.{self.model_name}")._meta.db_table
        made = f"SELECT sql FROM sqlite_master WHERE type = 'table' AND name = '{table}'"  # noqa: S608
        sql = (await state_editor.client.execute_query(made))[1][0]["sql"]
        unique = ", ".join(f'"{one}"' for one in self.fields or ())
        without = re.sub(rf',\s*CONSTRAINT "\w+" UNIQUE \({unique}\)', "", sql).replace(
            f'"{table}"', f'"new__{table}"', 1
        )
        for statement in (
            without,
            f'INSERT INTO "new__{table}" SELECT * FROM "{table}"',  # noqa: S608
            f'DROP TABLE "{table}"',
            f'ALTER TABLE "new__{table}" RENAME TO "{table}"',
        ):
            await state_editor.client.execute_query(statement)


class Drop(ops.RemoveField):
    """On SQLite by itself, for Tortoise would make the table anew and lose its indexes."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if state_editor is None or state_editor.DIALECT != "sqlite":
            await super().database_forward(app_label, old_state, new_state, state_editor)
            return
        table = old_state.apps.get_model(f"{app_label}.{self.model_name}")._meta.db_table
        await state_editor.client.execute_query(f'ALTER TABLE "{table}" DROP COLUMN "{self.name}"')


def _hash() -> fields.CharField[str]:
    return fields.CharField(default="", db_default="", max_length=24)


class Migration(migrations.Migration):
    dependencies = [("hub", "0010_audit")]

    initial = False

    operations = [
        ops.CreateModel(
            name="SealingKey",
            fields=[
                ("number", fields.IntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("key_id", fields.CharField(max_length=12)),
                ("lookup", fields.CharField(max_length=200)),
                ("since", fields.BigIntField()),
            ],
            options={
                "table": "sealing_key",
                "app": "hub",
                "pk_attr": "number",
                "table_description": "The master keys that sealed columns are wrapped with, the newest last: more than one while they are wrapped anew. `key_id`: which key, nothing of what it is. `lookup`: the secret of keyed hashes, wrapped by it.",
            },
            bases=["Table"],
        ),
        ops.AlterModelOptions(
            name="AddressAlias",
            options={
                "table": "address_alias",
                "app": "hub",
                "unique_together": (("channel", "alias"),),
                "pk_attr": "id",
                "table_description": "Another name the provider uses for the same address: a business-scoped user id beside a phone number. `alias`: its keyed hash.",
            },
        ),
        ops.AlterModelOptions(
            name="Sighting",
            options={
                "table": "sighting",
                "app": "hub",
                "indexes": [
                    Index(fields=["alert_id", "id"], name="sighting_alert"),
                    Index(fields=["kept_at"], name="sighting_kept"),
                ],
                "pk_attr": "id",
                "table_description": "What an admin wrote or sent us while an alert was active, for the control room only. `kind`: text, location, picture. `place`: [latitude, longitude] as JSON. `media`: what its picture is fetched by, until it has come.",
            },
        ),
        Loosen(model_name="Address", name=None, fields=["channel", "handle"]),
        Loosen(model_name="GroupChat", name=None, fields=["channel", "handle"]),
        Widen(
            model_name="Acknowledgement", name="ref", field=fields.CharField(default="", db_default="", max_length=500)
        ),
        Widen(model_name="Delivery", name="provider_ref", field=fields.CharField(default="", max_length=500)),
        Widen(model_name="Receipt", name="provider_ref", field=fields.CharField(max_length=500)),
        Widen(model_name="Admin", name="name", field=Sealed(max_length=200)),
        Widen(model_name="Address", name="handle", field=Sealed(max_length=255)),
        Widen(model_name="GroupChat", name="handle", field=Sealed(max_length=255)),
        Widen(model_name="Alert", name="content", field=Sealed()),
        Widen(model_name="AlertDraft", name="content", field=Sealed()),
        Widen(model_name="AlertDraft", name="note", field=Sealed(default="", max_length=500)),
        Widen(model_name="Application", name="content", field=Sealed()),
        Widen(model_name="Application", name="email", field=Sealed(max_length=254)),
        Widen(model_name="Application", name="name", field=Sealed(max_length=200)),
        Widen(model_name="Application", name="note", field=Sealed(default="", max_length=1000)),
        Widen(model_name="ContactRequest", name="email", field=Sealed(max_length=254)),
        Widen(model_name="ContactRequest", name="message", field=Sealed(max_length=1000)),
        Widen(model_name="ContactRequest", name="name", field=Sealed(max_length=200)),
        Widen(model_name="ContactRequest", name="phone", field=Sealed(default="", max_length=40)),
        Widen(model_name="FormKey", name="key", field=Sealed(max_length=64)),
        Widen(model_name="InboxUpdate", name="body", field=SealedBytes()),
        Widen(model_name="Mail", name="recipient", field=Sealed(max_length=254)),
        Widen(model_name="Mail", name="subject", field=Sealed(max_length=200)),
        Widen(model_name="Mail", name="text", field=Sealed()),
        Widen(model_name="NeighbourReport", name="note", field=Sealed(default="", max_length=500)),
        Widen(model_name="NeighbourReport", name="place", field=Sealed(max_length=200)),
        Widen(model_name="NeighbourReport", name="text", field=Sealed()),
        Widen(model_name="Sighting", name="media", field=Sealed(default="", db_default="")),
        Widen(model_name="Sighting", name="picture", field=SealedBytes(null=True)),
        Widen(model_name="Sighting", name="text", field=Sealed(default="")),
        Widen(model_name="Sign", name="email", field=Sealed(max_length=254)),
        Widen(model_name="Sign", name="name", field=Sealed(max_length=200)),
        Widen(model_name="Sign", name="note", field=Sealed(default="", max_length=1000)),
        Widen(model_name="Sign", name="place", field=Sealed(max_length=200)),
        Widen(model_name="Sign", name="remark", field=Sealed(default="", max_length=1000)),
        ops.AddField(model_name="Address", name="handle_hash", field=_hash()),
        ops.AddField(model_name="GroupChat", name="handle_hash", field=_hash()),
        ops.AddField(model_name="Application", name="email_hash", field=_hash()),
        ops.AddField(model_name="Sign", name="email_hash", field=_hash()),
        ops.AddField(model_name="ContactRequest", name="email_hash", field=_hash()),
        ops.AddField(model_name="NeighbourReport", name="text_hash", field=_hash()),
        ops.AddField(
            model_name="Sighting", name="place", field=fields.TextField(default="", db_default="", unique=False)
        ),
        ops.RunPython(seal_rows),
        Widen(model_name="Sighting", name="place", field=Sealed(default="", db_default="")),
        Drop(model_name="Sighting", name="latitude"),
        Drop(model_name="Sighting", name="longitude"),
        ops.AddConstraint(
            model_name="Address", constraint=UniqueConstraint(fields=("channel", "handle_hash"), name=None)
        ),
        ops.AddConstraint(
            model_name="GroupChat", constraint=UniqueConstraint(fields=("channel", "handle_hash"), name=None)
        ),
    ]
