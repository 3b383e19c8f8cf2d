"""Forms filled in by a program: every form on the pages of the catalogue, with values that will do, or with what is naughty.

What comes back is looked through for anything that was meant as text and became markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus, urljoin, urlsplit

from aiohttp import ClientResponse
from lxml import html

from hub.domain import Role
from tests.browser.pages import PAGES, Page
from tests.browser.show import PUBLIC_URL, Showcase, Who
from tests.web.world import API, an_alert

NAUGHTY: Final[tuple[str, ...]] = tuple(
    json.loads((Path(__file__).parent / "naughty.json").read_text(encoding="utf-8"))
)

SOMEBODY: Final = "iemand@"
# What a field of this type, or else of this name, takes. Of anything else: a word.
BY_TYPE: Final = {
    "email": f"{SOMEBODY}voorbeeld.nl",
    "tel": "+31612345678",
    "date": "2026-11-30",
    "time": "20:00",
    "datetime-local": "2026-11-22T20:00",
    "url": "https://voorbeeld.nl",
    "color": "#154273",
}
BY_NAME: Final = {
    "members": "100",
    "minutes": "5",
    "lat": "52.06",
    "lon": "4.51",
    "latitude": "52.06",
    "longitude": "4.51",
    "polygon": "52.06,4.51 52.07,4.51 52.07,4.52",
    "handle": "+31612345678",
    "rank": "1",
}
FREE: Final = ("text", "search", "password")
LEFT_EMPTY: Final = ("website",)
"""What people do not see and programs fill in: forms with these are thrown away."""

SCHEMES: Final = ("", "https", "mailto", "tel")
NUMBERS: Final = re.compile(r"\d{6,}|\b[0-9A-Z]{4}-[0-9A-Z]{4}\b")
"""By which two forms of the same kind differ: ids, and the numbers of alerts."""
OURS: Final = re.compile(r"/static/[\w.-]+(\?v=\w+)?")
STRANGE_TAGS: Final = ("iframe", "object", "embed", "base", "frame", "applet", "plaintext", "x-naughty")


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    value: str
    is_free: bool
    """Any text may be written in it."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it stands on a page, its fields filled in so that the browser would send them. `buttons`: (name, value)."""

    who: Who | None
    action: str
    is_file: bool
    fields: tuple[Field, ...]
    buttons: tuple[tuple[str, str], ...]

    def sent(self, number: int, put: Mapping[str, str]) -> bytes:
        """As a browser writes it, with these instead of what it holds; the buttons by turns. Lone surrogates are sent as bytes."""
        # Of one address only so much is taken in a day.
        pairs = [(one.name, put.get(one.name, one.value.replace(SOMEBODY, f"iemand{number}@"))) for one in self.fields]
        if self.buttons:
            pairs.append(self.buttons[number % len(self.buttons)])
        return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs).encode()


def _quoted(text: str) -> str:
    return quote_plus(text.encode("utf-8", "surrogatepass"))


async def forms_of(show: Showcase, pages: Sequence[Page] = PAGES) -> list[Filled]:
    """Each form once: the same one on many pages (signing out) counts as one."""
    found: dict[tuple[Who | None, str, tuple[str, ...]], Filled] = {}
    async for page, response, text in pages_of(show, pages):
        if response.content_type != "text/html":
            continue
        for form in html.fromstring(text).iter("form"):
            if form.get("method", "get").lower() == "post":
                for one in _filled(form, page.who, response.url.path_qs):
                    names = tuple(field.name for field in one.fields)
                    found.setdefault((one.who, NUMBERS.sub("0", one.action), names), one)
    return list(found.values())


async def pages_of(show: Showcase, pages: Sequence[Page] = PAGES) -> AsyncIterator[tuple[Page, ClientResponse, str]]:
    """Every page that only needs to be opened."""
    for page in pages:
        if not page.fill and not page.empty:
            response = await show.world.client.get(page.path.format(**show.named), headers=cookie(show, page.who))
            yield page, response, await response.text()


def cookie(show: Showcase, who: Who | None) -> dict[str, str]:
    jar = SimpleCookie(show.cookies(who))
    return {"Cookie": jar.output(header="", sep=";").strip()} if who else {}


async def send(show: Showcase, form: Filled, number: int = 0, put: Mapping[str, str] | None = None) -> ClientResponse:
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": PUBLIC_URL}
    body = form.sent(number, put or {})
    return await show.world.client.post(
        form.action, data=body, headers={**kind, **cookie(show, form.who)}, allow_redirects=False
    )


def _filled(form: Any, who: Who | None, path: str) -> list[Filled]:
    """More than one where a button sends it somewhere else."""
    fields: dict[str, Field] = {}
    buttons: dict[str, list[tuple[str, str]]] = {}
    own = form.get("action") or path
    for one in form.iter("input", "textarea", "select", "button"):
        name, kind = one.get("name"), one.get("type", "submit" if one.tag == "button" else "text").lower()
        if one.get("disabled") is not None:
            continue
        if kind in ("submit", "button", "image", "reset"):
            sends = buttons.setdefault(urljoin(path, one.get("formaction") or own).partition("#")[0], [])
            sends += [(name, one.get("value", ""))] if name else []
        elif name and (kind not in ("radio", "checkbox") or name not in fields or one.get("checked") is not None):
            is_free = one.tag != "select" and kind in FREE and _plain(name) not in (*BY_NAME, *LEFT_EMPTY)
            fields[name] = Field(name, _value(one, kind), is_free)
    is_file = any(one.get("type") == "file" for one in form.iter("input"))
    buttons = buttons or {urljoin(path, own): []}
    return [Filled(who, action, is_file, tuple(fields.values()), tuple(sent)) for action, sent in buttons.items()]


def _plain(name: str) -> str:
    """Of a field that stands in a form more than once: handle-2."""
    return re.sub(r"-\d+$", "", name)


def _value(one: Any, kind: str) -> str:
    name = one.get("name")
    if name in LEFT_EMPTY:
        return ""
    if one.tag == "select":
        chosen = [option for option in one.iter("option") if option.get("value")]
        other = [option for option in chosen if option.get("selected") is None]
        return str((other or chosen)[0].get("value")) if chosen else ""
    if kind in ("hidden", "radio", "checkbox"):
        return str(one.get("value", "on"))
    held = str((one.text or "") if one.tag == "textarea" else one.get("value", ""))
    return (
        held
        or BY_TYPE.get(kind)
        or BY_NAME.get(_plain(name))
        or (str(one.get("min", "1")) if kind == "number" else "Woord")
    )


def strange(text: str, *, own_style: bool = False) -> list[str]:
    """Whatever on a page could only have come from text that became markup. `own_style`: the page may hold a style of its own."""
    found = []
    for element in html.fromstring(text or "<p>").iter():
        if not isinstance(element.tag, str):
            if "naughty" in str(element):
                found.append(f"a comment: {str(element)[:80]}")
            continue
        if element.tag in STRANGE_TAGS or (element.tag == "style" and not own_style):
            found.append(f"<{element.tag}>")
        if element.tag == "script" and (element.text or not OURS.fullmatch(element.get("src", ""))):
            found.append(f"a script: {element.get('src')} {(element.text or '')[:80]}")
        if element.tag == "meta" and element.get("http-equiv") and element.get("content") != "0; url=#":
            found.append("a meta that acts")
        for name, value in ((str(name), str(value)) for name, value in element.attrib.items()):
            if name.startswith("on") or name in ("style", "srcdoc", "naughty", "ping"):
                found.append(f"<{element.tag} {name}={value[:80]!r}>")
            if name in ("href", "action", "formaction", "src") and not _leads_well(element.tag, name, value):
                found.append(f"<{element.tag} {name}={value[:80]!r}>")
    return found


def _leads_well(tag: str, name: str, value: str) -> bool:
    """What is loaded, or sent to, is ours; a link may lead to another site. Read as browsers do: without controls and blanks."""
    plain = re.sub(r"[\x00-\x20]", "", value).replace("\\", "/")
    if tag == "img" and plain.startswith("data:image/"):
        return True
    link = urlsplit(plain)
    if tag == "a" and name == "href":
        return link.scheme in SCHEMES and (link.scheme != "" or not link.netloc)
    return not link.scheme and not link.netloc


async def store_naughty(show: Showcase, texts: Sequence[str]) -> list[Page]:
    """What others tell us: alerts, groups and admins with these in every text. The pages of the alerts that the hub took."""
    pages = []
    for text in texts:
        plain = text.encode("utf-8", "replace").decode()  # JSON cannot hold half a sign
        area = {"areaDesc": plain, "geocode": [{"valueName": "CBS-BU", "value": "BU06370300"}]}
        info = dict.fromkeys(("event", "headline", "description", "senderName", "instruction", "contact"), plain)
        alert = an_alert({**info, "area": [area]})
        group = {"name": plain, "platform": "whatsapp", "members": 3, "neighbourhoods": ["BU06370301"]}
        admin = {"name": plain, "language": "nl", "addresses": []}
        for path, body, who in (
            ("alerts", alert, Role.POLICE),
            ("groups", group, Role.COORDINATOR),
            ("admins", admin, Role.COORDINATOR),
        ):
            response = await show.world.call("POST", f"{API}/{path}", who, body=body)
            assert response.status < 500, (path, text, response.status)
            if path == "alerts" and response.status == 202:
                number = (await response.json())["id"]
                pages.append(Page(f"proof of {text!r}", f"/a/{number}"))
                pages.append(Page(f"console of {text!r}", f"/console/alerts/{number}", Role.POLICE))
    return pages
