"""Signs the CAP we publish: XML-DSig, enveloped, with the hub's own RSA or EC key, so that any copy can be told to be ours.

Exclusive canonicalisation: the signature of an alert that was put into a feed holds when the alert is taken out again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureMethod
from signxml.signer import XMLSigner

from hub.clock import to_milliseconds
from hub.domain import Mistake, Refused
from hub.settings import Police
from hub.trust.signatures import LEAST_RSA_BITS

LEAST_CURVE_BITS = 256


@dataclass(frozen=True, slots=True)
class Signing:
    """A key and its certificate, which fit. `ends`: until when the certificate is valid (ms)."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate

    @property
    def ends(self) -> int:
        return to_milliseconds(self.certificate.not_valid_after_utc)

    def sign(self, element: etree._Element) -> etree._Element:
        """A copy with the signature as its last child. Takes milliseconds: not for the event loop."""
        on_curve = isinstance(self.key, ec.EllipticCurvePrivateKey)
        signer = XMLSigner(
            signature_algorithm=SignatureMethod.ECDSA_SHA256 if on_curve else SignatureMethod.RSA_SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        return signer.sign(element, key=self.key, cert=[self.certificate])


def signing_of(settings: Police) -> Signing | None:
    """None where no key is set; raises Refused for one that cannot be used."""
    if not settings.signing_key.get_secret_value():
        return None
    wrong = []
    key = certificate = None
    try:
        key = load_pem_private_key(settings.signing_key.get_secret_value().encode(), password=None)
    except (ValueError, TypeError):
        wrong.append(Mistake("police.signing_key", "is no private key in PEM, or has a password: give it without"))
    try:
        certificate = x509.load_pem_x509_certificate(settings.signing_certificate.get_secret_value().encode())
    except ValueError:
        wrong.append(Mistake("police.signing_certificate", "is no certificate in PEM"))
    if key is not None and not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        wrong.append(Mistake("police.signing_key", "must be an RSA or an EC key"))
    elif isinstance(key, rsa.RSAPrivateKey) and key.key_size < LEAST_RSA_BITS:
        wrong.append(
            Mistake(
                "police.signing_key", f"is too short: an RSA key has {LEAST_RSA_BITS} bits or more; or take EC on P-256"
            )
        )
    elif isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size < LEAST_CURVE_BITS:
        wrong.append(Mistake("police.signing_key", "is too short: an EC key is on P-256 or a larger curve"))
    elif key is not None and certificate is not None and certificate.public_key() != key.public_key():
        wrong.append(Mistake("police.signing_certificate", "belongs to another key than police.signing_key"))
    if wrong or certificate is None or not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise Refused("CAP cannot be signed", wrong)
    return Signing(key, certificate)
