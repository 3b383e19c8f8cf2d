# ruff: noqa: E501, RUF012  # made by Tortoise
from tortoise import fields, migrations
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0002_channels")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AccountLease",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("channel", fields.CharField(max_length=20)),
                ("account", fields.CharField(max_length=40)),
                ("holder", fields.CharField(max_length=60)),
                ("until", fields.BigIntField()),
            ],
            options={
                "table": "account_lease",
                "app": "hub",
                "unique_together": (("channel", "account"),),
                "pk_attr": "id",
                "table_description": "Which hub process sends from a sender account: one at a time, until a moment of the database's clock (ms).",
            },
            bases=["Model"],
        ),
        ops.RemoveIndex(
            model_name="Delivery",
            name="delivery_due",
            fields=None,
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
                "table_description": "The outbox: one alert to one admin, `step` by step along their addresses. `attempt` fences outcomes, `tries` counts what used up a try, `lease` names a claim. `part`: empty for the alert itself, else what goes beside it (hub/channel.py Part), with a `step` of its own range. `follows`: the delivery of an earlier alert this one answers. `home`: the account it was planned for, once another stood in. `turn`: which turn of its alert it belongs to, so that a large alert does not starve a small one.",
            },
        ),
        ops.AddField(
            model_name="Delivery",
            name="turn",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddIndex(
            model_name="Delivery",
            index=PartialIndex(
                fields=["channel", "account", "priority", "turn", "distance", "id"],
                name="delivery_next",
                condition={"state": 0},
            ),
        ),
        ops.AddIndex(
            model_name="Delivery",
            index=PartialIndex(fields=["expires_at"], name="delivery_expiring", condition={"state": 0}),
        ),
    ]
