"""The second factor: codes that change every 30 seconds (TOTP, RFC 6238), and recovery codes for who has lost their phone."""

from __future__ import annotations

import hmac
import secrets
from base64 import b32encode
from typing import Final

import pyotp

from hub.trust.keys import hash_secret

STEP_MS: Final = 30_000
ISSUER: Final = "Buurtsein"
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 15
"""120 random bits: enough that a plain hash keeps them (ASVS 5, 6.5.2), and 24 signs to write down."""


def make_totp() -> str:
    """A secret of 160 bits, as base32: what authenticator apps take."""
    return pyotp.random_base32(32)


def totp_uri(secret: str, login: str) -> str:
    """What the QR code says."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def totp_step(secret: str, code: str, now: int) -> int | None:
    """Which 30 seconds this is the code of: now, the ones before or the ones after, for clocks differ. None: it is wrong.

    Whoever takes it notes the step as used, so that no code works twice.
    """
    given, step = "".join(code.split()), now // STEP_MS
    if not (secret and given.isascii()):
        return None
    made = pyotp.TOTP(secret)
    fitting = [one for one in (step - 1, step, step + 1) if hmac.compare_digest(made.generate_otp(one), given)]
    return fitting[-1] if fitting else None


def make_recovery() -> list[str]:
    """As they are shown, once: groups of four letters and digits."""
    made = [b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    return ["-".join(one[at : at + 4] for at in range(0, len(one), 4)) for one in made]


def hash_recovery(code: str) -> str:
    """As it is kept, however it was typed."""
    return hash_secret("".join(sign for sign in code.lower() if sign.isalnum()))
