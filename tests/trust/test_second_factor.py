"""Codes of 30 seconds as RFC 6238 has them, a step of grace on either side; recovery codes found however they are typed."""

from __future__ import annotations

import base64

import pyotp
import pytest

from hub.trust.second_factor import hash_recovery, make_recovery, make_totp, totp_step, totp_uri

RFC = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_the_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert totp_step(RFC, code, seconds * 1000) == seconds // 30
    assert totp_step(RFC, f" {code[:3]} {code[3:]} ", seconds * 1000) == seconds // 30


def test_a_clock_may_be_half_a_minute_off_and_no_more() -> None:
    secret, now = make_totp(), 1_800_000_000_000
    codes = {step: pyotp.TOTP(secret).generate_otp(now // 30_000 + step) for step in range(-3, 4)}
    taken = {step for step, code in codes.items() if totp_step(secret, code, now) == now // 30_000 + step}
    assert taken == {-1, 0, 1}
    for wrong in ("", "12345", "abcdef", "１２３４５６", codes[0] + "0", "-" * 6):
        assert totp_step(secret, wrong, now) is None
    assert totp_step("", codes[0], now) is None, "who has none has no code that fits"


def test_what_an_app_scans() -> None:
    secret = make_totp()
    assert len(secret) == 32 and secret != make_totp()
    read = pyotp.parse_uri(totp_uri(secret, "anna@gemeente.example"))
    assert (read.secret, read.issuer, read.name) == (secret, "Buurtsein", "anna@gemeente.example")


def test_recovery_codes_are_long_and_found_however_they_are_typed() -> None:
    codes = make_recovery()
    assert len(set(codes)) == 10 and all(len(one) == 29 for one in codes)
    for typed in (codes[0].upper(), codes[0].replace("-", ""), f" {codes[0].replace('-', ' ')} "):
        assert hash_recovery(typed) == hash_recovery(codes[0])
    assert len({hash_recovery(one) for one in codes}) == 10
