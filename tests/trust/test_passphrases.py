"""Passphrases: what is good enough, kept by argon2id, compared in bounded numbers and always as slowly."""

from __future__ import annotations

import asyncio
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.trust.passphrases import HASHER, LEAST, MOST, WAITING, Passphrases, TooBusy, Weakness, is_outdated, weakness

ABOUT = ("Anna de Vries", "a.devries@gemeente.example")


@pytest.mark.parametrize(
    ("passphrase", "wrong"),
    [
        ("kort", Weakness.SHORT),
        ("elf tekens!", Weakness.SHORT),
        ("x" * (MOST + 1), Weakness.LONG),
        ("password123456", Weakness.EASY),
        ("P@ssw0rd!P@ssw0rd!", Weakness.EASY),
        ("Welkom2024Welkom", Weakness.EASY),
        ("wachtwoord wachtwoord wachtwoord", Weakness.EASY),
        ("Buurtsein-2026!!", Weakness.EASY),
        ("Zoetermeer2026!", Weakness.EASY),
        ("aaaaaaaaaaaaaaaa", Weakness.EASY),
        ("qwertyuiop1234567890", Weakness.EASY),
        ("Anna de Vries 1985", Weakness.EASY),
        ("a.devries@gemeente.example", Weakness.EASY),
        ("waarschijnlijk", Weakness.EASY),
        ("Unfortunately 2026", Weakness.EASY),
        ("Sojdlg123aljg", Weakness.EASY),
        ("correct horse battery staple", None),
        ("vier losse woorden volstaan", None),
        ("x7Gk!2pQ9vLm", None),
        ("пароль из четырёх слов", None),
        ("👩‍🚒🚲🧀🌧️ fietstocht naar zee", None),
    ],
)
def test_length_counts_and_what_everybody_chooses_does_not(passphrase: str, wrong: Weakness | None) -> None:
    assert weakness(passphrase, ABOUT) is wrong


@settings(max_examples=25, deadline=None)  # a long one takes 20 ms
@given(st.text(max_size=MOST + 10))
def test_whatever_is_typed_is_judged(text: str) -> None:
    found = weakness(text, ABOUT)
    assert (found is Weakness.SHORT) == (len(unicodedata.normalize("NFC", text)) < LEAST)


async def test_only_the_very_passphrase_fits_however_the_keyboard_writes_it() -> None:
    ours = Passphrases()
    hash = await ours.hash("Café aan zee met Zoë")
    assert hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await ours.fits(hash, unicodedata.normalize("NFD", "Café aan zee met Zoë"))
    for wrong in ("café aan zee met Zoë", "Café aan zee met Zoë ", "", "Café aan zee met Zoë" + "x" * 10_000):
        assert not await ours.fits(hash, wrong)
    assert not await ours.fits("", "") and not await ours.fits("no hash", "x")
    assert not is_outdated(hash)
    assert is_outdated(
        "$argon2id$v=19$m=8192,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )


async def test_nobody_learns_from_the_time_whether_there_is_such_an_account() -> None:
    ours, hash = Passphrases(), HASHER.hash("of somebody")

    async def seconds(hash: str) -> float:
        begun = time.process_time()  # of this process: how busy the machine is says nothing
        assert not await ours.fits(hash, "a wrong one")
        return time.process_time() - begun

    known = sorted([await seconds(hash) for _ in range(5)])[2]
    unknown = sorted([await seconds("") for _ in range(5)])[2]
    assert unknown > known / 2


async def test_a_flood_waits_at_the_door() -> None:
    ours = Passphrases()
    waiting = [asyncio.ensure_future(ours.fits("", "x")) for _ in range(WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(TooBusy):
        await ours.fits("", "x")
    for one in waiting[3:]:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert not await ours.fits("", "x"), "whoever is cancelled makes room"
