"""Encryption: never clear text into an encrypted room, and never silently past keys that are missing or lost.

What it takes to encrypt (matrix-nio[e2e]) is not a dependency of the project, so only the refusals are tried here.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import aiohttp
import pytest
from pydantic import SecretStr

from adapters.matrix.channel import MatrixChannel
from adapters.matrix.client import Homeserver
from adapters.matrix.encryption import LOST_KEYS, Encryption, Trouble, published_key
from hub.channel import Accepted, Deferred, Outbound, Rejected
from hub.clock import SystemClock
from hub.domain import Handle
from hub.settings import MatrixAccount
from tests.matrix.faulty import FaultyProxy
from tests.matrix.listening import Ear
from tests.matrix.people import Person

pytestmark = pytest.mark.xdist_group("synapse")
Make = Callable[..., Outbound]
MakeChannel = Callable[..., MatrixChannel]


async def test_an_encrypted_room_is_refused_and_nothing_is_written_into_it(
    channel: MatrixChannel, anna: Person, hub: Person, outbound: Make
) -> None:
    room = await anna.make_room(hub.user)
    await channel.admit(room, welcome=True)
    await anna.state(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    assert await channel.send(outbound(room)) == Rejected("the room is encrypted, and encryption is off")
    assert await channel.say(Handle(room), "hallo") == Rejected("the room is encrypted, and encryption is off")
    assert await anna.texts(room) == []


async def test_a_room_that_becomes_encrypted_is_refused_from_the_next_sync_on(
    channel: MatrixChannel, anna: Person, hub: Person, outbound: Make
) -> None:
    room = await anna.make_room(hub.user)
    await channel.admit(room, welcome=True)
    ear = Ear(channel)
    await ear.batch()
    assert isinstance(await channel.send(outbound(room, "nog leesbaar", actions=())), Accepted)
    await anna.state(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await ear.batch()
    assert isinstance(await channel.send(outbound(room)), Rejected)
    assert await anna.texts(room) == ["nog leesbaar"]
    await ear.close()


async def test_encryption_without_its_library_or_keys_is_told_and_nothing_is_sent(
    make_channel: MakeChannel, anna: Person, outbound: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.matrix.encryption.ENCRYPTION_ENABLED", False)
    monkeypatch.setattr("adapters.matrix.client.ENCRYPTION_ENABLED", False)
    channel = make_channel(encryption=True)
    result = await channel.send(outbound(anna.user))
    assert isinstance(result, Deferred) and result.whole_account and "matrix-nio[e2e]" in result.reason
    assert not (await channel.examine())[-1].works
    assert await anna.invitations() == []


async def test_keys_at_the_homeserver_that_are_not_ours_are_a_lost_key_store(
    hub: Person, proxy: FaultyProxy, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = MatrixAccount(homeserver=proxy.url, user_id=hub.user, password=SecretStr("pw"))
    client = Homeserver(account, session, SystemClock())
    await client.login("pw")
    monkeypatch.setattr("adapters.matrix.encryption.ENCRYPTION_ENABLED", True)
    monkeypatch.setattr(Homeserver, "should_upload_keys", False)
    encryption = Encryption(account, client)
    encryption.wanted = True
    client.olm = SimpleNamespace(account=SimpleNamespace(identity_keys={"ed25519": "ours"}))
    await encryption.begin()  # the first time there are none
    for key, lost in (("ours", False), ("another", True)):
        keys = {
            "user_id": hub.user,
            "device_id": "BUURTSEIN",
            "algorithms": ["m.megolm.v1.aes-sha2"],
            "keys": {"ed25519:BUURTSEIN": key},
            "signatures": {hub.user: {"ed25519:BUURTSEIN": "unchecked"}},
        }
        await client.ask("POST", "keys", "upload", body={"device_keys": keys})
        if lost:
            with pytest.raises(Trouble, match="other keys than ours"):
                await encryption.begin()
        else:
            await encryption.begin()
    assert "new device_id" in LOST_KEYS


@pytest.mark.parametrize(
    "answer", [{}, {"device_keys": []}, {"device_keys": {"@hub:x": {"D": {"keys": {"ed25519:D": 7}}}}}], ids=range(3)
)
def test_an_answer_without_our_key_means_that_there_is_none(answer: dict[str, object]) -> None:
    assert published_key(answer, "@hub:x", "D") == ""
