"""What is fuzzed: each reader of bytes from outside. What it may say of them is fine; whatever else it raises is a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import orjson
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from adapters.matrix.events import read_update as read_sync
from adapters.telegram.events import read_update as read_telegram
from adapters.whatsapp.events import read_hook
from adapters.whatsapp.hooks import given_signature, phone_number_ids
from hub.cap import cap_xml, complete, objections, read_json, read_xml
from hub.cap.posted import Posted
from hub.channel import HookRefused, RawUpdate, Unreadable
from hub.directory.csv_in import read_directory
from hub.directory.listed import Unreadable as ListUnreadable
from hub.directory.listed import read_list
from hub.domain import Area, Refused
from hub.places.index import NeighbourhoodIndex
from hub.relay.answers import read_action, read_words
from hub.relay.asked import read_command
from hub.relay.message import beside_of
from hub.relay.reencoding import written_anew
from hub.web.api.parameters import PARAMETERS
from hub.web.calls import Call
from hub.web.door.addresses import address_of
from hub.web.door.admitting import host_name
from hub.web.forms import read_form
from hub.web.languages import language_of
from hub.web.packing import takes_gzip
from hub.web.problems import Problem
from hub.web.signin import safe_path
from hub.web.texts.markdown import rendered
from tests.places.drawing import street

NOW: Final = 1_795_348_800_000
HERE: Final = Path(__file__).parent
CORPUS: Final = HERE / "corpus"
SAMPLES: Final = HERE.parent / "cap" / "samples"
SHARED: Final = HERE.parents[2] / "shared"
"""More samples, where they stand next to the project."""


@dataclass(frozen=True, slots=True)
class Target:
    """`seeds`: files that a run begins with, beside its corpus."""

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[Path]] = tuple

    @property
    def corpus(self) -> list[Path]:
        return sorted((CORPUS / self.name).glob("*"))


def relayed(posted: Posted) -> None:
    """What becomes of an alert that was read, as far as its own words go."""
    alert = complete(posted, sender="s", now_ms=NOW, new_identifier="i", default_duration_s=7200)
    objections(alert, NOW)
    houses().match([area for info in alert.infos for area in info.areas])
    beside_of(alert)
    # What we put out we can read ourselves.
    read_xml(cap_xml(alert.content))


def cap_of_xml(data: bytes) -> None:
    try:
        posted = read_xml(data)
    except Refused:
        return
    relayed(posted)


def cap_of_json(data: bytes) -> None:
    try:
        posted = read_json(data)
    except Refused:
        return
    relayed(posted)


def whatsapp(data: bytes) -> None:
    phone_number_ids(data)
    try:
        read_hook(data, NOW)
    except Unreadable:
        return


def telegram(data: bytes) -> None:
    try:
        read_telegram(RawUpdate(data), NOW)
    except Unreadable:
        return


def matrix(data: bytes) -> None:
    try:
        read_sync(RawUpdate(data))
    except Unreadable:
        return


def directory(data: bytes) -> None:
    try:
        read_directory(data, {"BU06370300": "WK063703"})
    except Refused:
        return


def others_list(data: bytes) -> None:
    try:
        read_list(data, {"BU06370300": "WK063703"}, lambda _: ())
    except (Refused, ListUnreadable):
        return


def words(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    read_words(text)
    read_action(text)
    read_command(text, date(2026, 11, 23))
    shown = str(rendered(text))
    if "<script" in shown.lower() or 'href="javascript:' in shown.lower():
        raise AssertionError("a text of a page runs a script")


def geometry(data: bytes) -> None:
    try:
        given = orjson.loads(data)
    except orjson.JSONDecodeError:
        return
    if isinstance(given, dict):
        houses().match([Area("", geometry=given, buffer_metres=100.0)])


def headers(data: bytes) -> None:
    """A query and the headers of a request, a line each."""
    lines = data.decode("latin-1").replace("\r", "\n").split("\n")
    query, *values = [line.replace("\0", "") for line in lines]
    names = (
        "X-Forwarded-For",
        "Forwarded",
        "Cookie",
        "Accept-Language",
        "Accept-Encoding",
        "Host",
        "X-Hub-Signature-256",
    )
    given = CIMultiDict(zip(names, values, strict=False))
    request = make_mocked_request("GET", "/?" + query.replace(" ", "%20").replace("#", ""), headers=cast(Any, given))
    address_of(request, ())
    host_name(request)
    language_of(request)
    takes_gzip(request)
    dict(request.cookies)
    path = safe_path(query)
    if path.startswith("//") or "\\" in path[:2] or "\n" in path:
        raise AssertionError("leads away from us")
    call = Call(cast(Any, None), cast(Any, None), request, None)
    for read in (
        lambda: call.cursor(int),
        lambda: [one.of(call) for one in PARAMETERS.values()],
        call.page_number,
        lambda: call.words("q"),
    ):
        try:
            read()
        except Refused:
            continue
    try:
        given_signature("secret", given)
    except HookRefused:
        return


def form(data: bytes) -> None:
    try:
        filled = read_form(data)
    except Problem:
        return
    for name in list(filled.given)[:20]:
        filled.line(name)
        filled.email(name)
        filled.degrees(name, -180, 180)
        filled.number(name, 0, 9)


def picture(data: bytes) -> None:
    written_anew(data)


@cache
def houses() -> NeighbourhoodIndex:
    return NeighbourhoodIndex(street())


def found(*patterns: str) -> Callable[[], Iterator[Path]]:
    """Files beside the project; none where it stands alone."""

    def files() -> Iterator[Path]:
        for pattern in patterns:
            yield from (file for file in sorted(SHARED.glob(pattern)) if file.stat().st_size < 100_000)

    return files


def samples(ending: str) -> list[Path]:
    return sorted(SAMPLES.rglob(f"*.{ending}"))


TARGETS: Final = {
    one.name: one
    for one in (
        Target("cap-xml", cap_of_xml, lambda: [*samples("xml"), *found("cap/visible/*.xml", "hostile/xml/*")()]),
        Target("cap-json", cap_of_json, lambda: [*samples("json"), *found("hostile/json/*")()]),
        Target("whatsapp", whatsapp, found("hostile/json/*")),
        Target("telegram", telegram, found("hostile/json/*")),
        Target("matrix", matrix, found("hostile/json/*")),
        Target("directory", directory),
        Target("list", others_list),
        Target("words", words, found("hostile/strings.json")),
        Target("geometry", geometry, found("hostile/geojson/*/*")),
        Target("headers", headers),
        Target("form", form),
        Target("picture", picture),
    )
}
