# ruff: noqa: E501, RUF012  # made by Tortoise
from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from hub.store.sealing import Sealed


class Migration(migrations.Migration):
    dependencies = [("hub", "0007_faces")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Passkey",
            fields=[
                ("hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("staff_id", fields.CharField(max_length=16)),
                ("credential", fields.TextField(unique=False)),
                ("public_key", fields.TextField(unique=False)),
                ("sign_count", fields.BigIntField(default=0)),
                ("transports", fields.TextField(default="[]", unique=False)),
                ("backed_up", fields.BooleanField(default=False)),
                ("name", fields.CharField(max_length=100)),
                ("created_at", fields.BigIntField()),
                ("used_at", fields.BigIntField(null=True)),
            ],
            options={
                "table": "passkey",
                "app": "hub",
                "indexes": [Index(fields=["staff_id"])],
                "pk_attr": "hash",
                "table_description": "A WebAuthn credential. `hash`: SHA-256 of its id. `credential`, `public_key`: base64url. `sign_count`: what the authenticator counted last. `transports`: JSON, how a browser reaches it. `backed_up`: its maker keeps a copy.",
            },
            bases=["Table"],
        ),
        ops.CreateModel(
            name="SignInAttempts",
            fields=[
                ("hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("failures", fields.IntField(default=0)),
                ("failed_at", fields.BigIntField(default=0)),
                ("known_until", fields.BigIntField(default=0)),
            ],
            options={
                "table": "sign_in_attempts",
                "app": "hub",
                "indexes": [Index(fields=["failed_at"])],
                "pk_attr": "hash",
                "table_description": "How often signing in failed of late for an account, from an address, or for the one from the other: `hash` is a keyed hash of which. `known_until`: somebody signed in so, and other people's failures do not slow them down until then.",
            },
            bases=["Table"],
        ),
        ops.CreateModel(
            name="Staff",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ("name", Sealed(unique=False)),
                ("login", Sealed(unique=False)),
                ("login_hash", fields.CharField(unique=True, max_length=64)),
                ("role", fields.CharField(max_length=12)),
                ("sender", fields.CharField(default="", max_length=200)),
                ("municipalities", fields.TextField(default="[]", unique=False)),
                ("passphrase_hash", fields.TextField(default="", unique=False)),
                ("passphrase_at", fields.BigIntField(null=True)),
                ("totp_secret", Sealed(default="", unique=False)),
                ("totp_offered", Sealed(default="", unique=False)),
                ("totp_step", fields.BigIntField(default=0)),
                ("invited_hash", fields.CharField(null=True, unique=True, max_length=64)),
                ("invited_until", fields.BigIntField(default=0)),
                ("created_at", fields.BigIntField()),
                ("signed_in_at", fields.BigIntField(null=True)),
                ("disabled_at", fields.BigIntField(null=True)),
            ],
            options={
                "table": "staff",
                "app": "hub",
                "pk_attr": "id",
                "table_description": "A person who signs in. `login`: what they type, an e-mail address or a name, found by `login_hash`. `municipalities`: a coordinator's own, a JSON list of GM codes, empty for all. `totp_offered`: a second factor shown and not confirmed yet. `totp_step`: the last 30 seconds whose code was used, for no code works twice. `invited_hash`: a link to set all this oneself, until invited_until.",
            },
            bases=["Table"],
        ),
        ops.CreateModel(
            name="StaffRecovery",
            fields=[
                ("hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("staff_id", fields.CharField(max_length=16)),
                ("created_at", fields.BigIntField()),
            ],
            options={
                "table": "staff_recovery",
                "app": "hub",
                "indexes": [Index(fields=["staff_id"])],
                "pk_attr": "hash",
                "table_description": "A code that replaces the second factor once, its SHA-256 (it is 120 random bits). Gone when it is used.",
            },
            bases=["Table"],
        ),
        ops.CreateModel(
            name="StaffSubject",
            fields=[
                ("hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("staff_id", fields.CharField(max_length=16)),
                ("issuer", fields.CharField(max_length=300)),
                ("subject", Sealed(unique=False)),
                ("created_at", fields.BigIntField()),
                ("used_at", fields.BigIntField(null=True)),
            ],
            options={
                "table": "staff_subject",
                "app": "hub",
                "indexes": [Index(fields=["staff_id"])],
                "pk_attr": "hash",
                "table_description": "An account at somebody else's sign-on (OpenID Connect) that stands for one of ours. `hash`: SHA-256 of issuer, line end, subject.",
            },
            bases=["Table"],
        ),
        ops.AlterModelOptions(
            name="WebSession",
            options={
                "table": "web_session",
                "app": "hub",
                "indexes": [Index(fields=["key_id"], name="web_session_key")],
                "pk_attr": "hash",
                "table_description": "A signed-in browser, the cookie's SHA-256, bound to the key or staff account it was opened with. `ticket`: a one-time link, not yet used. It ends at `expires_at`, and at `idle_at` unless it is used before. `strength`: how they proved who they are, `confirmed_at`: when they last did. `described`: browser and system, in words.",
            },
        ),
        ops.AddField(
            model_name="WebSession",
            name="confirmed_at",
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="WebSession",
            name="created_at",
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="WebSession",
            name="described",
            field=fields.CharField(default="", db_default="", max_length=100),
        ),
        ops.AddField(
            model_name="WebSession",
            name="idle_at",
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="WebSession",
            name="seen_at",
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="WebSession",
            name="strength",
            field=fields.CharField(default="key", db_default="key", max_length=20),
        ),
        ops.AddIndex(
            model_name="WebSession",
            index=Index(fields=["key_id"], name="web_session_key"),
        ),
    ]
