# ruff: noqa: E501, RUF012  # made by Tortoise
from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0005_loop")]

    initial = False

    operations = [
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
                "table_description": "What an admin wrote or sent us while an alert was active, for the control room only. `kind`: text, location, picture. `media`: what its picture is fetched by, until it has come.",
            },
        ),
        ops.AddField(
            model_name="Sighting",
            name="account",
            field=fields.CharField(default="", db_default="", max_length=40),
        ),
        ops.AddField(
            model_name="Sighting",
            name="channel",
            field=fields.CharField(default="", db_default="", max_length=20),
        ),
        ops.AddField(
            model_name="Sighting",
            name="kept_at",
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Sighting",
            name="media",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddIndex(
            model_name="Sighting",
            index=Index(fields=["kept_at"], name="sighting_kept"),
        ),
    ]
