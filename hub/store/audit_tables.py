# ruff: noqa: RUF012  # Tortoise reads Meta's plain lists
"""The audit chain's tables: what was changed and looked at, each entry holding the hash of the one before it (chain.py)."""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index

from hub.store.model import Table
from hub.store.sealing import Sealed


class Audit(Table):
    """Append-only. `who`: the id of a key, a staff account or an admin, with their `role`. `kind`: noun.verb. `look`: personal data was shown, else something was changed. `what`: JSON without personal data. `content`: what may have to be erased, its hash stays."""  # noqa: E501  # one SQL comment

    sequence = fields.BigIntField(primary_key=True, generated=False)
    at = fields.BigIntField()
    who = fields.CharField(max_length=40)
    role = fields.CharField(max_length=12)
    kind = fields.CharField(max_length=40)
    subject = fields.CharField(max_length=40)
    look = fields.BooleanField()
    what = fields.TextField()
    content = Sealed(null=True)
    content_hash = fields.CharField(max_length=64)
    previous = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "audit"
        indexes = [
            Index(fields=("look", "sequence"), name="audit_look"),
            Index(fields=("kind", "subject"), name="audit_kind"),
            Index(fields=("who", "sequence"), name="audit_who"),
        ]


class AuditHead(Table):
    """One row: the last entry, and the first that is kept (`kept_from`) with the hash it follows (`base`: random at the chain's start). `token`: of who moved it last. `verified_*`: what the last walk along all of it found."""  # noqa: E501  # one SQL comment

    id = fields.IntField(primary_key=True, generated=False)
    sequence = fields.BigIntField()
    hash = fields.CharField(max_length=64)
    kept_from = fields.BigIntField()
    base = fields.CharField(max_length=64)
    token = fields.CharField(max_length=16, default="", db_default="")
    verified_at = fields.BigIntField(default=0, db_default=0)
    verified_to = fields.BigIntField(default=0, db_default=0)
    verified_faults = fields.IntField(default=0, db_default=0)

    class Meta:
        table = "audit_head"
