# ruff: noqa: E501, RUF012  # made by Tortoise
from tortoise import fields, migrations
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0004_ground")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Sighting",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("alert_id", fields.CharField(max_length=12)),
                ("admin_id", fields.BigIntField()),
                ("at", fields.BigIntField()),
                ("kind", fields.CharField(max_length=10)),
                ("text", fields.TextField(default="", unique=False)),
                ("latitude", fields.FloatField(null=True)),
                ("longitude", fields.FloatField(null=True)),
                ("picture", fields.BinaryField(null=True)),
                ("mime", fields.CharField(default="", max_length=40)),
            ],
            options={
                "table": "sighting",
                "app": "hub",
                "indexes": [Index(fields=["alert_id", "id"], name="sighting_alert")],
                "pk_attr": "id",
                "table_description": "What an admin wrote or sent us while an alert was active, for the control room only. `kind`: text, location, picture.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Widening",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("alert_id", fields.CharField(max_length=12)),
                ("number", fields.IntField()),
                ("due_at", fields.BigIntField()),
                ("metres", fields.FloatField()),
                ("codes", fields.TextField(unique=False)),
                ("state", fields.CharField(default="due", max_length=10)),
                ("decided_at", fields.BigIntField(null=True)),
            ],
            options={
                "table": "widening",
                "app": "hub",
                "unique_together": (("alert_id", "number"),),
                "indexes": [Index(fields=["due_at"], name="widening_due")],
                "pk_attr": "id",
                "table_description": "A ring that the search widens to: `codes` is a JSON list of [code, metres from the scene] it would add. `state`: due, proposed, done, refused.",
            },
            bases=["Model"],
        ),
        ops.AlterModelOptions(
            name="Address",
            options={
                "table": "address",
                "app": "hub",
                "unique_together": (("channel", "handle"), ("admin_id", "rank")),
                "pk_attr": "id",
                "table_description": "`state`: verified (may be sent to), unverified, dead (the provider said so), stopped (the person said STOP). `account`: the sender account the person linked with, empty for any. `strikes`: failures in a row that may mean it is dead. `checked_at`: when the messenger was last asked whether it can be reached.",
            },
        ),
        ops.AddField(
            model_name="Address",
            name="checked_at",
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AlterModelOptions(
            name="Admin",
            options={
                "table": "admin",
                "app": "hub",
                "pk_attr": "id",
                "table_description": "`test_messages`: they agreed to get one now and then, to see whether they can be reached.",
            },
        ),
        ops.AddField(
            model_name="Admin",
            name="test_messages",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AlterModelOptions(
            name="Alert",
            options={
                "table": "alert",
                "app": "hub",
                "unique_together": (("sender", "identifier"),),
                "indexes": [Index(fields=["accepted_at"]), Index(fields=["planned_at"])],
                "pk_attr": "id",
                "table_description": "`id` is the alert number that people see: random, so that numbers cannot be guessed in bulk. `closed_by`: the Update or Cancel that ended it. `beside`: a list of what it has to send beside the message (hub/channel.py Part). `repeats`: what of that those who got the alert before it have already. `outcome`: what came of it, as the control room says. `erased_at`: when descriptions and pictures were erased. `remarks`: free replies to it, which are counted only.",
            },
        ),
        ops.AddField(
            model_name="Alert",
            name="erased_at",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Alert",
            name="outcome",
            field=fields.CharField(default="", db_default="", max_length=20),
        ),
        ops.AddField(
            model_name="Alert",
            name="outcome_at",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Alert",
            name="remarks",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AlterModelOptions(
            name="AlertNeighbourhood",
            options={
                "table": "alert_neighbourhood",
                "app": "hub",
                "unique_together": (("alert_id", "code"),),
                "indexes": [Index(fields=["check_at"], name="alert_neighbourhood_check")],
                "pk_attr": "id",
                "table_description": "What an alert matched, and how far each neighbourhood is: planned, forwarded. `added`: empty for what its own area touches, else why it was added later (widened, adjacent). `rung`: how many steps of the escalation were taken, the last at `rung_at`. `check_at`: when the escalator looks at it next. `dark_at`: when the control room was told that nobody forwards it here.",
            },
        ),
        ops.AddField(
            model_name="AlertNeighbourhood",
            name="added",
            field=fields.CharField(default="", db_default="", max_length=10),
        ),
        ops.AddField(
            model_name="AlertNeighbourhood",
            name="check_at",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="AlertNeighbourhood",
            name="dark_at",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="AlertNeighbourhood",
            name="rung",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="AlertNeighbourhood",
            name="rung_at",
            field=fields.BigIntField(null=True),
        ),
        ops.AddIndex(
            model_name="AlertNeighbourhood",
            index=Index(fields=["check_at"], name="alert_neighbourhood_check"),
        ),
        ops.AlterModelOptions(
            name="Delivery",
            options={
                "table": "delivery",
                "app": "hub",
                "unique_together": (("alert_id", "admin_id", "step"),),
                "indexes": [
                    PartialIndex(
                        fields=["channel", "account", "priority", "turn", "distance", "id"],
                        name="delivery_next",
                        condition={"state": 0},
                    ),
                    PartialIndex(fields=["expires_at"], name="delivery_expiring", condition={"state": 0}),
                    PartialIndex(fields=["lease"], name="delivery_leased", condition={"state": 1}),
                    Index(fields=["address_id"], name="delivery_address"),
                    Index(fields=["provider_ref"], name="delivery_provider_ref"),
                ],
                "pk_attr": "id",
                "table_description": "The outbox: one alert to one admin, `step` by step along their addresses. `attempt` fences outcomes, `tries` counts what used up a try, `lease` names a claim. `part`: empty for the alert itself, else what goes beside it (hub/channel.py Part), with a `step` of its own range. `follows`: the delivery of an earlier alert this one answers. `home`: the account it was planned for, once another stood in. `turn`: which turn of its alert it belongs to, so that a large alert does not starve a small one. `rung`: the step of the escalation that made it, 0 for the alert's own plan.",
            },
        ),
        ops.AddField(
            model_name="Delivery",
            name="rung",
            field=fields.IntField(default=0, db_default=0),
        ),
    ]
