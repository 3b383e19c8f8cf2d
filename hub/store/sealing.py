"""Personal data at rest: sealed text that only who has the key can open, and keyed hashes to look it up by.

Each value has a random key of its own, wrapped by the master key; a new master key wraps it anew and leaves the text alone.
Whether a text is sealed or hashed, and why, is told column by column in sealed_columns.py; where keys come from in sealing_keys.py.
"""

from __future__ import annotations

import binascii
import hmac
import os
from collections.abc import Callable, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from tortoise import fields
from tortoise.validators import MaxLengthValidator

KEY_BYTES = 32
_ID_BYTES = 6
_NONCE_BYTES = 12
_WRAPPED_BYTES = KEY_BYTES + 16
_ONCE = bytes(_NONCE_BYTES)
"""A value's key seals this one value, so its nonce may be always the same."""
_HASH_BYTES = 18
"""144 bits: two different texts of one kind never meet."""

SEALED = "~1"
"""How a sealed text begins, with the version of its form."""
ALIKE = "~="
"""The same of one that is sealed alike each time."""
LOOKUP = "sealing_key.lookup"
MESSAGE = "message.reference"
"""Where a provider's names of messages and answers belong, in whichever table they stand."""
_VERSION = b"\x01"
_HEAD = len(_VERSION) + _ID_BYTES
_BODY = _HEAD + _NONCE_BYTES + _WRAPPED_BYTES


class Unopened(Exception):
    """A sealed value that cannot be opened: changed, moved from another column, or sealed with a key we do not have.

    Says where, never what.
    """


class Sealer:
    """`key`: the master key that seals; `older`: those that only open. `lookup`: the secret that look-ups are made with.

    The look-up secret survives a change of master key, or nothing could be found any more. `more`: reads the keys there are
    now, where a value is wrapped by one that is not known (yet).
    """

    def __init__(
        self, key: bytes, lookup: bytes, older: Sequence[bytes] = (), more: Callable[[], Sequence[bytes]] | None = None
    ) -> None:
        self._keys = key, *older
        self._more = more
        self.key_id = key_id(key)
        self._head = _VERSION + bytes.fromhex(self.key_id)
        self._wrap = AESGCM(key)
        self._wraps = {bytes.fromhex(key_id(one)): AESGCM(one) for one in (*older, key)}
        self._lookup = lookup
        self._kinds: dict[str, bytes] = {}
        self._same = AESSIV(derived(lookup, "alike", 64))

    # sealed differently each time --------------------------------------------------------------------------------------------

    def seal(self, text: str, where: str) -> str:
        """`where`: table.column; it cannot be opened anywhere else. '' stays '', so that what is erased is seen to be."""
        return SEALED + _text(self.seal_bytes(text.encode(), where)) if text else ""

    def open(self, sealed: str, where: str) -> str:
        """Raises Unopened."""
        if not sealed:
            return ""
        if not sealed.startswith(SEALED):
            raise Unopened(f"{where}: is not sealed")
        return self.open_bytes(_bytes(sealed[len(SEALED) :], where), where).decode()

    def seal_bytes(self, data: bytes, where: str) -> bytes:
        if not data:
            return b""
        fresh = os.urandom(KEY_BYTES + _NONCE_BYTES)
        key, nonce = fresh[:KEY_BYTES], fresh[KEY_BYTES:]
        wrapped = self._wrap.encrypt(nonce, key, self._head)
        return b"".join((self._head, nonce, wrapped, AESGCM(key).encrypt(_ONCE, data, where.encode())))

    def open_bytes(self, sealed: bytes, where: str) -> bytes:
        """Raises Unopened."""
        if not sealed:
            return b""
        key = self._unwrapped(sealed, where)
        try:
            return AESGCM(key).decrypt(_ONCE, sealed[_BODY:], where.encode())
        except InvalidTag:
            raise Unopened(f"{where}: was changed, or belongs elsewhere") from None

    # a new master key --------------------------------------------------------------------------------------------------------

    def rewrap(self, sealed: str, where: str) -> str:
        """The same text under the newest key. Raises Unopened."""
        if not sealed:
            return ""
        if not sealed.startswith(SEALED):
            raise Unopened(f"{where}: is not sealed")
        return SEALED + _text(self.rewrap_bytes(_bytes(sealed[len(SEALED) :], where), where))

    def rewrap_bytes(self, sealed: bytes, where: str) -> bytes:
        if not sealed or sealed.startswith(self._head):
            return sealed
        key, nonce = self._unwrapped(sealed, where), os.urandom(_NONCE_BYTES)
        return b"".join((self._head, nonce, self._wrap.encrypt(nonce, key, self._head), sealed[_BODY:]))

    def _unwrapped(self, sealed: bytes, where: str) -> bytes:
        if len(sealed) < _BODY or sealed[:1] != _VERSION:
            raise Unopened(f"{where}: is not sealed in a form that this release knows")
        wrap = self._wraps.get(sealed[1:_HEAD]) or self._learnt(sealed[1:_HEAD])
        if wrap is None:
            raise Unopened(f"{where}: was sealed with key {sealed[1:_HEAD].hex()}, which is not given")
        try:
            return wrap.decrypt(
                sealed[_HEAD : _HEAD + _NONCE_BYTES], sealed[_HEAD + _NONCE_BYTES : _BODY], sealed[:_HEAD]
            )
        except InvalidTag:
            raise Unopened(f"{where}: was changed") from None

    def _learnt(self, name: bytes) -> AESGCM | None:
        for key in self._more() if self._more is not None else ():
            self._wraps.setdefault(bytes.fromhex(key_id(key)), AESGCM(key))
        return self._wraps.get(name)

    def followed_by(self, key: bytes) -> Sealer:
        """The same with a new master key."""
        return Sealer(key, self._lookup, [one for one in self._keys if one != key], self._more)

    def wrapped_lookup(self) -> str:
        """The look-up secret, for the database to keep."""
        return _text(self.seal_bytes(self._lookup, LOOKUP))

    # to be looked up by ------------------------------------------------------------------------------------------------------

    def hash(self, kind: str, text: str) -> str:
        """The same for the same text, of no use to who has no key. '' stays ''."""
        if not text:
            return ""
        key = self._kinds.get(kind) or self._kinds.setdefault(kind, derived(self._lookup, f"hash of {kind}", KEY_BYTES))
        return _text(hmac.digest(key, text.encode(), "sha256")[:_HASH_BYTES])

    def seal_alike(self, text: str, where: str) -> str:
        """Sealed, and the same each time: for names of messages, which are unique, looked up by and needed again (AES-SIV)."""
        return ALIKE + _text(self._same.encrypt(text.encode(), [where.encode()])) if text else ""

    def open_alike(self, sealed: str, where: str) -> str:
        """Raises Unopened."""
        if not sealed:
            return ""
        if not sealed.startswith(ALIKE):
            raise Unopened(f"{where}: is not sealed")
        try:
            return self._same.decrypt(_bytes(sealed[len(ALIKE) :], where), [where.encode()]).decode()
        except InvalidTag:
            raise Unopened(f"{where}: was changed, or belongs elsewhere") from None


def key_id(key: bytes) -> str:
    """Names a key, and tells nothing of it."""
    return derived(key, "id", _ID_BYTES).hex()


def derived(secret: bytes, use: str, length: int) -> bytes:
    """A key for this one use."""
    return HKDF(SHA256(), length, salt=None, info=f"buurtsein {use}".encode()).derive(secret)


def _text(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def _bytes(text: str, where: str) -> bytes:
    try:
        data = binascii.a2b_base64(text)
    except ValueError:
        data = b""
    if not data or _text(data) != text:  # there is one way to write it, and nothing is not sealed
        raise Unopened(f"{where}: was changed")
    return data


# the store's own -------------------------------------------------------------------------------------------------------------

_in_use: list[Sealer] = []


def use(sealer: Sealer) -> None:
    """Tables are sealed with this one from now on. One a process, as Tortoise's connections are."""
    _in_use[:] = [sealer]


def sealer() -> Sealer:
    """The one in use."""
    if not _in_use:
        raise Unopened("no key: open the store first")
    return _in_use[0]


def unwrapped_lookup(wrapped: str, keys: Sequence[bytes]) -> bytes:
    """Raises Unopened where it is not of these keys."""
    return Sealer(keys[0], b"", keys[1:]).open_bytes(_bytes(wrapped, LOOKUP), LOOKUP)


def handle_hash(handle: str) -> str:
    """What addresses, chats and their other names are looked up by."""
    return sealer().hash("handle", handle)


def email_hash(email: str) -> str:
    """However it is written."""
    return sealer().hash("email", email.lower())


def message(reference: str) -> str:
    """A provider's name of a message or an answer, as it is stored and compared: WhatsApp's holds the number in base64."""
    return sealer().seal_alike(reference, MESSAGE)


class Sealed(fields.TextField):
    """Text that is sealed on its way to the database and opened on its way back. Never in a filter: look up by a hash.

    `max_length`: of what is sealed.
    """

    def __init__(self, max_length: int | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.max_length = max_length
        if max_length is not None:
            self.validators.append(MaxLengthValidator(max_length))

    def to_db_value(self, value: Any, instance: Any) -> Any:
        self.validate(value)
        return value if value is None else sealer().seal(str(value), place_of(self))

    def to_python_value(self, value: Any) -> Any:
        return value if value is None else sealer().open(value, place_of(self))


class SealedBytes(fields.BinaryField[bytes]):
    """The same of bytes."""

    def to_db_value(self, value: Any, instance: Any) -> Any:
        return value if value is None else sealer().seal_bytes(bytes(value), place_of(self))

    def to_python_value(self, value: Any) -> Any:
        return value if value is None else sealer().open_bytes(bytes(value), place_of(self))


def place_of(field: Any) -> str:
    """table.column, as values are bound to it."""
    return f"{field.model._meta.db_table}.{field.model_field_name}"
