"""Alerts as CAP 1.2 for other systems: one as a document, the newest as an Atom feed; signed where a key is set.

Both have an ETag made of what they say. It is a weak one, for an EC signature differs each time it is made.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any, Final

import orjson
from aiohttp import ETag, web
from lxml import etree

from hub.cap import cap_element
from hub.cap.xml_out import clean, written
from hub.domain import Role
from hub.relay.events import moment
from hub.store.alerts import AlertView
from hub.trust.signing import Signing
from hub.web.api.alerts import NEWEST, known_alert, seen_alerts
from hub.web.api.parameters import PICTURES
from hub.web.calls import Call
from hub.web.problems import Problem

CAP_TYPE: Final = "application/cap+xml"
ATOM_TYPE: Final = "application/atom+xml"
ATOM: Final = "http://www.w3.org/2005/Atom"
ENTRIES = 50
SETTLED_SECONDS = 2


async def get_alert_cap(call: Call) -> web.Response:
    """The files in it (derefUri) with ?pictures=true, for police: they are theirs."""
    pictures = PICTURES.of(call)
    if pictures and call.identity.role is not Role.POLICE:
        raise Problem(403, "Pictures are for police", "Leave ?pictures=true out, or use a key of role police.")
    view = await known_alert(call)

    def document() -> bytes:
        return written(_published(view, call.hub.signing, pictures=pictures))

    answer = _answer(call, [view], CAP_TYPE, "pictures" if pictures else "")
    if not _is_known(call, answer):
        answer.body = await asyncio.to_thread(document)
    return answer


async def get_alerts_feed(call: Call) -> web.Response:
    views = await seen_alerts(call, NEWEST, ENTRIES)
    public_url = call.hub.settings.web.public_url
    answer = _answer(call, views, ATOM_TYPE)
    if not _is_known(call, answer):
        answer.body = await asyncio.to_thread(_feed, views, public_url, call.hub.signing)
    return answer


def _published(view: AlertView, signing: Signing | None, *, pictures: bool = False) -> etree._Element:
    element = cap_element(view.content, pictures=pictures)
    return element if signing is None else signing.sign(element)


def _answer(call: Call, views: Sequence[AlertView], content_type: str, variant: str = "") -> web.Response:
    """An answer about these alerts, newest first, without its body."""
    hashed = hashlib.sha256(variant.encode())
    if call.hub.signing is not None:
        hashed.update(call.hub.signing.certificate.signature)
    for view in views:
        hashed.update(view.id.encode() + orjson.dumps(view.content))
    answer = web.Response(content_type=content_type, headers={"Cache-Control": "private, no-cache"})
    answer.etag = ETag(hashed.hexdigest()[:32], is_weak=True)
    # HTTP's times have whole seconds: told only once that second is over, or a later alert in it would look like none.
    if views and views[0].accepted_at // 1000 + SETTLED_SECONDS < call.now() // 1000:
        answer.last_modified = views[0].accepted_at // 1000
    return answer


def _is_known(call: Call, answer: web.Response) -> bool:
    """Whether the caller has it already: then the answer becomes a 304. The ETag goes before the time (RFC 9110 section 13.2.2)."""
    known, since = call.request.if_none_match, call.request.if_modified_since
    if known is not None:
        found = any(one.value in ("*", answer.etag and answer.etag.value) for one in known)
    else:
        found = since is not None and answer.last_modified is not None and answer.last_modified <= since
    if found:
        answer.set_status(304)
    return found


def _feed(views: Sequence[AlertView], public_url: str, signing: Signing | None) -> bytes:
    place = f"{public_url}/api/v1/feeds/alerts.atom"
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})  # type: ignore[dict-item]  # the stubs know no default namespace
    _add(feed, "id", place)
    _add(feed, "title", "Buurtsein")
    _add(feed, "updated", moment(views[0].accepted_at if views else 0))
    _add(feed, "link", rel="self", type=ATOM_TYPE, href=place)
    for view in views:
        entry = _add(feed, "entry")
        about = f"{public_url}/api/v1/alerts/{view.id}"
        info: dict[str, Any] = next(iter(view.content.get("info", ())), {})
        _add(entry, "id", about)
        _add(entry, "title", info.get("headline") or info.get("event") or view.msg_type)
        _add(entry, "updated", moment(view.accepted_at))
        _add(_add(entry, "author"), "name", info.get("senderName") or view.sender)
        _add(entry, "category", term=view.status, scheme="urn:oasis:names:tc:emergency:cap:1.2#status")
        _add(entry, "link", rel="alternate", type=CAP_TYPE, href=f"{about}/cap")
        _add(entry, "content", type=CAP_TYPE).append(_published(view, signing))
    return written(feed)


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    if text:
        element.text = clean(text)
    return element
