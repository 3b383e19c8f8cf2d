"""CAP for other systems: one alert as a document, the newest as an Atom feed, signed where a key is set, sent only when new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from lxml import etree
from pydantic import ValidationError
from signxml.exceptions import InvalidDigest
from signxml.verifier import XMLVerifier

from hub.cap import read_xml
from hub.domain import Refused, Role
from hub.settings import Police, Settings
from hub.trust.signing import signing_of
from tests.web.certificates import certificate, pem
from tests.web.world import API, World, an_alert

FEED = f"{API}/feeds/alerts.atom"
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
ATOM = "{http://www.w3.org/2005/Atom}"
SCHEMA = Path(__file__).parents[1] / "cap/schema/CAP-v1.2.xsd"
OASIS = etree.XMLSchema(etree.parse(SCHEMA))
RSA, EC = rsa.generate_private_key(65537, 3072), ec.generate_private_key(ec.SECP256R1())
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PICTURE = {"resourceDesc": "foto", "mimeType": "image/png", "derefUri": PIXEL}


def signing(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> Police:
    return Police(signing_key=pem(key), signing_certificate=certificate(key))


@pytest.fixture(params=["rsa", "ec"])
def key(request: pytest.FixtureRequest) -> Any:
    return RSA if request.param == "rsa" else EC


class TestUnsigned:
    async def test_an_alert_is_a_valid_document_that_says_what_was_posted(self, world: World) -> None:
        alert = await world.accepted(an_alert(identifier="C-1", incidents="zaak 7"))
        response = await world.get(f"{API}/alerts/{alert['id']}/cap", Role.AUDITOR)
        assert response.status == 200 and response.content_type == "application/cap+xml"
        raw = await response.read()
        OASIS.assertValid(etree.fromstring(raw))
        content = read_xml(raw).content
        assert (content["identifier"], content["incidents"]) == ("C-1", "zaak 7")
        assert content["info"][0]["area"] == alert["info"][0]["area"]
        assert (await world.get(f"{API}/alerts/0/cap")).status == 404

    async def test_pictures_are_for_police_and_only_when_asked_for(self, world: World) -> None:
        alert = await world.accepted(an_alert({"resource": [PICTURE]}))
        place = f"{API}/alerts/{alert['id']}/cap"
        assert b"derefUri" not in await (await world.get(place)).read()
        with_it = await world.get(f"{place}?pictures=true")
        assert b"<derefUri>iVBORw0KGgo" in await with_it.read()
        assert (await world.get(f"{place}?pictures=true", Role.AUDITOR)).status == 403
        assert (await world.get(place)).headers["ETag"] != with_it.headers["ETag"]

    async def test_the_feed_has_the_newest_fifty_each_with_its_cap(self, world: World) -> None:
        for number in range(52):
            await world.accepted(an_alert({"headline": f"Kop <{number}>\x01"}, identifier=f"F-{number}"))
            world.clock.turn(1)
        response = await world.get(FEED)
        assert response.content_type == "application/atom+xml"
        feed = etree.fromstring(await response.read())
        entries = feed.findall(f"{ATOM}entry")
        assert len(entries) == 50 and feed.findtext(f"{ATOM}updated") == entries[0].findtext(f"{ATOM}updated")
        assert entries[0].findtext(f"{ATOM}title") == "Kop <51>\ufffd"
        assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == 50
        for entry in entries:
            assert {child.tag.removeprefix(ATOM) for child in entry} >= {"id", "title", "updated", "author", "content"}
            content = entry.find(f"{ATOM}content")
            assert content is not None and content.get("type") == "application/cap+xml"
            OASIS.assertValid(content[0])
        link = entries[0].find(f"{ATOM}link")
        assert link is not None
        href = str(link.get("href")).removeprefix("https://buurtsein.example")
        assert (await world.get(href)).status == 200

    async def test_an_empty_feed_is_a_feed(self, world: World) -> None:
        feed = etree.fromstring(await (await world.get(FEED)).read())
        assert feed.findtext(f"{ATOM}id") and feed.findtext(f"{ATOM}updated") and feed.find(f"{ATOM}entry") is None

    async def test_what_the_caller_has_already_is_not_sent_again(self, world: World) -> None:
        alert = await world.accepted(an_alert())
        assert "Last-Modified" not in (await world.get(FEED)).headers, "a second alert may come within its second"
        world.clock.turn(4)
        for place in (FEED, f"{API}/alerts/{alert['id']}/cap"):
            first = await world.get(place)
            assert first.headers["Cache-Control"] == "private, no-cache"
            for known in (
                {"If-None-Match": first.headers["ETag"]},
                {"If-None-Match": "*"},
                {"If-Modified-Since": first.headers["Last-Modified"]},
            ):
                again = await world.get(place, headers=known)
                assert (again.status, await again.read()) == (304, b""), (place, known)
                assert again.headers["ETag"] == first.headers["ETag"]
        feed = await world.get(FEED)
        headers = {"ETag": feed.headers["ETag"], "at": feed.headers["Last-Modified"]}
        world.clock.turn(2)
        await world.accepted(an_alert(identifier="later"))
        assert (await world.get(FEED, headers={"If-None-Match": headers["ETag"]})).status == 200
        assert (await world.get(FEED, headers={"If-Modified-Since": headers["at"]})).status == 200
        both = {"If-None-Match": headers["ETag"], "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}
        assert (await world.get(FEED, headers=both)).status == 200, "the ETag goes before the time"


class TestSigned:
    @pytest.fixture
    def settings(self, settings: Settings, key: Any) -> Settings:
        return settings.model_copy(update={"police": signing(key)})

    async def test_the_signature_holds_alone_and_taken_out_of_the_feed_and_no_byte_can_be_changed(
        self, world: World, key: Any
    ) -> None:
        alert = await world.accepted(an_alert())
        raw = await (await world.get(f"{API}/alerts/{alert['id']}/cap")).read()
        feed = etree.fromstring(await (await world.get(FEED)).read())
        inline = feed.find(f"{ATOM}entry/{ATOM}content/{CAP}alert")
        assert inline is not None
        enveloped = etree.fromstring(b"<e:x xmlns:e='urn:x'>" + raw.partition(b"?>")[2].strip() + b"</e:x>")
        trusted = certificate(key)
        for document in (raw, etree.tostring(inline), etree.tostring(enveloped[0])):
            OASIS.assertValid(etree.fromstring(document))
            seen: Any = XMLVerifier().verify(document, x509_cert=trusted)
            assert seen.signed_xml.findtext(f"{CAP}identifier") == alert["identifier"]
            changed = document.replace(b"Man, donkere jas.", b"Man, donkere jos.")
            assert changed != document
            with pytest.raises(InvalidDigest):
                XMLVerifier().verify(changed, x509_cert=trusted)
        assert read_xml(raw).content["identifier"] == alert["identifier"], "we read what we signed"


@pytest.mark.parametrize(
    ("key", "cert", "said"),
    [
        ("nonsense", certificate(RSA), "police.signing_key: is no private key in PEM"),
        (pem(RSA), "nonsense", "police.signing_certificate: is no certificate in PEM"),
        (pem(RSA), certificate(EC), "belongs to another key"),
        (pem(rsa.generate_private_key(65537, 2048)), certificate(RSA), "3072 bits or more"),
        (pem(ec.generate_private_key(ec.SECP224R1())), certificate(RSA), "P-256 or a larger curve"),
        (pem(ed25519.Ed25519PrivateKey.generate()), certificate(RSA), "must be an RSA or an EC key"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_at_the_start_and_not_shown(key: str, cert: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        signing_of(Police(signing_key=key, signing_certificate=cert))
    assert said in str(refused.value) and "nonsense" not in str(refused.value) and "BEGIN" not in str(refused.value)


def test_a_key_without_a_certificate_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="both signing_key and signing_certificate"):
        Police(signing_key=pem(RSA))


def test_the_end_of_the_certificate_is_known() -> None:
    signed = signing_of(signing(EC))
    assert signed is not None and isinstance(signed.certificate, x509.Certificate)
    assert signed.ends == 7_226_582_400_000
