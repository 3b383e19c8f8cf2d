"""Passkeys (WebAuthn): what a browser is asked, and whether what it answers proves that the person is there, on our own pages.

Pure: challenges, counters and credentials are kept by whoever calls. The person is always verified by their device (a fingerprint,
a PIN), so a passkey is two factors; it is resident, so no name has to be typed. Which make of device it is, we do not ask.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_authentication_credential_json, parse_client_data_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hub.store.passkeys import Passkey

CHALLENGE_BYTES = 32
TERM_SECONDS = 5 * 60
"""How long a challenge is good: WebAuthn's own advice, for people look for their telephone first."""
LARGEST_ANSWER = 16 * 1024
"""Of what a browser sends: some hundred bytes, a few thousand where a device adds certificates."""
ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_MALFORMED = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)
"""What the library raises on bytes that are none of a browser's; the tests try thousands."""


class PasskeyRefused(Exception):
    """An answer that proves nothing. The reason is for the log: words of ours, never of whoever sent it."""


@dataclass(frozen=True, slots=True)
class Site:
    """Whom passkeys are for: the host of our public address (its relying party id), and the one origin they are used on."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser sent to sign in, read and not believed yet. `owner`: the account that the device keeps with the passkey."""

    credential_id: bytes
    challenge: bytes
    owner: str
    sent: AuthenticationCredential


def site_of(public_url: str) -> Site | None:
    """None where browsers allow no passkeys: at an IP address, or over plain HTTP other than on the machine itself."""
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    if not host or (parts.scheme != "https" and host != "localhost"):
        return None
    try:
        ip_address(host)
    except ValueError:
        return Site(host, f"{parts.scheme}://{parts.netloc}")
    return None


def new_challenge() -> bytes:
    return secrets.token_bytes(CHALLENGE_BYTES)


def asked_to_make(site: Site, challenge: bytes, account: str, name: str, known: Iterable[bytes]) -> str:
    """For `navigator.credentials.create`, as JSON. `known`: the account's passkeys; a device that has one makes no other."""
    options = generate_registration_options(
        rp_id=site.host,
        rp_name="Buurtsein",
        user_id=account.encode(),
        user_name=name,
        challenge=challenge,
        timeout=TERM_SECONDS * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json(options)


def asked_to_sign(site: Site, challenge: bytes) -> str:
    """For `navigator.credentials.get`, as JSON: any passkey of ours, so nobody learns who has one."""
    options = generate_authentication_options(
        rp_id=site.host,
        challenge=challenge,
        timeout=TERM_SECONDS * 1000,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def made(site: Site, given: str) -> tuple[bytes, Passkey]:
    """The new passkey in a browser's answer, with the challenge that it says it answers; raises PasskeyRefused.

    The caller must have put that challenge, to this very session, and not taken an answer to it before.
    """
    try:
        challenge = _challenge_in(base64url_to_bytes(json.loads(given)["response"]["clientDataJSON"]))
        found = verify_registration_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    except _MALFORMED as error:
        raise PasskeyRefused(type(error).__name__) from error
    synced = found.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    return challenge, Passkey(found.credential_id, found.credential_public_key, found.sign_count, synced)


def read_answer(given: str) -> Answer:
    """Raises PasskeyRefused for what is no answer of a browser."""
    try:
        sent = parse_authentication_credential_json(given)
        challenge = _challenge_in(sent.response.client_data_json)
        owner = (sent.response.user_handle or b"").decode()
    except _MALFORMED as error:
        raise PasskeyRefused(type(error).__name__) from error
    return Answer(sent.raw_id, challenge, owner, sent)


def verified(site: Site, answer: Answer, challenge: bytes, passkey: Passkey) -> Passkey:
    """The passkey as it is to be kept now, if the answer proves that its owner is there; raises PasskeyRefused.

    A counter that does not go up is refused: somebody may have copied the device.
    """
    if answer.credential_id != passkey.credential_id or answer.owner != passkey.staff_id:
        raise PasskeyRefused("the passkey is another account's")
    try:
        found = verify_authentication_response(
            credential=answer.sent,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.count,
            require_user_verification=True,
        )
    except _MALFORMED as error:
        raise PasskeyRefused(type(error).__name__) from error
    synced = found.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    return replace(passkey, count=found.new_sign_count, synced=synced)


def _challenge_in(client_data: bytes) -> bytes:
    """Which challenge a browser says that it answers. The library does not mind other sites' frames; we are in none."""
    found = parse_client_data_json(client_data)
    if found.cross_origin:
        raise ValueError("answered in a frame of another site")
    return found.challenge
