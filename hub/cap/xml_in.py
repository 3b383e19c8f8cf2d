"""Reads an alert posted as CAP XML, 1.2 and older: lenient, because its author wrote it for all the world.

Gives the same content as the JSON would, and ends in the same checks. A signature is not verified: the key tells who
posted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.cap.additions import put_back
from hub.cap.leniency import (
    Reader,
    Warnings,
    read_choice,
    read_circle,
    read_language,
    read_link,
    read_name,
    read_number,
    read_polygon,
    read_references,
    read_text,
    read_time,
)
from hub.cap.posted import Posted, checked
from hub.cap.schema import AlertElement, InfoElement, NamedValue, ResourceElement
from hub.cap.sentences import near, place, short
from hub.cap.xml_tree import Node, parse_xml
from hub.domain import Mistake, Refused

_NAMESPACES = (
    "urn:oasis:names:tc:emergency:cap:1.2",
    "urn:oasis:names:tc:emergency:cap:1.1",
    "urn:oasis:names:tc:emergency:cap:1.0",
    "http://www.incident.com/cap/1.0",
)
_SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"


@dataclass(frozen=True, slots=True)
class _Shape:
    """What an element may hold: which names, which of them more than once, and how each is read."""

    names: tuple[str, ...]
    lists: frozenset[str] = frozenset()
    readers: Mapping[str, Reader] = field(default_factory=dict)
    inner: Mapping[str, _Shape] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    """Required by CAP, filled in by us."""


_PAIR = _Shape(tuple(NamedValue.model_fields))
_RESOURCE = _Shape(tuple(ResourceElement.model_fields), readers={"size": read_number})
_AREA = _Shape(
    ("areaDesc", "polygon", "circle", "geocode", "altitude", "ceiling"),
    lists=frozenset({"polygon", "circle", "geocode"}),
    readers={"polygon": read_polygon, "circle": read_circle, "altitude": read_number, "ceiling": read_number},
    inner={"geocode": _PAIR},
)
_INFO = _Shape(
    tuple(InfoElement.model_fields),
    lists=frozenset({"category", "responseType", "eventCode", "parameter", "resource", "area"}),
    readers={
        "language": read_language,
        "web": read_link,
        **dict.fromkeys(("category", "responseType", "urgency", "severity", "certainty"), read_choice),
        **dict.fromkeys(("effective", "onset", "expires"), read_time),
    },
    inner={"eventCode": _PAIR, "parameter": _PAIR, "resource": _RESOURCE, "area": _AREA},
    required=("category", "urgency", "severity", "certainty"),
)
_ALERT = _Shape(
    tuple(AlertElement.model_fields),
    lists=frozenset({"code", "info"}),
    readers={
        **dict.fromkeys(("identifier", "sender"), read_name),
        **dict.fromkeys(("status", "msgType", "scope"), read_choice),
        "sent": read_time,
        "references": read_references,
    },
    inner={"info": _INFO},
    required=("identifier", "sender", "sent", "status", "msgType", "scope"),
)


def read_xml(raw: bytes) -> Posted:
    """The one CAP alert in a document, or in an envelope (SOAP, EDXL, an Atom entry); `Refused` with every mistake."""
    alert = _only_alert(parse_xml(raw))
    warnings = Warnings()
    if alert.namespace not in _NAMESPACES:
        warnings.say("", "the alert is not in a namespace of CAP; read as CAP 1.2")
    content = _read(alert, _ALERT, (), warnings)
    put_back(content, warnings)
    return checked(content, warnings.said, lenient=True)


def _only_alert(root: Node) -> Node:
    if root.name == "alert":
        return root
    alerts = [node for node in root.everything() if node.name == "alert"]
    if len(alerts) == 1:
        return alerts[0]
    if alerts:
        reason = f"this document holds {len(alerts)} alerts; post them one by one"
    elif root.name in ("feed", "rss"):
        reason = "this is a feed that lists alerts; post the CAP message its links lead to"
    else:
        reason = f"the outermost element is {short(root.name)}; post one alert of CAP 1.2"
    raise Refused("This is not a CAP alert", [Mistake("", reason)])


def _read(node: Node, shape: _Shape, path: tuple[int | str, ...], warnings: Warnings) -> dict[str, Any]:
    """The element as CAP-named JSON; empty elements are left out, and of a repeated single element the first counts."""
    content: dict[str, Any] = {}
    for child in node.children:
        name = child.name
        if child.namespace == _SIGNATURE:
            warnings.say(place((*path, name)), "is not checked; the key you post with is")
        elif child.namespace not in ("", node.namespace, *_NAMESPACES) or name not in shape.names:
            warnings.say(
                place((*path, name)), f"is not known and ignored{near(name, shape.names) if warnings.few else ''}"
            )
        elif name in shape.lists:
            items = content.setdefault(name, [])
            value = _value(child, shape, (*path, name, len(items)), warnings)
            if value is not None:
                items.append(value)
        elif name in content:
            warnings.say(place((*path, name)), "is there more than once; the first counts")
        elif (value := _value(child, shape, (*path, name), warnings)) is not None:
            content[name] = value
    if content or not path:
        for name in shape.required:
            if not content.get(name):
                warnings.say(place((*path, name)), "is missing, though CAP asks for it; the usual value is taken")
    return content


def _value(node: Node, shape: _Shape, path: tuple[int | str, ...], warnings: Warnings) -> Any:
    inner = shape.inner.get(node.name)
    if inner is _PAIR:
        return _pair(node, path, warnings)
    if inner is not None:
        return _read(node, inner, path, warnings) or None
    if node.children:
        warnings.say(place(path), "holds elements where CAP has text; only their text is taken")
    text = node.text
    return shape.readers.get(node.name, read_text)(node.name, text, place(path), warnings) if text else None


def _pair(node: Node, path: tuple[int | str, ...], warnings: Warnings) -> dict[str, str] | None:
    """valueName and value; CAP 1.0 wrote both into one text, as `name=value`."""
    children = node.children
    texts = {child.name: child.text for child in reversed(children)}
    name, value = texts.get("valueName", ""), texts.get("value", "")
    if not children and "=" in node.text:
        name, value = (part.strip() for part in node.text.split("=", 1))
    if not name:
        warnings.say(place(path), "has no valueName; left out")
        return None
    return {"valueName": name, "value": value}
