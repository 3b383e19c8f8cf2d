"""Signed requests: taken as they were signed, refused however they were changed, in words that name no value."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain import Refused
from hub.trust.signatures import SignatureRefused, SignedRequest, check, read_public_key, written
from tests.signed import COVERED, KINDS, private_key, signed

NOW = 1_790_000_000_000
WITHIN = 60
URL = "https://buurtsein.example/api/v1/alerts?allowEmpty=true"
BODY = b'{"info": [{"event": "Woninginbraak"}]}'
HEADERS = {"Authorization": "Bearer bs_police_secret", "Content-Type": "application/json"}
PARTS = ("@method", "@authority", "@path", "@query", "authorization", "content-type")


def request(
    kind: str = "ed25519", headers: Mapping[str, str] = HEADERS, body: bytes = BODY, **more: object
) -> SignedRequest:
    created = more.pop("created", NOW / 1000)
    lines = signed("POST", URL, headers, body, key=private_key(kind), key_id="k1", created=created, **more)  # type: ignore[arg-type]
    return SignedRequest("POST", URL, tuple(lines.items()), body)


def taken(one: SignedRequest, kind: str = "ed25519", key_id: str = "k1", now: int = NOW) -> str:
    return check(one, key_id, private_key(kind).public_key(), now, WITHIN)


def with_header(one: SignedRequest, name: str, value: str | None) -> SignedRequest:
    """Another value, or none."""
    lines = tuple((n, value if n.lower() == name else v) for n, v in one.lines)
    return replace(one, lines=tuple((n, v) for n, v in lines if v is not None))


@pytest.mark.parametrize("covered", [COVERED, PARTS], ids=["target-uri", "authority, path, query"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_signed_is_taken_with_either_way_of_naming_the_address(kind: str, covered: tuple[str, ...]) -> None:
    one, other = request(kind, covered=covered), request(kind, covered=covered)
    assert taken(one, kind) == taken(one, kind) != taken(other, kind), "the same only if it is the same request"
    empty = SignedRequest(
        "GET",
        URL,
        tuple(signed("GET", URL, HEADERS, None, key=private_key(kind), key_id="k1", created=NOW / 1000).items()),
        b"",
    )
    assert taken(empty, kind)


CHANGES = (
    "method",
    "scheme",
    "host",
    "path",
    "query",
    "body",
    "authorization",
    "content-type",
    "content-digest",
    "input",
    "signature",
)


@cache
def honest() -> SignedRequest:
    return request()


def mutated(text: str, at: int, sign: str) -> str:
    at %= len(text)
    return text[:at] + sign + text[at + 1 :]


@settings(max_examples=200)
@given(
    what=st.sampled_from(CHANGES),
    at=st.integers(0, 10_000),
    sign=st.characters(min_codepoint=0x20, max_codepoint=0x7E),
)
def test_whatever_is_changed_on_its_way_it_is_refused(what: str, at: int, sign: str) -> None:
    """Any sign of method, address, body, covered header, creation, nonce, key or signature."""
    one = honest()
    headers = {name.lower(): value for name, value in one.lines}
    origin, _, rest = URL.removeprefix("https://").partition("/")
    path, _, query = rest.partition("?")
    match what:
        case "method":
            changed = replace(one, method=mutated(one.method, at, sign))
        case "scheme":
            changed = replace(one, url=f"http://{origin}/{rest}")
        case "host":
            changed = replace(one, url=f"https://{mutated(origin, at, sign)}/{rest}")
        case "path":
            changed = replace(one, url=f"https://{origin}/{mutated(path, at, sign)}?{query}")
        case "query":
            changed = replace(one, url=f"https://{origin}/{path}?{mutated(query, at, sign)}")
        case "body":
            changed = replace(one, body=mutated(one.body.decode(), at, sign).encode())
        case _:
            name = {"input": "signature-input"}.get(what, what)
            changed = with_header(one, name, mutated(headers[name], at, sign))
    if meaning(changed) == meaning(one):
        return
    with pytest.raises(SignatureRefused) as refused:
        taken(changed)
    assert "secret" not in str(refused.value) and len(str(refused.value)) < 300


def meaning(one: SignedRequest) -> object:
    """Nothing is changed by capitals in a host, space round a header, or bits of base64 that nobody reads."""
    scheme, _, rest = one.url.partition("://")
    host, _, rest = rest.partition("/")
    lines = []
    for name, value in one.lines:
        label, _, encoded = value.strip(" \t").partition("=:")
        digits = encoded.rstrip(":= ")
        try:
            lines.append((name, label, base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True)))
        except ValueError:
            lines.append((name, label, encoded.encode()))
    return one.method, scheme, host.lower(), rest, one.body, lines


@pytest.mark.parametrize("name", ["authorization", "content-type", "content-digest", "signature", "signature-input"])
def test_a_header_left_out_is_refused(name: str) -> None:
    with pytest.raises(SignatureRefused):
        taken(with_header(request(), name, None))


@pytest.mark.parametrize("seconds", [-61, 61, -3600, 10**9])
def test_before_and_after_its_time_it_is_refused_and_told_ours(seconds: int) -> None:
    one = request(created=NOW / 1000 + seconds)
    with pytest.raises(SignatureRefused, match=r"more than 60 seconds from our time, which is 20\d\d-"):
        taken(one)
    assert taken(request(created=NOW / 1000 + 60)) and taken(request(created=NOW / 1000 - 60))
    with pytest.raises(SignatureRefused, match="its time is over"):
        taken(request(expires=NOW / 1000))


@pytest.mark.parametrize(
    ("lacks", "said"),
    [
        ("@method", "@method"),
        ("@target-uri", "must cover @target-uri, or @authority, @path and @query"),
        ("authorization", "authorization"),
        ("content-type", "must cover content-type"),
        ("idempotency-key", "must cover idempotency-key"),
    ],
)
def test_what_must_be_covered_is_named(lacks: str, said: str) -> None:
    headers = {**HEADERS, "Idempotency-Key": "once"}
    covered = [name for name in COVERED if name != lacks]
    with pytest.raises(SignatureRefused, match=said):
        taken(request(headers=headers, covered=covered))


def test_a_body_that_no_digest_covers_is_refused() -> None:
    lines = signed("POST", URL, HEADERS, None, key=private_key("ed25519"), key_id="k1", created=NOW / 1000)
    with pytest.raises(SignatureRefused, match="Content-Digest"):
        taken(SignedRequest("POST", URL, tuple(lines.items()), BODY))


@pytest.mark.parametrize("nonce", [None, "short", "x" * 201])
def test_a_nonce_is_needed_and_has_a_length(nonce: str | None) -> None:
    with pytest.raises(SignatureRefused, match="nonce must have 16 to 200 signs"):
        taken(request(nonce=nonce))


def test_another_key_another_id_and_two_signatures_are_refused() -> None:
    with pytest.raises(SignatureRefused):
        check(request(), "k1", private_key("rsa-pss-sha512").public_key(), NOW, WITHIN)
    with pytest.raises(SignatureRefused, match="resolve verification key"):
        taken(request(), key_id="k2")
    one = request()
    headers = {name.lower(): value for name, value in one.lines}
    doubled = with_header(one, "signature-input", headers["signature-input"] + ", b=()")
    with pytest.raises(SignatureRefused):
        taken(with_header(doubled, "signature", headers["signature"] + ", b=:AAAA:"))


HEADER_TEXT = st.text(st.characters(max_codepoint=0xFF, exclude_characters="\r\n"), max_size=120)
PIECES = (
    *("sig=", "(", ")", '"@method"', '"@query-param"', ";name=", ";created=", "1", "9" * 20, ";nonce=", '"a"', ":"),
    *("AA==", ";", ",", "?1", ";bs", ";sf", ";key=", "@1"),
)
FIELD = st.one_of(
    HEADER_TEXT,
    st.lists(
        st.sampled_from(PIECES),
        max_size=12,
    ).map("".join),
)


@settings(max_examples=200)
@given(given_input=FIELD, signature=FIELD, digest=FIELD, url=HEADER_TEXT)
def test_whatever_stands_in_its_headers_is_refused_and_crashes_nothing(
    given_input: str, signature: str, digest: str, url: str
) -> None:
    lines = (*HEADERS.items(), ("Signature-Input", given_input), ("Signature", signature), ("Content-Digest", digest))
    with pytest.raises(SignatureRefused):
        taken(SignedRequest("POST", URL + url, lines, BODY))


def test_only_keys_that_can_be_checked_are_registered() -> None:
    def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey) -> bytes:
        return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    for wrong, said in (
        (b"nonsense", "no public key in PEM"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "another curve than P-256"),
        (pem(rsa.generate_private_key(65537, 2048)), "3072 bits or more"),
        (pem(x25519.X25519PrivateKey.generate()), "must be Ed25519, EC on P-256, or RSA"),
    ):
        with pytest.raises(Refused, match=said):
            read_public_key(wrong)
    for kind in KINDS:
        key = private_key(kind).public_key()
        assert read_public_key(written(key).encode()) == key
