# ruff: noqa: RUF012  # Tortoise reads Meta's plain lists
"""The schema of who works with the hub: staff accounts, how each proves who they are, and who tried to sign in too often.

Beside tables.py, whose conventions hold here; the sessions themselves (web_session) stand there. An account's id is of the same
form as an API key's, so that whatever names who did something can name either.
"""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index

from hub.store.model import Table
from hub.store.sealing import Sealed


class Staff(Table):
    """A person who signs in. `login`: what they type, an e-mail address or a name, found by `login_hash`. `municipalities`: a coordinator's own, a JSON list of GM codes, empty for all. `senders`: in whose names they may speak, a JSON list, empty for all. `totp_offered`: a second factor shown and not confirmed yet. `totp_step`: the last 30 seconds whose code was used, for no code works twice. `invited_hash`: a link to set all this oneself, until invited_until."""  # noqa: E501  # one SQL comment

    id = fields.CharField(max_length=16, primary_key=True)
    name = Sealed()
    login = Sealed()
    login_hash = fields.CharField(max_length=64, unique=True)
    role = fields.CharField(max_length=12)
    sender = fields.CharField(max_length=200, default="")
    municipalities = fields.TextField(default="[]")
    senders = fields.TextField(default="[]", db_default="[]")
    passphrase_hash = fields.TextField(default="")
    passphrase_at = fields.BigIntField(null=True)
    totp_secret = Sealed(default="")
    totp_offered = Sealed(default="")
    totp_step = fields.BigIntField(default=0)
    invited_hash = fields.CharField(max_length=64, null=True, unique=True)
    invited_until = fields.BigIntField(default=0)
    created_at = fields.BigIntField()
    signed_in_at = fields.BigIntField(null=True)
    disabled_at = fields.BigIntField(null=True)

    class Meta:
        table = "staff"


class StaffRecovery(Table):
    """A code that replaces the second factor once, its SHA-256 (it is 120 random bits). Gone when it is used."""

    hash = fields.CharField(max_length=64, primary_key=True)
    staff_id = fields.CharField(max_length=16)
    created_at = fields.BigIntField()

    class Meta:
        table = "staff_recovery"
        indexes = [Index(fields=("staff_id",))]


class Passkey(Table):
    """A WebAuthn credential. `hash`: SHA-256 of its id. `credential`, `public_key`: base64url. `sign_count`: what the authenticator counted last. `transports`: JSON, how a browser reaches it. `backed_up`: its maker keeps a copy."""  # noqa: E501  # one SQL comment

    hash = fields.CharField(max_length=64, primary_key=True)
    staff_id = fields.CharField(max_length=16)
    credential = fields.TextField()
    public_key = fields.TextField()
    sign_count = fields.BigIntField(default=0)
    transports = fields.TextField(default="[]")
    backed_up = fields.BooleanField(default=False)
    name = fields.CharField(max_length=100)
    created_at = fields.BigIntField()
    used_at = fields.BigIntField(null=True)

    class Meta:
        table = "passkey"
        indexes = [Index(fields=("staff_id",))]


class StaffSubject(Table):
    """An account at somebody else's sign-on (OpenID Connect) that stands for one of ours. `hash`: SHA-256 of issuer, line end, subject."""  # noqa: E501  # one SQL comment

    hash = fields.CharField(max_length=64, primary_key=True)
    staff_id = fields.CharField(max_length=16)
    issuer = fields.CharField(max_length=300)
    subject = Sealed()
    created_at = fields.BigIntField()
    used_at = fields.BigIntField(null=True)

    class Meta:
        table = "staff_subject"
        indexes = [Index(fields=("staff_id",))]


class SignInAttempts(Table):
    """How often signing in failed of late for an account, from an address, or for the one from the other: `hash` is a keyed hash of which. `known_until`: somebody signed in so, and other people's failures do not slow them down until then."""  # noqa: E501  # one SQL comment

    hash = fields.CharField(max_length=64, primary_key=True)
    failures = fields.IntField(default=0)
    failed_at = fields.BigIntField(default=0)
    known_until = fields.BigIntField(default=0)

    class Meta:
        table = "sign_in_attempts"
        indexes = [Index(fields=("failed_at",))]


class Challenge(Table):
    """What one browser was asked to prove, until it answers, once: `hash` of what was asked, `browser` of the secret it holds. `about`: JSON, where they were going."""  # noqa: E501  # one SQL comment

    hash = fields.CharField(max_length=64, primary_key=True)
    browser = fields.CharField(max_length=64)
    kind = fields.CharField(max_length=12)
    about = fields.TextField()
    expires_at = fields.BigIntField()

    class Meta:
        table = "challenge"
        indexes = [Index(fields=("expires_at",))]
