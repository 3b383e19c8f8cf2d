# ruff: noqa: RUF012  # Tortoise reads Meta's plain lists
"""The schema, as Tortoise models: the source of the migrations and of the directory's queries.

People, groups and deliveries have ids of our own making (ids.py), the same on every database. Times in integer milliseconds
(UTC). The queue's tables (delivery, receipt, …) hold plain ids instead of foreign keys to people: what was measured stays when
a person is erased. A column added after the first release has a `db_default`, for the rows that are there already. Class
docstrings become SQL comments: Tortoise 1.1.9 splits them at a semicolon. Over 300 lines: a schema is read as a whole.
"""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index, PartialIndex

from hub.store.model import Table
from hub.store.sealing import Sealed, SealedBytes


class Neighbourhood(Table):
    code = fields.CharField(max_length=10, primary_key=True)
    name = fields.CharField(max_length=200)
    district = fields.CharField(max_length=8, db_index=True)
    district_name = fields.CharField(max_length=200)
    municipality = fields.CharField(max_length=6, db_index=True)
    municipality_name = fields.CharField(max_length=200)
    boundary = fields.BinaryField()
    edition = fields.IntField()
    ground = fields.BinaryField(null=True)

    class Meta:
        table = "neighbourhood"


class NeighbourhoodImport(Table):
    """One row an import, the newest id tells a running hub that its index is old."""

    id = fields.IntField(primary_key=True)
    imported_at = fields.BigIntField()
    source = fields.CharField(max_length=200)
    edition = fields.IntField()
    count = fields.IntField()

    class Meta:
        table = "neighbourhood_import"


class Postcode(Table):
    id = fields.IntField(primary_key=True)
    pc4 = fields.CharField(max_length=4)
    neighbourhood = fields.CharField(max_length=10)
    share = fields.FloatField()

    class Meta:
        table = "postcode"
        unique_together = (("pc4", "neighbourhood"),)


class WatchGroup(Table):
    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=200, unique=True)
    platform = fields.CharField(max_length=20)
    members = fields.IntField()

    class Meta:
        table = "watch_group"


class GroupNeighbourhood(Table):
    id = fields.IntField(primary_key=True)
    group: fields.ForeignKeyRelation[WatchGroup] = fields.ForeignKeyField(
        "hub.WatchGroup", related_name="neighbourhoods"
    )
    code = fields.CharField(max_length=10)

    class Meta:
        table = "group_neighbourhood"
        unique_together = (("code", "group_id"),)
        indexes = [Index(fields=("group_id",))]


class Admin(Table):
    """`test_messages`: they agreed to get one now and then, to see whether they can be reached. `stand_in`: the admin who gets their alerts while they are away."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    name = Sealed(max_length=200)
    language = fields.CharField(max_length=8)
    away_until = fields.BigIntField(default=0, db_default=0)
    test_messages = fields.BooleanField(default=False, db_default=False)
    stand_in = fields.BigIntField(null=True)

    class Meta:
        table = "admin"
        indexes = [Index(fields=("stand_in",), name="admin_stand_in")]


class GroupAdmin(Table):
    id = fields.IntField(primary_key=True)
    group: fields.ForeignKeyRelation[WatchGroup] = fields.ForeignKeyField("hub.WatchGroup", related_name="admins")
    admin: fields.ForeignKeyRelation[Admin] = fields.ForeignKeyField("hub.Admin", related_name="groups")
    admin_id: int

    class Meta:
        table = "group_admin"
        unique_together = (("group_id", "admin_id"),)
        indexes = [Index(fields=("admin_id",))]


class Address(Table):
    """`state`: verified (may be sent to), unverified, dead (the provider said so), stopped (the person said STOP). `account`: the sender account the person linked with, empty for any. `strikes`: failures in a row that may mean it is dead. `checked_at`: when the messenger was last asked whether it can be reached."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    admin: fields.ForeignKeyRelation[Admin] = fields.ForeignKeyField("hub.Admin", related_name="addresses")
    admin_id: int
    channel = fields.CharField(max_length=20)
    handle = Sealed(max_length=255)
    handle_hash = fields.CharField(max_length=24, default="", db_default="")
    rank = fields.IntField()
    state = fields.CharField(max_length=12, default="verified")
    window_open_until = fields.BigIntField(default=0)
    account = fields.CharField(max_length=40, default="", db_default="")
    strikes = fields.IntField(default=0, db_default=0)
    checked_at = fields.BigIntField(default=0, db_default=0)

    class Meta:
        table = "address"
        unique_together = (("channel", "handle_hash"), ("admin_id", "rank"))


class AddressAlias(Table):
    """Another name the provider uses for the same address: a business-scoped user id beside a phone number. `alias`: its keyed hash."""  # noqa: E501  # one SQL comment

    id = fields.IntField(primary_key=True)
    channel = fields.CharField(max_length=20)
    alias = fields.CharField(max_length=255)
    address: fields.ForeignKeyRelation[Address] = fields.ForeignKeyField("hub.Address", related_name="aliases")
    address_id: int

    class Meta:
        table = "address_alias"
        unique_together = (("channel", "alias"),)


class GroupChat(Table):
    """The group's own chat, where our sender account is a member. `state`: verified, or dead when we were put out."""

    id = fields.BigIntField(primary_key=True)
    group: fields.ForeignKeyRelation[WatchGroup] = fields.ForeignKeyField("hub.WatchGroup", related_name="chats")
    channel = fields.CharField(max_length=20)
    account = fields.CharField(max_length=40)
    handle = Sealed(max_length=255)
    handle_hash = fields.CharField(max_length=24, default="", db_default="")
    state = fields.CharField(max_length=12, default="verified")

    class Meta:
        table = "group_chat"
        unique_together = (("channel", "handle_hash"),)


class LinkToken(Table):
    """A one-time invitation to link an address. Only the SHA-256 of the token is kept."""

    hash = fields.CharField(max_length=64, primary_key=True)
    admin: fields.ForeignKeyRelation[Admin] = fields.ForeignKeyField("hub.Admin", related_name="link_tokens")
    channel = fields.CharField(max_length=20)
    created_at = fields.BigIntField()
    expires_at = fields.BigIntField()
    used_at = fields.BigIntField(null=True)

    class Meta:
        table = "link_token"


class ApiKey(Table):
    """Only a SHA-256 of the key is kept: 256 random bits need no slow hash. `old_hash`: the secret before the last rotation, known until `old_until`. `municipalities`, `scopes`, `senders`: words with a space between, empty for all. `staff_id`: the account whose own key it is. `used_on`: the day it was last used, its first millisecond. `certificate`: SHA-256 of the public key that its client's certificate must have. `public_key`: PEM, what its requests must be signed with."""  # noqa: E501  # one SQL comment

    id = fields.CharField(max_length=16, primary_key=True)
    name = fields.CharField(max_length=200)
    role = fields.CharField(max_length=12)
    sender = fields.CharField(max_length=200)
    hash = fields.CharField(max_length=64, unique=True)
    created_at = fields.BigIntField()
    revoked_at = fields.BigIntField(null=True)
    old_hash = fields.CharField(max_length=64, default="", db_default="")
    old_until = fields.BigIntField(default=0, db_default=0)
    expires_at = fields.BigIntField(null=True)
    used_on = fields.BigIntField(default=0, db_default=0)
    municipalities = fields.TextField(default="", db_default="")
    scopes = fields.TextField(default="", db_default="")
    certificate = fields.CharField(max_length=64, default="", db_default="")
    public_key = fields.TextField(default="", db_default="")
    senders = fields.TextField(default="", db_default="")
    staff_id = fields.CharField(max_length=16, default="", db_default="")

    class Meta:
        table = "api_key"
        indexes = [Index(fields=("old_hash",), name="api_key_old_hash")]


class SignedNonce(Table):
    """A signed request that was taken, by the SHA-256 of its key and nonce: one like it is refused until its time is over."""

    hash = fields.CharField(max_length=64, primary_key=True)
    until = fields.BigIntField()

    class Meta:
        table = "signed_nonce"
        indexes = [Index(fields=("until",), name="signed_nonce_until")]


class WebSession(Table):
    """A signed-in browser, the cookie's SHA-256, bound to the key or staff account it was opened with. `ticket`: a one-time link, not yet used. It ends at `expires_at`, and at `idle_at` unless it is used before. `strength`: how they proved who they are, `confirmed_at`: when they last did. `described`: browser and system, in words."""  # noqa: E501  # one SQL comment

    hash = fields.CharField(max_length=64, primary_key=True)
    key_id = fields.CharField(max_length=16)
    ticket = fields.BooleanField(default=False)
    expires_at = fields.BigIntField()
    idle_at = fields.BigIntField(default=0, db_default=0)
    created_at = fields.BigIntField(default=0, db_default=0)
    seen_at = fields.BigIntField(default=0, db_default=0)
    confirmed_at = fields.BigIntField(default=0, db_default=0)
    strength = fields.CharField(max_length=20, default="key", db_default="key")
    described = fields.CharField(max_length=100, default="", db_default="")

    class Meta:
        table = "web_session"
        indexes = [Index(fields=("key_id",), name="web_session_key")]


class Alert(Table):
    """`id` is the alert number that people see: random, so that numbers cannot be guessed in bulk. `closed_by`: the Update or Cancel that ended it. `beside`: a list of what it has to send beside the message (hub/channel.py Part). `repeats`: what of that those who got the alert before it have already. `outcome`: what came of it, as the control room says. `erased_at`: when descriptions and pictures were erased. `remarks`: free replies to it, which are counted only. `audited`: 1 once the audit chain has it. `hold`: where somebody else must agree first: held, then agreed, refused, lapsed or broken (sent without, for a reason)."""  # noqa: E501  # one SQL comment

    id = fields.CharField(max_length=12, primary_key=True)
    sender = fields.CharField(max_length=200)
    identifier = fields.CharField(max_length=300)
    status = fields.CharField(max_length=10)
    msg_type = fields.CharField(max_length=10)
    content = Sealed()
    fingerprint = fields.CharField(max_length=64)
    key_id = fields.CharField(max_length=16)
    priority = fields.IntField()
    accepted_at = fields.BigIntField()
    expires_at = fields.BigIntField()
    planned_at = fields.BigIntField(null=True)
    closed_at = fields.BigIntField(null=True)
    closed_as = fields.CharField(max_length=10, default="")
    closed_by = fields.CharField(max_length=12, default="", db_default="")
    beside = fields.CharField(max_length=60, default="[]", db_default="[]")
    repeats = fields.CharField(max_length=60, default="[]", db_default="[]")
    audience = fields.TextField()
    outcome = fields.CharField(max_length=20, default="", db_default="")
    outcome_at = fields.BigIntField(null=True)
    erased_at = fields.BigIntField(null=True)
    remarks = fields.IntField(default=0, db_default=0)
    audited = fields.SmallIntField(default=0, db_default=1)
    hold = fields.CharField(max_length=10, default="", db_default="")

    class Meta:
        table = "alert"
        unique_together = (("sender", "identifier"),)
        indexes = [
            Index(fields=("accepted_at",)),
            Index(fields=("planned_at",)),
            PartialIndex(fields=("accepted_at",), name="alert_unaudited", condition={"audited": 0}),
            PartialIndex(fields=("accepted_at",), name="alert_held", condition={"hold": "held"}),
        ]


class AlertNeighbourhood(Table):
    """What an alert matched, and how far each neighbourhood is: planned, forwarded. `added`: empty for what its own area touches, else why it was added later (widened, adjacent). `rung`: how many steps of the escalation were taken, the last at `rung_at`. `check_at`: when the escalator looks at it next. `dark_at`: when the control room was told that nobody forwards it here."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    alert: fields.ForeignKeyRelation[Alert] = fields.ForeignKeyField("hub.Alert", related_name="matched")
    code = fields.CharField(max_length=10)
    name = fields.CharField(max_length=200)
    overlap = fields.FloatField()
    distance = fields.FloatField()
    why = fields.CharField(max_length=300)
    admins = fields.IntField()
    planned_at = fields.BigIntField(null=True)
    forwarded_at = fields.BigIntField(null=True)
    forwarded_by = fields.BigIntField(null=True)
    added = fields.CharField(max_length=10, default="", db_default="")
    rung = fields.IntField(default=0, db_default=0)
    rung_at = fields.BigIntField(null=True)
    check_at = fields.BigIntField(null=True)
    dark_at = fields.BigIntField(null=True)

    class Meta:
        table = "alert_neighbourhood"
        unique_together = (("alert_id", "code"),)
        indexes = [Index(fields=("check_at",), name="alert_neighbourhood_check")]


class Delivery(Table):
    """The outbox: one alert to one admin, `step` by step along their addresses. `attempt` fences outcomes, `tries` counts what used up a try, `lease` names a claim. `part`: empty for the alert itself, else what goes beside it (hub/channel.py Part), with a `step` of its own range. `follows`: the delivery of an earlier alert this one answers. `home`: the account it was planned for, once another stood in. `turn`: which turn of its alert it belongs to, so that a large alert does not starve a small one. `rung`: the step of the escalation that made it, 0 for the alert's own plan."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    alert_id = fields.CharField(max_length=12)
    admin_id = fields.BigIntField()
    address_id = fields.BigIntField()
    step = fields.IntField()
    channel = fields.CharField(max_length=20)
    account = fields.CharField(max_length=40)
    state = fields.SmallIntField()
    attempt = fields.IntField(default=0)
    tries = fields.IntField(default=0)
    priority = fields.IntField()
    distance = fields.FloatField()
    due_at = fields.BigIntField()
    expires_at = fields.BigIntField()
    lease = fields.BigIntField(null=True)
    lease_until = fields.BigIntField(null=True)
    reason = fields.CharField(max_length=300, default="")
    provider_ref = fields.CharField(max_length=500, default="")
    possible_duplicates = fields.IntField(default=0)
    created_at = fields.BigIntField()
    sent_at = fields.BigIntField(null=True)
    part = fields.CharField(max_length=10, default="", db_default="")
    follows = fields.BigIntField(null=True)
    home = fields.CharField(max_length=40, null=True)
    turn = fields.IntField(default=0, db_default=0)
    rung = fields.IntField(default=0, db_default=0)

    class Meta:
        table = "delivery"
        unique_together = (("alert_id", "admin_id", "step"),)
        indexes = [
            PartialIndex(
                fields=("channel", "account", "priority", "turn", "distance", "id"),
                name="delivery_next",
                condition={"state": 0},
            ),
            PartialIndex(fields=("expires_at",), name="delivery_expiring", condition={"state": 0}),
            PartialIndex(fields=("lease",), name="delivery_leased", condition={"state": 1}),
            Index(fields=("address_id",), name="delivery_address"),
            Index(fields=("provider_ref",), name="delivery_provider_ref"),
        ]


class Receipt(Table):
    """What a channel reported: append-only, any order. `delivery_id` stays null while we do not know the message yet. `heeded`: a failure that led to another try, or was counted against the address."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    delivery_id = fields.BigIntField(null=True)
    channel = fields.CharField(max_length=20)
    provider_ref = fields.CharField(max_length=500)
    kind = fields.CharField(max_length=10)
    at = fields.BigIntField()
    reason = fields.CharField(max_length=300, default="")
    heeded = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "receipt"
        unique_together = (("provider_ref", "kind", "at", "channel"),)
        indexes = [Index(fields=("delivery_id",), name="receipt_delivery")]


class Acknowledgement(Table):
    """What a person answered, the first time of each kind is the one that counts. `ref`: the provider's name of the answer, by which it can be taken back."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    alert_id = fields.CharField(max_length=12)
    admin_id = fields.BigIntField()
    delivery_id = fields.BigIntField()
    kind = fields.CharField(max_length=10)
    at = fields.BigIntField()
    via = fields.CharField(max_length=20)
    ref = fields.CharField(max_length=500, default="", db_default="")

    class Meta:
        table = "acknowledgement"
        unique_together = (("alert_id", "admin_id", "kind"),)
        indexes = [Index(fields=("ref",), name="acknowledgement_ref")]


class Widening(Table):
    """A ring that the search widens to: `codes` is a JSON list of [code, metres from the scene] it would add. `state`: due, proposed, done, refused."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    alert_id = fields.CharField(max_length=12)
    number = fields.IntField()
    due_at = fields.BigIntField()
    metres = fields.FloatField()
    codes = fields.TextField()
    state = fields.CharField(max_length=10, default="due")
    decided_at = fields.BigIntField(null=True)

    class Meta:
        table = "widening"
        unique_together = (("alert_id", "number"),)
        indexes = [Index(fields=("due_at",), name="widening_due")]


class Sighting(Table):
    """What an admin wrote or sent us while an alert was active, for the control room only. `kind`: text, location, picture. `place`: [latitude, longitude] as JSON. `media`: what its picture is fetched by, until it has come."""  # noqa: E501  # one SQL comment

    id = fields.BigIntField(primary_key=True)
    alert_id = fields.CharField(max_length=12)
    admin_id = fields.BigIntField()
    at = fields.BigIntField()
    kind = fields.CharField(max_length=10)
    text = Sealed(default="")
    place = Sealed(default="", db_default="")
    picture = SealedBytes(null=True)
    mime = fields.CharField(max_length=40, default="")
    kept_at = fields.BigIntField(default=0, db_default=0)
    channel = fields.CharField(max_length=20, default="", db_default="")
    account = fields.CharField(max_length=40, default="", db_default="")
    media = Sealed(default="", db_default="")

    class Meta:
        table = "sighting"
        indexes = [
            Index(fields=("alert_id", "id"), name="sighting_alert"),
            Index(fields=("kept_at",), name="sighting_kept"),
        ]


class AccountLease(Table):
    """Which hub process sends from a sender account: one at a time, until a moment of the database's clock (ms)."""

    id = fields.IntField(primary_key=True)
    channel = fields.CharField(max_length=20)
    account = fields.CharField(max_length=40)
    holder = fields.CharField(max_length=60)
    until = fields.BigIntField()

    class Meta:
        table = "account_lease"
        unique_together = (("channel", "account"),)


class ChannelCursor(Table):
    """How far a listening channel has fetched, stored in the transaction that keeps the updates before it."""

    id = fields.IntField(primary_key=True)
    channel = fields.CharField(max_length=20)
    account = fields.CharField(max_length=40)
    cursor = fields.TextField()

    class Meta:
        table = "channel_cursor"
        unique_together = (("channel", "account"),)


class InboxUpdate(Table):
    """A provider's update as it came, on disk before it is worked on, gone once understood, kept with its error otherwise."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=20)
    account = fields.CharField(max_length=40)
    key = fields.CharField(max_length=100, null=True)
    body = SealedBytes()
    received_at = fields.BigIntField()
    error = fields.CharField(max_length=300, default="")

    class Meta:
        table = "inbox"
        unique_together = (("channel", "account", "key"),)


class HeardUpdate(Table):
    """An update that was understood and more than a receipt, by its key: told once more it is not taken again."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=20)
    account = fields.CharField(max_length=40)
    key = fields.CharField(max_length=100)
    at = fields.BigIntField()

    class Meta:
        table = "heard"
        unique_together = (("channel", "account", "key"),)
        indexes = [Index(fields=("at",), name="heard_at")]


class AlertEvent(Table):
    """The live stream's log: a row for each batch of changes of one alert. The id is the stream's Last-Event-ID."""

    id = fields.BigIntField(primary_key=True)
    alert_id = fields.CharField(max_length=12)
    at = fields.BigIntField()
    kind = fields.CharField(max_length=20)
    data = fields.TextField()

    class Meta:
        table = "alert_event"
        indexes = [Index(fields=("alert_id", "id"), name="alert_event_stream")]


class SealingKey(Table):
    """The master keys that sealed columns are wrapped with, the newest last: more than one while they are wrapped anew. `key_id`: which key, nothing of what it is. `lookup`: the secret of keyed hashes, wrapped by it."""  # noqa: E501  # one SQL comment

    number = fields.IntField(primary_key=True, generated=False)
    key_id = fields.CharField(max_length=12)
    lookup = fields.CharField(max_length=200)
    since = fields.BigIntField()

    class Meta:
        table = "sealing_key"
