"""Who we are at the homeserver: a given access token, or a login with password and a device id that stays the same.

Done when first needed, and again after the homeserver has dropped the token. The device id matters: only for the same
device does a transaction id that comes twice give one message.
"""

from __future__ import annotations

from nio import LoginResponse, WhoamiResponse

from adapters.matrix.client import Homeserver
from adapters.matrix.encryption import Encryption
from adapters.matrix.rooms import Rooms
from adapters.matrix.shared import Shared
from hub.settings import MatrixAccount


class NoCredentials(Exception):
    """Neither a token nor a password is set."""


class SignIn:
    def __init__(
        self, account: MatrixAccount, client: Homeserver, rooms: Rooms, encryption: Encryption, shared: Shared
    ) -> None:
        self._account = account
        self._client = client
        self._rooms = rooms
        self._encryption = encryption
        self._shared = shared
        self._token = ""

    async def ensure(self) -> str:
        """Signed in from here on; answers the token. Raises a Fault, NoCredentials or encryption.Trouble."""
        return self._token or await self._shared.run("sign in", self._sign_in)

    def refused(self, token: str) -> None:
        """The homeserver does not know this token any more. One refused late, when there is a newer one, changes nothing."""
        if self._token == token:
            self._token = ""

    async def _sign_in(self) -> str:
        given = self._account.access_token.get_secret_value()
        password = self._account.password.get_secret_value()
        client = self._client
        if given:
            client.access_token = given
            me = await client.expect(WhoamiResponse, client.whoami())
            client.restore_login(me.user_id, me.device_id or self._account.device_id, given)
        elif password:
            client.access_token = ""  # or nio would send the dropped one along
            client.device_id = self._account.device_id
            await client.expect(LoginResponse, client.login(password, device_name="Buurtsein"))
        else:
            raise NoCredentials
        self._rooms.me = client.user_id
        await self._encryption.begin()
        self._token = client.access_token
        return self._token
