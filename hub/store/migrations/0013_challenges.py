# ruff: noqa: E501, RUF012  # made by Tortoise
from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0012_consent")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Challenge",
            fields=[
                ("hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("browser", fields.CharField(max_length=64)),
                ("kind", fields.CharField(max_length=12)),
                ("about", fields.TextField(unique=False)),
                ("expires_at", fields.BigIntField()),
            ],
            options={
                "table": "challenge",
                "app": "hub",
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "hash",
                "table_description": "What one browser was asked to prove, until it answers, once: `hash` of what was asked, `browser` of the secret it holds. `about`: JSON, where they were going.",
            },
            bases=["Table"],
        ),
    ]
