"""What `doctor` tells of a Matrix account: who we are, what answers, whether the clocks agree, whether encryption works."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Final

from adapters.matrix.client import Fault, Homeserver
from adapters.matrix.encryption import Encryption, Trouble
from adapters.matrix.errors import advice
from adapters.matrix.signin import NoCredentials, SignIn
from hub.channel import Finding
from hub.clock import Clock, to_milliseconds

# Seconds. More, and the times of answers and read receipts make no sense beside ours.
MOST_SKEW: Final = 30


async def examine(client: Homeserver, sign_in: SignIn, encryption: Encryption, clock: Clock) -> Sequence[Finding]:
    """Never raises; ends at the first thing without which the rest cannot be asked."""
    findings = []
    try:
        answer = await client.send("GET", "/_matrix/client/versions")
        versions = (await answer.json(content_type=None)).get("versions")
        newest = versions[-1] if isinstance(versions, list) and versions else "no version told"
        server = answer.headers.get("Server", "unnamed")[:60]
        findings.append(Finding(True, f"homeserver {server}, Matrix {newest}"))
        findings += _clocks(answer.headers.get("Date", ""), clock)
        await sign_in.ensure()
        told = await client.ask("GET", "account", "whoami")
        device = told.get("device_id") or "none: messages may come twice after a crash"
        findings.append(Finding(True, f"signed in; device {device}"))
    except Fault as fault:
        return [*findings, Finding(False, advice(fault))]
    except NoCredentials:
        return [*findings, Finding(False, "neither channels.matrix.access_token nor channels.matrix.password is set")]
    except Trouble as trouble:
        return [*findings, Finding(False, str(trouble))]
    if encryption.wanted:
        findings.append(Finding(True, "encryption is on, with the keys the homeserver knows"))
    else:
        findings.append(Finding(True, "encryption is off: encrypted rooms are refused"))
    return findings


def _clocks(date: str, clock: Clock) -> list[Finding]:
    try:
        skew = (to_milliseconds(parsedate_to_datetime(date)) - clock.now()) / 1000
    except (ValueError, TypeError, OverflowError):
        return []
    if abs(skew) > MOST_SKEW:
        return [Finding(False, f"the clocks differ by {abs(skew):.0f} s: set the time of this machine (NTP)")]
    return [Finding(True, "the clocks agree")]
