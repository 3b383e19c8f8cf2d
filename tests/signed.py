"""Signing a request as a system of the police does (RFC 9421): its headers, made by the library that clients use as well."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from http_message_signatures import HTTPMessageSigner, HTTPSignatureAlgorithm, MappingKeyResolver, algorithms

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KINDS = ("ed25519", "ecdsa-p256-sha256", "rsa-pss-sha512")
COVERED = ("@method", "@target-uri", "authorization", "content-type", "idempotency-key")


@cache
def private_key(kind: str) -> PrivateKey:
    """One of each kind for all tests: RSA keys take long to make."""
    match kind:
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case "ecdsa-p256-sha256":
            return ec.generate_private_key(ec.SECP256R1())
        case _:
            return rsa.generate_private_key(65537, 3072)


def algorithm(key: PrivateKey) -> type[HTTPSignatureAlgorithm]:
    match key:
        case ed25519.Ed25519PrivateKey():
            return algorithms.ED25519
        case ec.EllipticCurvePrivateKey():
            return algorithms.ECDSA_P256_SHA256
        case _:
            return algorithms.RSA_PSS_SHA512


@dataclass
class Message:
    """As the library wants a request."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


def signed(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    key: PrivateKey,
    key_id: str,
    created: float,
    nonce: str | None = "",
    covered: Sequence[str] = COVERED,
    expires: float | None = None,
) -> dict[str, str]:
    """The headers to send. Of `covered` what is there; Times in seconds; `nonce`: a new one unless given, None for none."""
    message = Message(method, url, dict(headers))
    signer = HTTPMessageSigner(
        signature_algorithm=algorithm(key),
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={key_id: key}),
    )
    signer.sign(
        message,
        key_id=key_id,
        created=datetime.fromtimestamp(created, UTC),
        expires=None if expires is None else datetime.fromtimestamp(expires, UTC),
        nonce=secrets.token_urlsafe(18) if nonce == "" else nonce,
        covered_component_ids=[name for name in covered if name.startswith("@") or name in _names(headers)],
        body=body,
    )
    return message.headers


def _names(headers: Mapping[str, str]) -> set[str]:
    return {name.lower() for name in headers}
