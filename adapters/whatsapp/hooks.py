"""Proof that a webhook comes from Meta and is for this account. What it says: events.py."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from adapters.whatsapp.events import changes_of
from hub.channel import HookRefused, Unreadable

SIGNATURE = "X-Hub-Signature-256"
_SIGNATURE_FORM = re.compile(r"sha256=([0-9a-fA-F]{64})", re.ASCII)


def sign(secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature-256 for these bytes."""
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()


def given_signature(secret: str, headers: Mapping[str, str]) -> bytes:
    """The signature as it was sent; raises HookRefused where there is none that could be right."""
    if not secret:
        raise HookRefused("no app_secret is set for this account")
    given = headers.get(SIGNATURE)
    if given is None:
        given = next((value for name, value in headers.items() if name.lower() == SIGNATURE.lower()), None)
    if given is None:
        raise HookRefused("no signature")
    form = _SIGNATURE_FORM.fullmatch(given)
    if form is None:
        raise HookRefused("the signature is malformed")
    return bytes.fromhex(form[1])


def check_signature(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Prove over the raw bytes, in constant time, that the owner of the app secret sent this; raises HookRefused."""
    if not hmac.compare_digest(hmac.digest(secret.encode(), body, "sha256"), given_signature(secret, headers)):
        raise HookRefused("the signature is wrong")


def fingerprint(body: bytes) -> str:
    """A webhook told again is the same bytes, so this names it."""
    return hashlib.sha256(body).hexdigest()


def phone_number_ids(body: bytes) -> set[str]:
    """Which of our numbers the webhook speaks of; empty if it does not say."""
    try:
        changes = list(changes_of(body))
    except Unreadable:
        return set()
    found = set()
    for change in changes:
        match change:
            case {"value": {"metadata": {"phone_number_id": str(number) | int(number)}}}:
                found.add(str(number))
            case _:
                pass
    return found
