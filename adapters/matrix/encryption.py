"""End-to-end encryption, optional: nio's, with its keys in one folder; and the refusal to send past it.

Its limits stand in adapters/README.md. The one trap that would be silent is a lost key store under a device id that
lives on: the homeserver keeps the old keys, everything seems to be sent, and nobody can read it. So the keys the
homeserver has for our device are compared with ours at each sign-in.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Final

from nio.crypto import ENCRYPTION_ENABLED

from adapters.matrix.client import Fault, Homeserver
from hub.settings import ROOT, MatrixAccount

MISSING: Final = (
    "encryption is on, but its library is not there: pip install 'matrix-nio[e2e]', or set encryption = false"
)
LOST_KEYS: Final = (
    "the homeserver knows this device with other keys than ours: the folder encryption_store was lost or changed. "
    "Put it back, or set a new device_id"
)


class Trouble(Exception):
    """Encryption is not usable: MISSING or LOST_KEYS."""


class Encryption:
    def __init__(self, account: MatrixAccount, client: Homeserver) -> None:
        self._client = client
        self.wanted = account.encryption
        if self.wanted and ENCRYPTION_ENABLED:
            Path(ROOT / account.encryption_store).mkdir(mode=0o700, parents=True, exist_ok=True)

    async def begin(self) -> None:
        """After signing in: our keys are at the homeserver, and are ours. Raises Trouble or a Fault."""
        if not self.wanted:
            return
        if not ENCRYPTION_ENABLED or not self._client.olm:
            raise Trouble(MISSING)
        me, device = self._client.user_id, self._client.device_id
        answer = await self._client.ask("POST", "keys", "query", body={"device_keys": {me: [device]}})
        if published_key(answer, me, device) not in ("", self._client.olm.account.identity_keys["ed25519"]):
            raise Trouble(LOST_KEYS)
        if self._client.should_upload_keys:
            await self._client.keys_upload()

    async def keep_up(self) -> None:
        """After each sync: what nio has to say to other devices (sync_forever would do it). What fails is due again."""
        if not self.wanted or not self._client.olm:
            return
        client, chores = self._client, list[Awaitable[Any]]()
        if client.should_upload_keys:
            chores.append(client.keys_upload())
        if client.should_query_keys:
            chores.append(client.keys_query())
        if client.should_claim_keys:
            chores.append(client.keys_claim(client.get_users_for_key_claiming()))
        for chore in (*chores, client.send_to_device_messages()):
            with contextlib.suppress(Fault):
                await chore


def published_key(answer: dict[str, Any], user: str, device: str) -> str:
    """The signing key the homeserver has for a device; "" if it has none."""
    found: Any = answer
    for step in ("device_keys", user, device, "keys", f"ed25519:{device}"):
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""
