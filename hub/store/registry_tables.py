# ruff: noqa: RUF012  # Tortoise reads Meta's plain lists
"""The schema of what people fill in on pages: drafts, applications, signs, texts, mails, neighbour reports, and who changed what.

Beside tables.py, whose conventions hold here. No row refers to the queue's tables but by plain ids.
"""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index

from hub.store.model import Table
from hub.store.sealing import Sealed


class AlertDraft(Table):
    """An alert being written on the console. `content`: the form as JSON, emptied once it is sent or thrown away. `state`: draft, waiting (for a second pair of eyes), sent, refused."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    key_id = fields.CharField(max_length=16)
    written_by = fields.CharField(max_length=200)
    content = Sealed()
    state = fields.CharField(max_length=10)
    changed_at = fields.BigIntField()
    decided_by = fields.CharField(max_length=200, default="")
    decided_at = fields.BigIntField(null=True)
    note = Sealed(max_length=500, default="")
    alert_id = fields.CharField(max_length=12, default="")

    class Meta:
        table = "alert_draft"
        indexes = [Index(fields=("key_id",)), Index(fields=("state", "changed_at"))]


class Application(Table):
    """What somebody asks of the registry. `kind`: group (register one), admin (of a district's admin group), starting (a group to come). `content`: the form as JSON. `state`: unconfirmed (the e-mail's link not followed), open, accepted, refused. Name, e-mail and texts are emptied at erased_at."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=10)
    state = fields.CharField(max_length=12)
    language = fields.CharField(max_length=8)
    name = Sealed(max_length=200)
    email = Sealed(max_length=254)
    email_hash = fields.CharField(max_length=24, default="", db_default="")
    content = Sealed()
    confirm_hash = fields.CharField(max_length=64, unique=True)
    created_at = fields.BigIntField()
    confirmed_at = fields.BigIntField(null=True)
    decided_at = fields.BigIntField(null=True)
    decided_by = fields.CharField(max_length=200, default="")
    note = Sealed(max_length=1000, default="")
    group_id = fields.BigIntField(null=True)
    admin_id = fields.BigIntField(null=True)
    erased_at = fields.BigIntField(null=True)

    class Meta:
        table = "application"
        indexes = [Index(fields=("state", "created_at"))]


class Sign(Table):
    """A street sign or a sticker. `kind`: street, sticker. `state`: unconfirmed, asked, planned, placed, refused, removed. `exact`: somebody chose the point, otherwise it is the middle of the neighbourhood. Who asked, what they wrote and a sticker's place are emptied at erased_at, once they were told the end of it."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=10)
    state = fields.CharField(max_length=12)
    latitude = fields.FloatField()
    longitude = fields.FloatField()
    exact = fields.BooleanField(default=True)
    code = fields.CharField(max_length=10)
    place = Sealed(max_length=200)
    language = fields.CharField(max_length=8)
    name = Sealed(max_length=200)
    email = Sealed(max_length=254)
    email_hash = fields.CharField(max_length=24, default="", db_default="")
    remark = Sealed(max_length=1000, default="")
    confirm_hash = fields.CharField(max_length=64, null=True, unique=True)
    created_at = fields.BigIntField()
    confirmed_at = fields.BigIntField(null=True)
    planned_for = fields.CharField(max_length=10, default="")
    decided_at = fields.BigIntField(null=True)
    decided_by = fields.CharField(max_length=200, default="")
    note = Sealed(max_length=1000, default="")
    erased_at = fields.BigIntField(null=True)

    class Meta:
        table = "sign"
        indexes = [Index(fields=("state", "created_at")), Index(fields=("code",))]


class PublicText(Table):
    """A page that coordinators edit: house rules, tips. `text` is Markdown."""

    id = fields.BigIntField(primary_key=True)
    slug = fields.CharField(max_length=60)
    language = fields.CharField(max_length=8)
    title = fields.CharField(max_length=200)
    text = fields.TextField()
    changed_at = fields.BigIntField()
    changed_by = fields.CharField(max_length=200)

    class Meta:
        table = "public_text"
        unique_together = (("slug", "language"),)


class Mail(Table):
    """An e-mail that waits to be sent, gone once the mail server has taken it. `error`: why the last try failed. `given_up_at`: no further tries, recipient and text emptied."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    recipient = Sealed(max_length=254)
    subject = Sealed(max_length=200)
    text = Sealed()
    created_at = fields.BigIntField()
    due_at = fields.BigIntField()
    tries = fields.IntField(default=0)
    error = fields.CharField(max_length=300, default="")
    given_up_at = fields.BigIntField(null=True)

    class Meta:
        table = "mail"
        indexes = [Index(fields=("due_at",))]


class ContactRequest(Table):
    """Somebody asks a group to be let in. `state`: unconfirmed (the e-mail's link not followed), open, closed (dealt with). `passed_at`: when the first of the group's admins got it. Name, e-mail, phone and message are emptied at erased_at."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    group_id = fields.BigIntField()
    state = fields.CharField(max_length=12)
    language = fields.CharField(max_length=8)
    name = Sealed(max_length=200)
    email = Sealed(max_length=254)
    email_hash = fields.CharField(max_length=24, default="", db_default="")
    phone = Sealed(max_length=40, default="")
    message = Sealed(max_length=1000)
    confirm_hash = fields.CharField(max_length=64, unique=True)
    created_at = fields.BigIntField()
    confirmed_at = fields.BigIntField(null=True)
    passed_at = fields.BigIntField(null=True)
    closed_at = fields.BigIntField(null=True)
    closed_by = fields.CharField(max_length=200, default="")
    erased_at = fields.BigIntField(null=True)

    class Meta:
        table = "contact_request"
        indexes = [Index(fields=("state", "created_at")), Index(fields=("created_at",))]


class ContactCopy(Table):
    """A contact request on its way to one of the group's admins, gone once they have it or it is erased. `step`: which of their addresses is tried at due_at."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    request_id = fields.BigIntField()
    admin_id = fields.BigIntField()
    step = fields.IntField(default=0)
    due_at = fields.BigIntField()

    class Meta:
        table = "contact_copy"
        indexes = [Index(fields=("due_at",)), Index(fields=("request_id",))]


class FormKey(Table):
    """What the time stamps of public forms are signed with, the same for every process. One row."""

    id = fields.IntField(primary_key=True)
    key = Sealed(max_length=64)

    class Meta:
        table = "form_key"


class NeighbourReport(Table):
    """A suspicious situation that an admin passes on, for a coordinator or the control room to look at first. `codes`: JSON list of the neighbourhoods it is about. `state`: waiting, passed, refused, lapsed (nobody looked in time). `alert_id`: what it became. `told_at`: when who reported heard what became of it. Text, place and note are emptied at erased_at."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    admin_id = fields.BigIntField()
    codes = fields.TextField()
    place = Sealed(max_length=200)
    text = Sealed()
    text_hash = fields.CharField(max_length=24, default="", db_default="")
    via = fields.CharField(max_length=20)
    state = fields.CharField(max_length=10)
    created_at = fields.BigIntField()
    decided_at = fields.BigIntField(null=True)
    decided_by = fields.CharField(max_length=200, default="")
    note = Sealed(max_length=500, default="")
    alert_id = fields.CharField(max_length=12, default="")
    told_at = fields.BigIntField(null=True)
    erased_at = fields.BigIntField(null=True)

    class Meta:
        table = "neighbour_report"
        indexes = [Index(fields=("state", "created_at")), Index(fields=("admin_id",))]


class OwnSession(Table):
    """A browser of an admin on their own page, the cookie's SHA-256. `ticket`: a one-time link, not yet used."""

    hash = fields.CharField(max_length=64, primary_key=True)
    admin_id = fields.BigIntField()
    ticket = fields.BooleanField(default=False)
    expires_at = fields.BigIntField()

    class Meta:
        table = "own_session"
        indexes = [Index(fields=("admin_id",))]


class Consent(Table):
    """What somebody agreed to, or no longer does. `of`: admin, application, contact. `subject`: its id. `what`: alerts, test_messages, terms. `given`: false where they took it back. `via`: page, or the messenger it came by. `language`: in which they read it."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    at = fields.BigIntField()
    of = fields.CharField(max_length=12)
    subject = fields.BigIntField()
    what = fields.CharField(max_length=16)
    given = fields.BooleanField()
    via = fields.CharField(max_length=20)
    language = fields.CharField(max_length=8)

    class Meta:
        table = "consent"
        indexes = [Index(fields=("of", "subject"), name="consent_of")]
