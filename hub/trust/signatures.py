"""Signed requests: HTTP Message Signatures (RFC 9421) over method, address, key and content (Content-Digest, RFC 9530).

What is signed cannot be changed on its way, and not be sent again: a request holds for some seconds either way, and its nonce once.
Remembering nonces is the store's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    MappingKeyResolver,
    VerifyResult,
    algorithms,
)

from hub.clock import to_datetime
from hub.domain import Mistake, Refused

PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

LEAST_RSA_BITS = 3072
"""128 bits of security (NIST SP 800-57, part 1, table 2), as P-256 and Ed25519 have; 2048 have 112."""
LEAST_NONCE, LONGEST_NONCE = 16, 200
"""Signs. Sixteen hold 96 random bits in base64: no two requests have one by chance."""

ALWAYS: Final = ("@method", "authorization")
WHERE: Final = (("@target-uri",), ("@authority", "@path", "@query"))
"""Either will do."""
IF_THERE: Final = ("content-type", "idempotency-key")
"""Headers that change what a request means."""

WANTED: Final = 'sig=("@method" "@target-uri" "authorization" "content-digest");created;nonce;keyid'
"""For the header Accept-Signature (RFC 9421, 5.1): what we want, said to programs."""


class SignatureRefused(Exception):
    """The text says in words what is wrong with it."""


class _HeaderLines:
    """Every line of the headers in order, as the library wants them."""

    def __init__(self, lines: Iterable[tuple[str, str]]) -> None:
        self._lines = tuple(lines)

    def items(self) -> tuple[tuple[str, str], ...]:
        return self._lines


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as the library reads one. `url`: the public address, whole. `lines`: the headers, one by one."""

    method: str
    url: str
    lines: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def headers(self) -> _HeaderLines:
        return _HeaderLines(self.lines)

    def has(self, name: str) -> bool:
        return any(one.lower() == name for one, _ in self.lines)


class _Verifier(HTTPMessageVerifier):
    """Leaves the time to `check`: it goes by the hub's clock."""

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None: ...


def check(request: SignedRequest, key_id: str, public_key: PublicKey, now: int, within: int) -> str:
    """What to remember of a request that is signed as it should be: a hash of key and nonce. Raises SignatureRefused.

    `now` in ms; `within`: seconds either way.
    """
    keys = MappingKeyResolver(public_keys={key_id: public_key}, private_keys={})
    verifier = _Verifier(signature_algorithm=_algorithm(public_key), key_resolver=keys)
    try:
        (found,) = verifier.verify(request, max_age=None, require_components=ALWAYS, body=request.body)
    except HTTPMessageSignaturesException as error:
        # Of cryptography's own there is no text; the library's name components and parameters, never a value.
        raise SignatureRefused(str(error) or "it fits neither this request nor this key") from None
    _check_covers(request, found)
    _check_time(found, now, within)
    nonce = found.nonce or ""
    if not LEAST_NONCE <= len(nonce) <= LONGEST_NONCE:
        raise SignatureRefused(f"its nonce must have {LEAST_NONCE} to {LONGEST_NONCE} signs, new for each request")
    return hashlib.sha256(f"{key_id}\n{nonce}".encode()).hexdigest()


def _check_covers(request: SignedRequest, found: VerifyResult) -> None:
    covered = {name.strip('"') for name in found.covered_components}
    if not any(covered.issuperset(names) for names in WHERE):
        raise SignatureRefused("it must cover @target-uri, or @authority, @path and @query")
    for name in IF_THERE:
        if request.has(name) and name not in covered:
            raise SignatureRefused(f"it must cover {name}, which this request has")


def _check_time(found: VerifyResult, now: int, within: int) -> None:
    created, expires = found.parameters.get("created"), found.parameters.get("expires")
    if not isinstance(created, int):
        raise SignatureRefused("it must say when it was created")
    if abs(created * 1000 - now) > within * 1000:
        ours = to_datetime(now).isoformat(timespec="seconds")
        raise SignatureRefused(f"it was created more than {within} seconds from our time, which is {ours}")
    if isinstance(expires, int) and expires * 1000 <= now:
        raise SignatureRefused("its time is over, as it says itself")


def _algorithm(key: PublicKey) -> type[HTTPSignatureAlgorithm]:
    """The one algorithm for this kind of key: nobody who asks chooses it."""
    match key:
        case ed25519.Ed25519PublicKey():
            return algorithms.ED25519
        case ec.EllipticCurvePublicKey():
            return algorithms.ECDSA_P256_SHA256
        case _:
            return algorithms.RSA_PSS_SHA512


def read_public_key(pem: bytes) -> PublicKey:
    """Raises Refused for what we cannot check signatures with."""

    def refused(reason: str) -> Refused:
        return Refused("This public key cannot be used", [Mistake("--public-key", reason)])

    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError):
        raise refused("is no public key in PEM") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < LEAST_RSA_BITS:
        raise refused(f"is too short: an RSA key has {LEAST_RSA_BITS} bits or more; or take Ed25519")
    if isinstance(key, ec.EllipticCurvePublicKey) and not isinstance(key.curve, ec.SECP256R1):
        raise refused("is on another curve than P-256")
    if not isinstance(key, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise refused("must be Ed25519, EC on P-256, or RSA")
    return key


def written(key: PublicKey) -> str:
    """As PEM, to be stored."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
