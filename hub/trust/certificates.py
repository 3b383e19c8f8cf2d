"""Certificates: those that clients show, over TLS or through a proxy (RFC 9440), and the hub's own for serving TLS.

A client is known by its public key, so that a certificate renewed for the same key goes on working.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ssl
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.domain import Mistake, Refused
from hub.settings import Tls

HEADER = "Client-Cert"
LONGEST_HEADER = 8190
"""As long as aiohttp lets a header be."""


def thumbprint(certificate: x509.Certificate) -> str:
    """SHA-256 of its public key, in hex."""
    info = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(info).hexdigest()


def from_pem(text: bytes) -> x509.Certificate:
    """Raises Refused."""
    try:
        return x509.load_pem_x509_certificate(text)
    except ValueError:
        raise Refused(
            "This certificate cannot be used", [Mistake("--certificate", "is no certificate in PEM")]
        ) from None


def from_tls(der: bytes) -> x509.Certificate | None:
    """What a client has shown; None for what nobody can read."""
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        return None


def from_header(value: str) -> x509.Certificate | None:
    """`Client-Cert: :base64 of DER:`, as a proxy writes it after it has checked that the client holds the key."""
    value = value.strip()
    if not (2 < len(value) <= LONGEST_HEADER and value.startswith(":") and value.endswith(":")):
        return None
    try:
        return from_tls(base64.b64decode(value[1:-1], validate=True))
    except binascii.Error:
        return None


def serving_context(settings: Tls) -> ssl.SSLContext | None:
    """How the hub serves TLS itself, TLS 1.2 or newer; None where no certificate is set. Raises Refused with every mistake.

    A client may show a certificate where `client_ca` is set, and need not: a key can ask for it.
    """
    if not settings.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    wrong: list[Mistake] = []

    def load(place: str, call: Callable[[], None], wanted: str) -> None:
        try:
            call()
        except ssl.SSLError:
            wrong.append(Mistake(place, wanted))
        except OSError as error:
            wrong.append(Mistake(place, f"cannot be read: {error.strerror}"))

    chain, key = settings.path(settings.certificate), settings.path(settings.key)
    load(
        "web.tls.certificate",
        # A key with a password would be asked for at the terminal: refused instead.
        lambda: context.load_cert_chain(chain, key, password=lambda: b""),
        "certificate and key must be PEM, the key without a password and the certificate's own",
    )
    if settings.client_ca:
        authority: Path = settings.path(settings.client_ca)
        load("web.tls.client_ca", lambda: context.load_verify_locations(authority), "is no certificate in PEM")
        context.verify_mode = ssl.CERT_OPTIONAL
    if wrong:
        raise Refused("TLS cannot be served", wrong)
    return context
