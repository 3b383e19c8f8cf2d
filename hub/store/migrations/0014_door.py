# ruff: noqa: E501, RUF012  # made by Tortoise
from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0013_challenges")]

    initial = False

    operations = [
        ops.CreateModel(
            name="HeardUpdate",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("channel", fields.CharField(max_length=20)),
                ("account", fields.CharField(max_length=40)),
                ("key", fields.CharField(max_length=100)),
                ("at", fields.BigIntField()),
            ],
            options={
                "table": "heard",
                "app": "hub",
                "unique_together": (("channel", "account", "key"),),
                "indexes": [Index(fields=["at"], name="heard_at")],
                "pk_attr": "id",
                "table_description": "An update that was understood and more than a receipt, by its key: told once more it is not taken again.",
            },
            bases=["Table"],
        ),
    ]
