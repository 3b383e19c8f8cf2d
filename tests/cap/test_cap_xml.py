"""An alert posted as XML: what real authorities write is read, and what attacks a parser is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.cap import read_json, read_xml
from hub.domain import Refused

SAMPLES = Path(__file__).parent / "samples"
FULL = (SAMPLES / "full.xml").read_bytes()


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def refused(raw: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        read_xml(raw)
    assert caught.value.mistakes
    return caught.value


def test_xml_and_json_that_say_the_same_give_the_same_content_and_no_warning() -> None:
    posted = read_xml(FULL)
    assert posted.content == read_json(sample("full.json")).content
    assert posted.warnings == ()


@pytest.mark.parametrize("name", ["in-soap-and-edxl.xml", "in-atom-entry.xml"])
def test_an_alert_in_an_envelope_is_taken_out(name: str) -> None:
    assert read_xml(sample(name)).content == read_xml(FULL).content


def test_cap_1_0_wrote_names_and_values_into_one_text() -> None:
    posted = read_xml(sample("cap-1.0.xml"))
    info = posted.content["info"][0]
    assert info["certainty"] == "Likely"
    assert info["eventCode"] == [{"valueName": "SAME", "value": "CAE"}]
    assert info["area"][0]["geocode"] == [{"valueName": "fips6", "value": "006037"}]
    assert any(w.startswith("password: is not known") for w in posted.warnings)
    assert "password" not in posted.content


def test_prefixes_and_any_order_and_radius_0_and_minus_zero_offsets_are_fine() -> None:
    posted = read_xml(sample("prefixed-wrong-order.xml"))
    assert posted.content["sent"] == "2026-01-31T18:30:00-00:00"
    assert posted.content["info"][0]["area"] == [{"areaDesc": "Seghwaert", "circle": ["52.0607,4.4940 0"]}]
    missing = {w.split(":")[0] for w in posted.warnings if "missing" in w}
    assert missing == {"scope", "info[0].category", "info[0].urgency", "info[0].severity", "info[0].certainty"}


def test_several_languages_without_a_namespace_after_white_space_are_fine() -> None:
    posted = read_xml(sample("no-namespace-two-languages.xml"))
    assert [info["language"] for info in posted.content["info"]] == ["nl-NL", "en"]
    assert posted.warnings == ("the alert is not in a namespace of CAP; read as CAP 1.2",)


def test_values_written_loosely_are_read_and_each_is_warned_of() -> None:
    posted = read_xml(sample("loose-values.xml"))
    assert posted.content == {
        "identifier": "loose 9",
        "sender": "oc@politie.example",
        "sent": "2026-01-31T18:30:00+01:00",
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Public",
        "info": [
            {
                "language": "nl-NL",
                "category": ["Other"],
                "event": "Woninginbraak",
                "urgency": "Immediate",
                "severity": "Unknown",
                "certainty": "Observed",
                "expires": "2026-01-31T20:30:00Z",
                "headline": "Eerste",
                "description": "Let op",
                "area": [
                    {
                        "areaDesc": "Seghwaert",
                        "polygon": ["52.06,4.49 52.07,4.49 52.07,4.50 52.06,4.49"],
                        "circle": ["52.0607,4.4940 0.4"],
                    }
                ],
            }
        ],
    }
    places = {w.split(": ")[0] for w in posted.warnings}
    assert places == {
        "identifier",
        "sent",
        "status",
        "msgType",
        "priority",
        *(
            f"info[0].{name}"
            for name in (
                "language",
                "category[0]",
                "responseType[0]",
                "urgency",
                "severity",
                "effective",
                "expires",
                "headline",
                "description",
                "web",
                "parameter[0]",
                "area[0].polygon[0]",
                "area[0].circle[0]",
                "area[0].altitude",
                "area[0].geocod",
            )
        ),
    }


def test_a_cancel_without_info_keeps_the_references_that_can_be_read_and_no_signature() -> None:
    posted = read_xml(sample("signed-cancel.xml"))
    assert len(posted.content["references"].split()) == 2
    assert "info" not in posted.content
    assert [w.split(":")[0] for w in posted.warnings] == ["references", "Signature"]


@pytest.mark.parametrize("name", ["latin-1.xml", "declared-utf-16.xml"])
def test_the_encoding_is_found(name: str) -> None:
    assert read_xml(sample(name)).content["info"][0]["event"] == "Overval café"


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + FULL,
        b"\xef\xbb\xbf\r\n " + FULL,
        FULL.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        FULL.decode().split("?>", 1)[1].strip().encode("utf-16"),
        FULL.replace(b"UTF-8", b"US-ASCII"),
    ],
)
def test_byte_order_marks_and_utf_16_are_read(raw: bytes) -> None:
    assert read_xml(raw).content == read_xml(FULL).content


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037", "iso-8859-1"]
)
@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE alert>",
        '<!DOCTYPE alert SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE alert PUBLIC "x" "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE alert [<!ENTITY event "Woninginbraak">]>',
        '<!DOCTYPE alert [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
        '<!DOCTYPE alert [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE alert [<!ATTLIST alert xmlns CDATA "urn:oasis:names:tc:emergency:cap:1.2">]>',
    ],
)
def test_a_doctype_is_refused_in_every_encoding(doctype: str, encoding: str) -> None:
    body = FULL.decode().split("?>", 1)[1]
    plain = f'<?xml version="1.0" encoding="{encoding}"?>'
    for raw in (plain + doctype + body, doctype + body):
        refused(raw.encode(encoding))


def test_a_doctype_is_named_as_the_reason() -> None:
    assert "DOCTYPE" in str(refused(b"<!DOCTYPE alert>" + FULL.split(b"?>", 1)[1]))


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (FULL.replace(b"<note/>", b"").replace(b"Bel 112.", b"&event;"), "entity"),
        (
            FULL.replace(b"<info>", b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/passwd"/><info>'),
            "XInclude",
        ),
        (b"<alert>" + b"<info>" * 100, "nests deeper"),
        (b"<a>" * 70 + b"</a>" * 70, "nests deeper"),
        (b"<alert>" + b"<info/>" * 60_000 + b"</alert>", "elements"),
        (FULL + FULL.split(b"?>", 1)[1], "one message at a time"),
        (b"<x>" + FULL.split(b"?>", 1)[1] * 2 + b"</x>", "2 alerts"),
        (b'<feed xmlns="http://www.w3.org/2005/Atom"/>', "feed"),
        (b"<html/>", "html"),
        (b"{}", "not XML"),
        (b"", "not XML"),
        (FULL[:-12], "not closed"),
        (FULL.replace(b"fiets", b"caf\xe9"), "encoding"),
        (FULL.replace(b"UTF-8", b"klingon"), "encoding"),
    ],
)
def test_what_no_alert_needs_is_refused_with_its_reason(raw: bytes, word: str) -> None:
    assert word in str(refused(raw))


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("52.0607,4.4940 0.4", "95,4.4 -1", "info[0].area[0].circle[0]"),
        ("52.06,4.49 52.07,4.49", "52.06,4.49 52.07", "info[0].area[0].polygon[0]"),
        (">50<", ">wijd<", "info[0].parameter[0].value"),
        ("<event>Woninginbraak</event>", "", "info[0].event"),
        (">Actual<", ">Real<", "status"),
        (">Update<", ">Change<", "msgType"),
        ("20:30:00+01:00", "20:30:00", "info[0].expires"),
        ("oc@politie.example,OC-2026-0041,2026", "OC-2026-0041,2026", "references"),
    ],
)
def test_what_is_clearly_broken_is_refused_with_its_place(old: str, new: str, place: str) -> None:
    text = FULL.decode()
    assert old in text
    assert [m.place for m in refused(text.replace(old, new).encode()).mistakes] == [place]


def test_an_info_without_an_area_is_allowed_by_cap() -> None:
    text = FULL.decode()
    before, after = text.split("<area>")[0], text.split("</area>")[1]
    content: dict[str, Any] = read_xml((before + after).encode()).content
    assert "area" not in content["info"][0]


def test_text_keeps_what_cdata_and_character_references_say() -> None:
    raw = FULL.replace(b"Bel 112.", b"<![CDATA[Bel <112> &amp; wacht]]>&#x20AC;<!-- not this -->")
    assert read_xml(raw).content["info"][0]["instruction"] == "Bel <112> &amp; wacht€"
