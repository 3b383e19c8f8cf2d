"""Passkeys, accounts of elsewhere and what browsers were asked to prove, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hub.domain import Role
from hub.store.challenges import MOST, Kind
from hub.store.database import Store
from hub.store.passkeys import Passkey
from hub.store.staff import Account, make_id
from hub.store.staff_tables import Challenge
from tests.store.world import START

ISSUER = "https://login.example/tenant"
DAY = 24 * 3_600_000


def account() -> Account:
    return Account(key := make_id(), "Anna", f"elsewhere:{key}", Role.COORDINATOR, municipalities=frozenset({"GM0637"}))


async def test_a_challenge_is_answered_once_in_time_by_the_browser_it_was_put_to(store: Store) -> None:
    put, take = store.challenges.put, store.challenges.take
    for name in ("a", "b", "c"):
        await put(name, "browser", Kind.SIGN, {"next": "/console"}, now=START, expires_at=START + 100)
    assert await take("a", "another browser", Kind.SIGN, START) is None
    assert await take("a", "browser", Kind.MAKE, START) is None
    assert await take("unknown", "browser", Kind.SIGN, START) is None
    answers = await asyncio.gather(*(take("a", "browser", Kind.SIGN, START) for _ in range(5)))
    assert [one for one in answers if one is not None] == [{"next": "/console"}]
    assert await take("b", "browser", Kind.SIGN, START + 100) is None
    await put("d", "browser", Kind.SIGN, {}, now=START + 100, expires_at=START + 200)
    assert await take("c", "browser", Kind.SIGN, START) is None, "those that ran out are swept out"


async def test_of_too_many_challenges_the_oldest_go_and_those_of_another_kind_stay(store: Store) -> None:
    def asked(number: int, kind: Kind = Kind.SIGN) -> Challenge:
        return Challenge(
            hash=f"{kind}{number}", browser="b", kind=kind.value, about="{}", expires_at=START + 100 + number
        )

    await Challenge.bulk_create([asked(0, Kind.SIGN_ON), *(asked(number) for number in range(MOST))], batch_size=500)
    await store.challenges.put("new", "b", Kind.SIGN, {}, now=START, expires_at=START + 100 + MOST)
    assert await Challenge.filter(kind=Kind.SIGN.value).count() == MOST
    take = store.challenges.take
    assert await take("sign0", "b", Kind.SIGN, START) is None and await take("sign1", "b", Kind.SIGN, START) == {}
    assert await take("new", "b", Kind.SIGN, START) == {} and await take("sign_on0", "b", Kind.SIGN_ON, START) == {}


async def test_a_passkey_is_one_accounts_and_counts_on(store: Store) -> None:
    passkey = Passkey(b"\x00\xff id", b"key", 1, False, "anna", "telefoon", START)
    assert await store.passkeys.put(passkey)
    assert not await store.passkeys.put(replace(passkey, staff_id="bram")), "nobody takes it over"
    assert await store.passkeys.find(passkey.credential_id) == passkey
    assert await store.passkeys.find(b"unknown") is None and await store.passkeys.of("bram") == []
    # Of two answers at the same moment one counts on.
    after = replace(passkey, count=2, synced=True)
    used = await asyncio.gather(*(store.passkeys.used(passkey, after, START + 5) for _ in range(5)))
    assert used.count(True) == 1
    assert await store.passkeys.of("anna") == [replace(after, used_at=START + 5)]
    assert not await store.passkeys.rename("bram", passkey.hash, "x")
    assert not await store.passkeys.remove("bram", passkey.hash)
    assert await store.passkeys.rename("anna", passkey.hash, "sleutel")
    assert await store.passkeys.remove("anna", passkey.hash) and await store.passkeys.of("anna") == []


async def test_one_who_signs_on_elsewhere_is_one_account_however_often_they_come(store: Store) -> None:
    made = [account() for _ in range(5)]
    added = await asyncio.gather(*(store.sign_ons.add(one, ISSUER, "anna", START) for one in made))
    assert added.count(True) == 1
    (kept,) = await store.staff.list()
    assert await store.sign_ons.find(ISSUER, "anna") == kept.id and kept.id in {one.id for one in made}
    assert await store.sign_ons.issuer_of(kept.id) == ISSUER
    # The same subject of another issuer is somebody else.
    assert await store.sign_ons.find(f"{ISSUER}\nan", "na") is None
    assert await store.sign_ons.find("https://login.evil.example", "anna") is None
    assert await store.sign_ons.issuer_of("nobody") == ""


async def test_who_no_longer_comes_from_elsewhere_is_forgotten(store: Store) -> None:
    gone, comes, here = account(), account(), account()
    await store.sign_ons.add(gone, ISSUER, "gone", START)
    await store.sign_ons.add(comes, ISSUER, "comes", START)
    await store.staff.add(replace(here, invited_until=START + 1), "invited", START)
    await store.sign_ons.used(ISSUER, "comes", START + 300 * DAY)
    now = START + 366 * DAY
    assert await store.sign_ons.erase_unused(now - 365 * DAY, now) == 1
    assert await store.sign_ons.erase_unused(now - 365 * DAY, now) == 0
    assert {one.id for one in await store.staff.list()} == {comes.id, here.id}
    assert await store.sign_ons.find(ISSUER, "gone") is None and await store.sign_ons.issuer_of(gone.id) == ""
