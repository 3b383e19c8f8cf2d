"""Passkeys: what proves that the owner is there on our own page, and everything that does not."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from hub.store.passkeys import Passkey
from hub.trust.passkeys import (
    PasskeyRefused,
    Site,
    asked_to_make,
    asked_to_sign,
    made,
    new_challenge,
    read_answer,
    site_of,
    verified,
)
from tests.trust.authenticator import Authenticator

SITE = Site("buurtsein.example", "https://buurtsein.example")
ANNA, BRAM = "aaaaaaaaaaaa", "bbbbbbbbbbbb"


def device(**how: Any) -> Authenticator:
    return Authenticator(**{"origin": SITE.origin, "host": SITE.host, **how})


def registered(one: Authenticator, account: str = ANNA) -> Passkey:
    challenge = new_challenge()
    answered, passkey = made(SITE, one.make(asked_to_make(SITE, challenge, account, "anna@voorbeeld.nl", [])))
    assert answered == challenge
    return replace(passkey, staff_id=account)


def signed_in(one: Authenticator, passkey: Passkey, **client: Any) -> Passkey:
    challenge = new_challenge()
    return verified(SITE, read_answer(one.sign(asked_to_sign(SITE, challenge), **client)), challenge, passkey)


def test_a_passkey_signs_its_owner_in_and_its_count_is_kept() -> None:
    anna = device()
    passkey = registered(anna)
    first = signed_in(anna, passkey)
    assert (passkey.count, first.count, signed_in(anna, first).count) == (0, 1, 2)


def test_what_is_asked_demands_the_persons_presence_and_no_name() -> None:
    asked = json.loads(asked_to_make(SITE, new_challenge(), ANNA, "anna@voorbeeld.nl", [b"known"]))
    assert asked["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert asked["attestation"] == "none" and asked["rp"]["id"] == SITE.host and len(asked["excludeCredentials"]) == 1
    asked = json.loads(asked_to_sign(SITE, new_challenge()))
    assert asked["userVerification"] == "required" and asked["allowCredentials"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://buurtsein.example.evil.example"},
        {"origin": "http://buurtsein.example"},
        {"host": "evil.example"},
        {"verifies": False},
    ],
    ids=str,
)
def test_another_page_or_an_unverified_person_makes_no_passkey_and_signs_nobody_in(wrong: dict[str, Any]) -> None:
    with pytest.raises(PasskeyRefused):
        registered(device(**wrong))
    anna = device()
    passkey = registered(anna)
    for name, value in wrong.items():
        setattr(anna, name, value)
    with pytest.raises(PasskeyRefused):
        signed_in(anna, passkey)


def test_a_page_inside_anothers_frame_is_refused() -> None:
    anna = device()
    challenge = new_challenge()
    with pytest.raises(PasskeyRefused):
        made(SITE, anna.make(asked_to_make(SITE, challenge, ANNA, "anna", []), crossOrigin=True))
    passkey = registered(anna)
    with pytest.raises(PasskeyRefused):
        signed_in(anna, passkey, crossOrigin=True)


def test_an_answer_to_another_challenge_is_refused() -> None:
    anna = device()
    passkey = registered(anna)
    old = read_answer(anna.sign(asked_to_sign(SITE, new_challenge())))
    with pytest.raises(PasskeyRefused):
        verified(SITE, old, new_challenge(), passkey)


def test_a_counter_that_does_not_go_up_tells_a_copied_device() -> None:
    anna = device()
    passkey = registered(anna)
    copy = replace(anna, key=anna.key, credential_id=anna.credential_id)
    used = signed_in(anna, signed_in(anna, passkey))
    assert used.count == 2
    for _ in range(2):  # the copy's counts are 1 and 2
        with pytest.raises(PasskeyRefused):
            signed_in(copy, used)


def test_a_device_that_does_not_count_signs_in_again_and_again_until_it_counts() -> None:
    anna = device()
    passkey = registered(anna)
    for _ in range(2):
        anna.count = -1  # it signs with 0
        passkey = signed_in(anna, passkey)
        assert passkey.count == 0
    assert signed_in(anna, passkey).count == 1


def test_nobody_signs_in_with_anothers_passkey() -> None:
    anna, bram = device(), device()
    annas, brams = registered(anna), registered(bram, BRAM)
    # Anna's device, Bram's row; Bram's credential id with Anna's key; Anna's passkey that names Bram.
    with pytest.raises(PasskeyRefused):
        signed_in(anna, brams)
    with pytest.raises(PasskeyRefused):
        signed_in(replace(anna, credential_id=bram.credential_id, owner=bram.owner), brams)
    with pytest.raises(PasskeyRefused):
        signed_in(replace(anna, owner=bram.owner), annas)
    with pytest.raises(PasskeyRefused):
        signed_in(replace(anna, owner=b""), annas)


def test_registering_is_no_signing_in_and_the_other_way_round() -> None:
    anna = device()
    challenge = new_challenge()
    with pytest.raises(PasskeyRefused):
        made(SITE, anna.make(asked_to_make(SITE, challenge, ANNA, "anna", []), type="webauthn.get"))
    passkey = registered(anna)
    with pytest.raises(PasskeyRefused):
        signed_in(anna, passkey, type="webauthn.create")


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("https://buurtsein.example", SITE),
        ("https://buurtsein.example:8443", Site("buurtsein.example", "https://buurtsein.example:8443")),
        ("http://localhost:8080", Site("localhost", "http://localhost:8080")),
        ("http://127.0.0.1:8080", None),
        ("https://192.0.2.1", None),
        ("https://[2001:db8::1]", None),
        ("http://buurtsein.example", None),
    ],
)
def test_passkeys_are_where_browsers_allow_them(address: str, site: Site | None) -> None:
    assert site_of(address) == site


ANYTHING = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=8) | some.sampled_from(["AAAA", "e30"]),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
FIELDS = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle", "", "id", "response"]


@settings(max_examples=100)
@given(name=some.sampled_from(FIELDS), value=ANYTHING, bytes_=some.binary(max_size=4), at=some.integers(0, 300))
def test_whatever_bytes_come_they_are_refused_in_words(name: str, value: Any, bytes_: bytes, at: int) -> None:
    """A field replaced by anything, and its bytes cut or changed anywhere: read, or refused, and never another exception."""
    anna = device()
    passkey, challenge = registered(anna), b"c" * 32
    for whole in (
        anna.make(asked_to_make(SITE, challenge, ANNA, "anna", [])),
        anna.sign(asked_to_sign(SITE, challenge)),
    ):
        answer = json.loads(whole)
        place = answer["response"] if name in answer["response"] else answer
        old = place.get(name)
        odd: list[Any] = [value]
        if isinstance(old, str):
            raw = base64url_to_bytes(old)
            odd += [bytes_to_base64url(raw[:at] + bytes_ + raw[at + len(bytes_) :]), bytes_to_base64url(raw[:at])]
        for one in odd:
            place[name] = one
            for text in (json.dumps(answer), json.dumps(one)):
                with suppress(PasskeyRefused):
                    made(SITE, text)
                with suppress(PasskeyRefused):
                    verified(SITE, read_answer(text), challenge, passkey)


def test_an_answer_that_is_deeper_than_any_is_refused() -> None:
    for text in ("[" * 100_000, '{"a":' * 10_000, "1" * 10_000):
        with pytest.raises(PasskeyRefused):
            made(SITE, text)
        with pytest.raises(PasskeyRefused):
            read_answer(text)
    anna = device()
    answer = json.loads(anna.make(asked_to_make(SITE, b"c" * 32, ANNA, "anna", [])))
    answer["response"]["attestationObject"] = bytes_to_base64url(b"\x81" * 10_000)
    with pytest.raises(PasskeyRefused):
        made(SITE, json.dumps(answer))
