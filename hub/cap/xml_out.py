"""Writes an alert's stored content as strictly valid CAP 1.2 XML: its author may have been lenient, whoever reads it is not.

Taken in again it says the same, but for what CAP has no room for: times lose fractions (and Z becomes -00:00), white space round
a text goes, a character XML does not have becomes U+FFFD, an empty text or resource is left out, heights are rounded to a millionth
of a foot, and in a name or link what may not stand there is percent-encoded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any, Final
from urllib.parse import quote

from lxml import etree
from pydantic import BaseModel

from hub.cap.additions import GEOMETRY, outline, parameters_of
from hub.cap.schema import AlertElement, AreaElement, InfoElement, NamedValue, ResourceElement
from hub.cap.values import parse_time, written_name

NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"

_INNER: Final[Mapping[str, type[BaseModel]]] = {
    "info": InfoElement,
    "area": AreaElement,
    "resource": ResourceElement,
    **dict.fromkeys(("eventCode", "parameter", "geocode"), NamedValue),
}
_REQUIRED: Final = ("areaDesc", "resourceDesc", "mimeType", "value")
"""There must be an element of this name, even if we have nothing to put into it."""

_CAP_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-](?:0\d|1[0-3]):\d\d", re.ASCII)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# RFC 3986 appendix A, with the characters beyond ASCII that anyURI lets stand for themselves.
_CHARACTER = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2}|[^\x00-\x7f])"
_AUTHORITY = rf"(?:(?:(?!@){_CHARACTER})*@)?(?:\[[0-9A-Fa-f:.]+\]|(?:(?![:@]){_CHARACTER})*)(?::\d{{1,5}})?"
_URI = re.compile(
    rf"(?:[A-Za-z][A-Za-z0-9+.-]*:(?://{_AUTHORITY}(?:/{_CHARACTER}*)*|(?!//)(?:{_CHARACTER}|/)+)"
    rf"|(?!//)(?:(?!:){_CHARACTER}|/)+)(?:\?(?:{_CHARACTER}|[/?])*)?(?:#(?:{_CHARACTER}|[/?])*)?"
)
MOST_FEET = 1e9


def cap_xml(content: dict[str, Any], *, pictures: bool = False) -> bytes:
    """The document in UTF-8; `pictures` with the bytes of its files (derefUri), which are large."""
    return written(cap_element(content, pictures=pictures))


def written(element: etree._Element) -> bytes:
    return etree.tostring(element, xml_declaration=True, encoding="UTF-8")


def cap_element(content: dict[str, Any], *, pictures: bool = False) -> etree._Element:
    """The same as a tree, to be signed or put into a feed."""
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # the stubs know no default namespace
    _fill(root, AlertElement, content, pictures)
    return root


def _fill(element: etree._Element, model: type[BaseModel], content: dict[str, Any], pictures: bool) -> None:
    """The children, in the order of the schema, which is that of our models."""
    if model is InfoElement:
        content = {**content, "parameter": [*content.get("parameter", ()), *parameters_of(content)]}
    elif model is AreaElement:
        content = _drawn(content)
    for name in model.model_fields:
        if name in ("bufferMetres", GEOMETRY) or (name == "derefUri" and not pictures):
            continue
        value = content.get(name)
        for one in value if isinstance(value, list) else [value]:
            if name in _INNER:
                if one:
                    _fill(_child(element, name), _INNER[name], one, pictures)
                continue
            text = "" if one is None else _text(name, one)
            if text or name in _REQUIRED:
                _child(element, name).text = text


def _child(element: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(element, f"{{{NAMESPACE}}}{name}")


def _drawn(area: dict[str, Any]) -> dict[str, Any]:
    """The area with its geometry as shapes that every reader of CAP knows."""
    if GEOMETRY not in area:
        return area
    polygons, circles = outline(area[GEOMETRY])
    return {
        **area,
        "polygon": [*area.get("polygon", ()), *polygons],
        "circle": [*area.get("circle", ()), *circles],
    }


def clean(text: str) -> str:
    """Without white space round it, and without the characters that XML does not have."""
    return _NOT_XML.sub("\ufffd", text).strip(" \t\r\n")


def _text(name: str, value: Any) -> str:
    """One value as it stands between its tags; empty to leave it out."""
    if name in ("altitude", "ceiling"):
        return f"{value:.6f}".rstrip("0").rstrip(".") if abs(value) < MOST_FEET else ""
    if name == "size":
        return str(value)
    text = clean(value)
    match name:
        case "sent" | "effective" | "onset" | "expires":
            return cap_time(text)
        case "references":
            return " ".join(_reference(word) for word in text.split())
        case "identifier" | "sender":
            return written_name(text)
        case "web" | "uri":
            return _uri(value.strip()) if text else ""
        case "polygon" | "circle":
            return " ".join(text.split())
        case _:
            return text


def cap_time(text: str) -> str:
    """An RFC 3339 time as CAP writes it (section 3.3.2); one that the schema takes is left, for it may be in a name."""
    if _CAP_TIME.fullmatch(text):
        return text
    moment = parse_time(text)
    if not timedelta(hours=-14) < (moment.utcoffset() or timedelta()) < timedelta(hours=14):
        moment = moment.astimezone(UTC)
    without_fraction = moment.isoformat(timespec="seconds")
    return without_fraction if moment.utcoffset() else without_fraction.removesuffix("+00:00") + "-00:00"


def _reference(word: str) -> str:
    """sender,identifier,sent: the time as it goes out in the message that is meant."""
    sender, identifier, sent = word.split(",")
    try:
        return f"{sender},{identifier},{cap_time(sent)}"
    except ValueError:
        return word


def _uri(text: str) -> str:
    """As it stands where it is a URI; else with as little percent-encoded as makes it one."""
    if _URI.fullmatch(text):
        return text
    tidy = re.sub(r"[\x00-\x20\x7f\"<>\\^`{|}]", lambda found: quote(found[0]), text)
    if _URI.fullmatch(tidy):
        return tidy
    scheme, slashes, rest = text.partition("://")
    if slashes and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return f"{scheme}://{quote(rest, safe='/')}"
    return quote(text, safe="/")
