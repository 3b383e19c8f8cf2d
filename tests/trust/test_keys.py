"""API keys: random, recognisable, known by their hash alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hub.clock import SystemClock
from hub.domain import Role
from hub.settings import Database
from hub.store.database import Store, open_store
from hub.store.keys import Identity, KnownKey
from hub.trust.keys import authenticate, hash_secret, make_key, make_session
from tests.furnished import put_schema


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    path: Path = tmp_path_factory.mktemp("keys") / "hub.db"
    put_schema(path)
    return Database(url=f"sqlite://{path}")


@pytest_asyncio.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    async with open_store(database, SystemClock()) as opened:
        yield opened


@pytest.mark.parametrize("role", Role)
def test_a_key_names_its_role_and_holds_256_random_bits(role: Role) -> None:
    key_id, secret = make_key(role)
    assert re.fullmatch(r"[0-9a-f]{12}", key_id)
    assert re.fullmatch(rf"bs_{role}_[A-Za-z0-9_-]{{43}}", secret)
    assert key_id not in secret


def test_no_two_secrets_are_the_same() -> None:
    assert len({make_key(Role.POLICE) for _ in range(100)} | {("", make_session()) for _ in range(100)}) == 200
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", make_session())


def test_the_hash_is_sha256_in_hex() -> None:
    assert hash_secret("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


async def test_a_key_is_known_until_it_is_revoked_and_only_by_its_whole_secret(store: Store) -> None:
    key_id, secret = make_key(Role.POLICE)
    await store.keys.put(key_id, name="Control room", role=Role.POLICE, sender="oc", hash=hash_secret(secret), now=1)
    assert await authenticate(store.keys, secret, 2) == KnownKey(Identity(key_id, "Control room", Role.POLICE, "oc"))
    for wrong in (secret[:-1], secret + "x", secret.swapcase(), hash_secret(secret), key_id, ""):
        assert await authenticate(store.keys, wrong, 2) is None
    await store.keys.revoke(key_id, 2)
    assert await authenticate(store.keys, secret, 2) is None


@pytest.mark.parametrize("strange", ["\x00", "é" * 1000, "bs_police_\udcff"], ids=["NUL", "long", "no UTF-8"])
async def test_strange_bytes_are_an_unknown_key_and_no_crash(store: Store, strange: str) -> None:
    assert await authenticate(store.keys, strange, 2) is None


async def test_the_secret_itself_is_nowhere_in_the_database(store: Store, database: Database) -> None:
    key_id, secret = make_key(Role.AUDITOR)
    await store.keys.put(key_id, name="x", role=Role.AUDITOR, sender="", hash=hash_secret(secret), now=1)
    folder = database.sqlite_path.parent
    assert all(secret.encode() not in file.read_bytes() for file in folder.iterdir())
    assert secret not in repr(await store.keys.list())
