# ruff: noqa: E501, RUF012  # made by Tortoise
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0001_start")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AddressAlias",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("channel", fields.CharField(max_length=20)),
                ("alias", fields.CharField(max_length=255)),
                (
                    "address",
                    fields.ForeignKeyField(
                        "hub.Address",
                        source_field="address_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="aliases",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "address_alias",
                "app": "hub",
                "unique_together": (("channel", "alias"),),
                "pk_attr": "id",
                "table_description": "Another name the provider uses for the same address: a business-scoped user id beside a phone number.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ChannelCursor",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("channel", fields.CharField(max_length=20)),
                ("account", fields.CharField(max_length=40)),
                ("cursor", fields.TextField(unique=False)),
            ],
            options={
                "table": "channel_cursor",
                "app": "hub",
                "unique_together": (("channel", "account"),),
                "pk_attr": "id",
                "table_description": "How far a listening channel has fetched, stored in the transaction that keeps the updates before it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GroupChat",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "group",
                    fields.ForeignKeyField(
                        "hub.WatchGroup",
                        source_field="group_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="chats",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("channel", fields.CharField(max_length=20)),
                ("account", fields.CharField(max_length=40)),
                ("handle", fields.CharField(max_length=255)),
                ("state", fields.CharField(default="verified", max_length=12)),
            ],
            options={
                "table": "group_chat",
                "app": "hub",
                "unique_together": (("channel", "handle"),),
                "pk_attr": "id",
                "table_description": "The group's own chat, where our sender account is a member. `state`: verified, or dead when we were put out.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LinkToken",
            fields=[
                ("hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                (
                    "admin",
                    fields.ForeignKeyField(
                        "hub.Admin",
                        source_field="admin_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="link_tokens",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("channel", fields.CharField(max_length=20)),
                ("created_at", fields.BigIntField()),
                ("expires_at", fields.BigIntField()),
                ("used_at", fields.BigIntField(null=True)),
            ],
            options={
                "table": "link_token",
                "app": "hub",
                "pk_attr": "hash",
                "table_description": "A one-time invitation to link an address. Only the SHA-256 of the token is kept.",
            },
            bases=["Model"],
        ),
        ops.AlterModelOptions(
            name="Acknowledgement",
            options={
                "table": "acknowledgement",
                "app": "hub",
                "unique_together": (("alert_id", "admin_id", "kind"),),
                "indexes": [Index(fields=["ref"], name="acknowledgement_ref")],
                "pk_attr": "id",
                "table_description": "What a person answered, the first time of each kind is the one that counts. `ref`: the provider's name of the answer, by which it can be taken back.",
            },
        ),
        ops.AddField(
            model_name="Acknowledgement",
            name="ref",
            field=fields.CharField(default="", db_default="", max_length=300),
        ),
        ops.AddIndex(
            model_name="Acknowledgement",
            index=Index(fields=["ref"], name="acknowledgement_ref"),
        ),
        ops.AlterModelOptions(
            name="Address",
            options={
                "table": "address",
                "app": "hub",
                "unique_together": (("channel", "handle"), ("admin_id", "rank")),
                "pk_attr": "id",
                "table_description": "`state`: verified (may be sent to), unverified, dead (the provider said so), stopped (the person said STOP). `account`: the sender account the person linked with, empty for any. `strikes`: failures in a row that may mean it is dead.",
            },
        ),
        ops.AddField(
            model_name="Address",
            name="account",
            field=fields.CharField(default="", db_default="", max_length=40),
        ),
        ops.AddField(
            model_name="Address",
            name="strikes",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Admin",
            name="away_until",
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AlterModelOptions(
            name="Alert",
            options={
                "table": "alert",
                "app": "hub",
                "unique_together": (("sender", "identifier"),),
                "indexes": [Index(fields=["accepted_at"]), Index(fields=["planned_at"])],
                "pk_attr": "id",
                "table_description": "`id` is the alert number that people see: random, so that numbers cannot be guessed in bulk. `closed_by`: the Update or Cancel that ended it. `beside`: a list of what it has to send beside the message (hub/channel.py Part). `repeats`: what of that those who got the alert before it have already.",
            },
        ),
        ops.AddField(
            model_name="Alert",
            name="beside",
            field=fields.CharField(default="[]", db_default="[]", max_length=60),
        ),
        ops.AddField(
            model_name="Alert",
            name="closed_by",
            field=fields.CharField(default="", db_default="", max_length=12),
        ),
        ops.AddField(
            model_name="Alert",
            name="repeats",
            field=fields.CharField(default="[]", db_default="[]", max_length=60),
        ),
        ops.AlterModelOptions(
            name="Delivery",
            options={
                "table": "delivery",
                "app": "hub",
                "unique_together": (("alert_id", "admin_id", "step"),),
                "indexes": [
                    PartialIndex(
                        fields=["channel", "account", "priority", "distance", "id"],
                        name="delivery_due",
                        condition={"state": 0},
                    ),
                    PartialIndex(fields=["lease"], name="delivery_leased", condition={"state": 1}),
                    Index(fields=["address_id"], name="delivery_address"),
                    Index(fields=["provider_ref"], name="delivery_provider_ref"),
                ],
                "pk_attr": "id",
                "table_description": "The outbox: one alert to one admin, `step` by step along their addresses. `attempt` fences outcomes, `tries` counts what used up a try, `lease` names a claim. `part`: empty for the alert itself, else what goes beside it (hub/channel.py Part), with a `step` of its own range. `follows`: the delivery of an earlier alert this one answers. `home`: the account it was planned for, once another stood in.",
            },
        ),
        ops.AddField(
            model_name="Delivery",
            name="follows",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Delivery",
            name="home",
            field=fields.CharField(null=True, max_length=40),
        ),
        ops.AddField(
            model_name="Delivery",
            name="part",
            field=fields.CharField(default="", db_default="", max_length=10),
        ),
        ops.AlterModelOptions(
            name="Receipt",
            options={
                "table": "receipt",
                "app": "hub",
                "unique_together": (("provider_ref", "kind", "at", "channel"),),
                "indexes": [Index(fields=["delivery_id"], name="receipt_delivery")],
                "pk_attr": "id",
                "table_description": "What a channel reported: append-only, any order. `delivery_id` stays null while we do not know the message yet. `heeded`: a failure that led to another try, or was counted against the address.",
            },
        ),
        ops.AddField(
            model_name="Receipt",
            name="heeded",
            field=fields.BooleanField(default=False, db_default=False),
        ),
    ]
