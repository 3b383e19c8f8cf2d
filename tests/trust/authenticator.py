"""A passkey device made of numbers: answers as a browser does, and every way wrong that a test asks for."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One credential, resident. `count`: how often it signed; `origin`: of the page it believes it is on."""

    origin: str
    host: str
    verifies: bool = True
    count: int = 0
    owner: bytes = b""
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: str, **client: Any) -> str:
        """Answers `navigator.credentials.create`."""
        asked = json.loads(options)
        self.owner = base64url_to_bytes(asked["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cbor2.dumps(public)
        statement = {"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED) + attested}
        return self._answer(
            {
                "clientDataJSON": self._client("webauthn.create", asked["challenge"], client),
                "attestationObject": bytes_to_base64url(cbor2.dumps(statement)),
            }
        )

    def sign(self, options: str, **client: Any) -> str:
        """Answers `navigator.credentials.get`."""
        self.count += 1
        data, told = self._data(0), self._client("webauthn.get", json.loads(options)["challenge"], client)
        signed = self.key.sign(data + hashlib.sha256(base64url_to_bytes(told)).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": told,
                "authenticatorData": bytes_to_base64url(data),
                "signature": bytes_to_base64url(signed),
                "userHandle": bytes_to_base64url(self.owner),
            }
        )

    def _data(self, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str, client: dict[str, Any]) -> str:
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False, **client}
        return bytes_to_base64url(json.dumps(told).encode())

    def _answer(self, response: dict[str, Any]) -> str:
        name = bytes_to_base64url(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
