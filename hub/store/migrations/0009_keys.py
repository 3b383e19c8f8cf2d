# ruff: noqa: E501, RUF012  # made by Tortoise
from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0008_staff")]

    initial = False

    operations = [
        ops.CreateModel(
            name="SignedNonce",
            fields=[
                ("hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("until", fields.BigIntField()),
            ],
            options={
                "table": "signed_nonce",
                "app": "hub",
                "indexes": [Index(fields=["until"], name="signed_nonce_until")],
                "pk_attr": "hash",
                "table_description": "A signed request that was taken, by the SHA-256 of its key and nonce: one like it is refused until its time is over.",
            },
            bases=["Table"],
        ),
        ops.AlterModelOptions(
            name="ApiKey",
            options={
                "table": "api_key",
                "app": "hub",
                "indexes": [Index(fields=["old_hash"], name="api_key_old_hash")],
                "pk_attr": "id",
                "table_description": "Only a SHA-256 of the key is kept: 256 random bits need no slow hash. `old_hash`: the secret before the last rotation, known until `old_until`. `municipalities`, `scopes`: words with a space between, empty for all. `used_on`: the day it was last used, its first millisecond. `certificate`: SHA-256 of the public key that its client's certificate must have. `public_key`: PEM, what its requests must be signed with.",
            },
        ),
        ops.AddField(
            model_name="ApiKey",
            name="certificate",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
        ops.AddField(
            model_name="ApiKey",
            name="expires_at",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="ApiKey",
            name="municipalities",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="ApiKey",
            name="old_hash",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
        ops.AddField(
            model_name="ApiKey",
            name="old_until",
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="ApiKey",
            name="public_key",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="ApiKey",
            name="scopes",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="ApiKey",
            name="used_on",
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddIndex(
            model_name="ApiKey",
            index=Index(fields=["old_hash"], name="api_key_old_hash"),
        ),
    ]
