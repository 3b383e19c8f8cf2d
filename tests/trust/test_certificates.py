"""Certificates: read from what a proxy writes, known by their key; a server's own that cannot be used is refused by name."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.domain import Refused
from hub.settings import Tls
from hub.trust.certificates import from_header, from_pem, serving_context, thumbprint
from tests.web.certificates import certificate, pem

KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


def header(text: str) -> str:
    der = x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER)
    return f":{base64.b64encode(der).decode()}:"


def test_a_client_is_known_by_its_key_whatever_its_certificate() -> None:
    first, renewed, other = certificate(KEY), certificate(KEY), certificate(OTHER)
    assert first != renewed
    assert (
        thumbprint(from_pem(first.encode()))
        == thumbprint(from_pem(renewed.encode()))
        != thumbprint(from_pem(other.encode()))
    )
    shown = from_header(header(first))
    assert shown and thumbprint(shown) == thumbprint(from_pem(first.encode()))
    with pytest.raises(Refused, match="no certificate in PEM"):
        from_pem(b"nonsense")


@given(st.one_of(st.text(max_size=200), st.binary(max_size=200).map(lambda raw: f":{base64.b64encode(raw).decode()}:")))
def test_whatever_else_stands_in_the_header_is_no_certificate(value: str) -> None:
    assert from_header(value) is None


def files(folder: Path, **texts: str) -> dict[str, str]:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return {name: str(folder / name) for name in texts}


def test_a_server_s_certificate_is_used_with_its_key_alone(tmp_path: Path) -> None:
    good = files(tmp_path, certificate=certificate(KEY), key=pem(KEY), client_ca=certificate(OTHER))
    context = serving_context(Tls(**good))
    assert context and context.verify_mode is ssl.CERT_OPTIONAL and context.minimum_version >= ssl.TLSVersion.TLSv1_2
    without = serving_context(Tls(certificate=good["certificate"], key=good["key"]))
    assert without and without.verify_mode is ssl.CERT_NONE
    assert serving_context(Tls()) is None
    wrong = files(tmp_path, key=pem(OTHER), client_ca="nonsense")
    with pytest.raises(Refused) as refused:
        serving_context(Tls(**{**good, **wrong}))
    assert [one.place for one in refused.value.mistakes] == ["web.tls.certificate", "web.tls.client_ca"]
    with pytest.raises(Refused, match="cannot be read: No such file"):
        serving_context(Tls(certificate=str(tmp_path / "nowhere"), key=good["key"]))


def test_half_a_configuration_is_refused() -> None:
    with pytest.raises(ValidationError, match="both certificate and key"):
        Tls(certificate="x")
    with pytest.raises(ValidationError, match="client_ca needs certificate and key"):
        Tls(client_ca="x")
