# ruff: noqa: E501, RUF012, S608  # made by Tortoise, but for the step that chains what was noted before
from typing import Any

import orjson
from tortoise import fields, migrations
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations import operations as ops

from hub.store.chain import Noted, begin, link
from hub.store.sealing import Sealed

BATCH = 500


async def chain_changes(_: Any, editor: Any) -> None:
    """Changes noted so far are the first entries. Who was a key's name then; it becomes the key's id."""
    db = editor.client
    mark = "${}" if db.capabilities.dialect == "postgres" else "?{}"
    keys: dict[str, tuple[str, str]] = {}
    for key in (await db.execute_query("SELECT id, name, role FROM api_key ORDER BY created_at DESC"))[1]:
        keys[key["name"]] = key["id"], key["role"]
    head, last = begin(), -1
    insert = f"INSERT INTO audit VALUES ({', '.join(mark.format(n) for n in range(1, 13))})"
    while True:
        rows = (
            await db.execute_query(
                f"SELECT * FROM change WHERE id > {mark.format(1)} ORDER BY id LIMIT {BATCH}", [last]
            )
        )[1]
        if not rows:
            break
        noted = [
            Noted(r["at"], *_who(r["who"], keys), r["kind"], r["subject"], False, orjson.loads(r["what"])) for r in rows
        ]
        head, entries = link(head, noted)
        await db.execute_many(insert, [list(one.row()) for one in entries])
        last = rows[-1]["id"]
    given = ", ".join(mark.format(n) for n in range(1, 5))
    await db.execute_query(
        f"INSERT INTO audit_head (id, sequence, hash, kept_from, base) VALUES (1, {given})",
        [head.sequence, head.hash, head.first, head.base],
    )


def _who(who: str, keys: dict[str, tuple[str, str]]) -> tuple[str, str]:
    """(id, role)"""
    if who == "command line":
        return "commandline", "operator"
    if not who:
        return "", "visitor"
    return keys.get(who) or ((who, "admin") if who.isdecimal() else ("", ""))


class Migration(migrations.Migration):
    dependencies = [("hub", "0009_keys")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Audit",
            fields=[
                ("sequence", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("at", fields.BigIntField()),
                ("who", fields.CharField(max_length=40)),
                ("role", fields.CharField(max_length=12)),
                ("kind", fields.CharField(max_length=40)),
                ("subject", fields.CharField(max_length=40)),
                ("look", fields.BooleanField()),
                ("what", fields.TextField(unique=False)),
                ("content", Sealed(null=True, unique=False)),
                ("content_hash", fields.CharField(max_length=64)),
                ("previous", fields.CharField(max_length=64)),
                ("hash", fields.CharField(max_length=64)),
            ],
            options={
                "table": "audit",
                "app": "hub",
                "indexes": [
                    Index(fields=["look", "sequence"], name="audit_look"),
                    Index(fields=["kind", "subject"], name="audit_kind"),
                    Index(fields=["who", "sequence"], name="audit_who"),
                ],
                "pk_attr": "sequence",
                "table_description": "Append-only. `who`: the id of a key, a staff account or an admin, with their `role`. `kind`: noun.verb. `look`: personal data was shown, else something was changed. `what`: JSON without personal data. `content`: what may have to be erased, its hash stays.",
            },
            bases=["Table"],
        ),
        ops.CreateModel(
            name="AuditHead",
            fields=[
                ("id", fields.IntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("sequence", fields.BigIntField()),
                ("hash", fields.CharField(max_length=64)),
                ("kept_from", fields.BigIntField()),
                ("base", fields.CharField(max_length=64)),
                ("token", fields.CharField(default="", db_default="", max_length=16)),
                ("verified_at", fields.BigIntField(default=0, db_default=0)),
                ("verified_to", fields.BigIntField(default=0, db_default=0)),
                ("verified_faults", fields.IntField(default=0, db_default=0)),
            ],
            options={
                "table": "audit_head",
                "app": "hub",
                "pk_attr": "id",
                "table_description": "One row: the last entry, and the first that is kept (`kept_from`) with the hash it follows (`base`: random at the chain's start). `token`: of who moved it last. `verified_*`: what the last walk along all of it found.",
            },
            bases=["Table"],
        ),
        ops.AlterModelOptions(
            name="Alert",
            options={
                "table": "alert",
                "app": "hub",
                "unique_together": (("sender", "identifier"),),
                "indexes": [
                    Index(fields=["accepted_at"]),
                    Index(fields=["planned_at"]),
                    PartialIndex(fields=["accepted_at"], name="alert_unaudited", condition={"audited": 0}),
                    PartialIndex(fields=["accepted_at"], name="alert_held", condition={"hold": "held"}),
                ],
                "pk_attr": "id",
                "table_description": "`id` is the alert number that people see: random, so that numbers cannot be guessed in bulk. `closed_by`: the Update or Cancel that ended it. `beside`: a list of what it has to send beside the message (hub/channel.py Part). `repeats`: what of that those who got the alert before it have already. `outcome`: what came of it, as the control room says. `erased_at`: when descriptions and pictures were erased. `remarks`: free replies to it, which are counted only. `audited`: 1 once the audit chain has it. `hold`: where somebody else must agree first: held, then agreed, refused, lapsed or broken (sent without, for a reason).",
            },
        ),
        ops.AddField(
            model_name="Alert",
            name="audited",
            field=fields.SmallIntField(default=0, db_default=1),
        ),
        ops.AddField(
            model_name="Alert",
            name="hold",
            field=fields.CharField(default="", db_default="", max_length=10),
        ),
        ops.AddIndex(
            model_name="Alert",
            index=PartialIndex(fields=["accepted_at"], name="alert_unaudited", condition={"audited": 0}),
        ),
        ops.AddIndex(
            model_name="Alert",
            index=PartialIndex(fields=["accepted_at"], name="alert_held", condition={"hold": "held"}),
        ),
        ops.RunPython(chain_changes),
        ops.DeleteModel(name="Change"),
    ]
