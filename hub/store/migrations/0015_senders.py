# ruff: noqa: E501, RUF012  # made by Tortoise
from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0014_door")]

    initial = False

    operations = [
        ops.AlterModelOptions(
            name="ApiKey",
            options={
                "table": "api_key",
                "app": "hub",
                "indexes": [Index(fields=["old_hash"], name="api_key_old_hash")],
                "pk_attr": "id",
                "table_description": "Only a SHA-256 of the key is kept: 256 random bits need no slow hash. `old_hash`: the secret before the last rotation, known until `old_until`. `municipalities`, `scopes`, `senders`: words with a space between, empty for all. `staff_id`: the account whose own key it is. `used_on`: the day it was last used, its first millisecond. `certificate`: SHA-256 of the public key that its client's certificate must have. `public_key`: PEM, what its requests must be signed with.",
            },
        ),
        ops.AddField(
            model_name="ApiKey",
            name="senders",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="ApiKey",
            name="staff_id",
            field=fields.CharField(default="", db_default="", max_length=16),
        ),
        ops.AlterModelOptions(
            name="Staff",
            options={
                "table": "staff",
                "app": "hub",
                "pk_attr": "id",
                "table_description": "A person who signs in. `login`: what they type, an e-mail address or a name, found by `login_hash`. `municipalities`: a coordinator's own, a JSON list of GM codes, empty for all. `senders`: in whose names they may speak, a JSON list, empty for all. `totp_offered`: a second factor shown and not confirmed yet. `totp_step`: the last 30 seconds whose code was used, for no code works twice. `invited_hash`: a link to set all this oneself, until invited_until.",
            },
        ),
        ops.AddField(
            model_name="Staff",
            name="senders",
            field=fields.TextField(default="[]", db_default="[]", unique=False),
        ),
    ]
