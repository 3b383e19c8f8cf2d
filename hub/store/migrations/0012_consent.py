# ruff: noqa: E501, RUF012  # made by Tortoise
from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0011_sealed")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Consent",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("at", fields.BigIntField()),
                ("of", fields.CharField(max_length=12)),
                ("subject", fields.BigIntField()),
                ("what", fields.CharField(max_length=16)),
                ("given", fields.BooleanField()),
                ("via", fields.CharField(max_length=20)),
                ("language", fields.CharField(max_length=8)),
            ],
            options={
                "table": "consent",
                "app": "hub",
                "indexes": [
                    Index(fields=["of", "subject"], name="consent_of"),
                ],
                "pk_attr": "id",
                "table_description": "What somebody agreed to, or no longer does. `of`: admin, application, contact. `subject`: its id. `what`: alerts, test_messages, terms. `given`: false where they took it back. `via`: page, or the messenger it came by. `language`: in which they read it.",
            },
            bases=["Table"],
        ),
    ]
