"""What a person sends during an alert, on every channel: a place, a picture, words; and what a channel says of who is there."""

from __future__ import annotations

import io
from typing import Protocol

import pytest
from PIL import Image

from hub.channel import LARGEST_PICTURE, Accepted, Fetches, RawUpdate, Reach, Reaches, SightingSeen, picture_of
from hub.domain import Handle
from tests.contracts.channels import EMULATED, Bench, on_every_emulator, outbound_to
from tests.contracts.desk import Desk


def photo() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(made, "JPEG")
    return made.getvalue()


PHOTO = photo()


class Seeing(Bench, Protocol):
    """A bench whose person has a camera."""

    async def photographs(self, content: bytes, caption: str = "") -> list[RawUpdate]: ...

    async def locates(self, latitude: float, longitude: float) -> list[RawUpdate]: ...


async def alerted(bench: Bench, desk: Desk) -> None:
    await desk.meets(bench, sightings=True)
    claimed = await desk.claims("A")
    result, _ = await bench.send(desk.outbound(claimed))
    assert isinstance(result, Accepted)
    await desk.records(claimed, result)
    await bench.listen()


@on_every_emulator
async def test_a_picture_comes_with_its_words_and_a_place_where_it_is(bench: Seeing, desk: Desk) -> None:
    await alerted(bench, desk)
    for updates in (await bench.photographs(PHOTO, "bij de brug"), await bench.locates(52.0607, 4.4941)):
        await desk.receives(*updates)
        await desk.receives(*updates)  # told twice
    picture, place = sorted(await desk.sightings("A"), key=lambda one: one.kind, reverse=True)
    assert (picture.kind, picture.text, picture.pictured) == ("picture", "bij de brug", True)
    kept = await desk.picture("A", picture)
    assert kept is not None and kept[1] == "image/jpeg"
    assert Image.open(io.BytesIO(kept[0])).size == (8, 6), "written anew, and the same to look at"
    assert place.location == pytest.approx((52.0607, 4.4941))


@on_every_emulator
async def test_a_picture_without_words_has_none(bench: Seeing) -> None:
    await bench.send(outbound_to(bench.handle))
    await bench.listen()
    (update,) = await bench.photographs(PHOTO)
    (seen,) = [one for one in bench.channel.parse(update) if isinstance(one, SightingSeen)]
    assert (seen.kind, seen.text, seen.handle) == ("picture", "", bench.handle)
    assert seen.answer_ref and seen.media_ref and seen.media_ref not in repr(seen)


@on_every_emulator
async def test_what_cannot_be_fetched_is_none_and_never_raises(bench: Seeing) -> None:
    await bench.send(outbound_to(bench.handle))
    await bench.listen()
    channel = bench.again()
    assert isinstance(channel, Fetches)
    for strange in ("", "../x", "mxc://a/../b", "mxc://hub.test/none", "123", "x" * 5000, "\0", "é"):
        assert await channel.fetch(strange) is None, strange
    for content in (b"GIF89a", b"\xff\xd8\xff" + bytes(LARGEST_PICTURE)):
        if bench.name == "whatsapp":
            break  # Meta takes neither
        (update,) = await bench.photographs(content)
        (seen,) = [one for one in bench.channel.parse(update) if isinstance(one, SightingSeen)]
        assert await channel.fetch(seen.media_ref) is None


@pytest.mark.parametrize("made", ["telegram", "matrix"], indirect=True)
async def test_a_channel_that_can_be_asked_says_nothing_it_does_not_know_and_sends_nothing(bench: Bench) -> None:
    channel = bench.channel
    assert isinstance(channel, Reaches)
    await bench.send(outbound_to(bench.handle))
    await bench.listen()
    before = bench.messages, len(await bench.screen())
    assert (await channel.reach(bench.handle)).state == {"telegram": "unknown", "matrix": "reachable"}[bench.name]
    for odd in ("@nobody:hub.test", "!no:hub.test", "999", "x"):
        reach = await channel.reach(Handle(odd))
        assert reach.state == ("gone" if bench.name == "telegram" else "unknown"), odd
        assert odd not in reach.reason or odd == "x"
    assert (bench.messages, len(await bench.screen())) == before


@pytest.mark.parametrize("made", ["telegram", "matrix"], indirect=True)
async def test_trouble_of_ours_is_nobody_s_end(bench: Bench) -> None:
    assert isinstance(bench.channel, Reaches)
    await bench.send(outbound_to(bench.handle))
    for status in (0, 500, 502, 403, 401):
        bench.gate.shut(status)
        assert (await bench.channel.reach(bench.handle)).state == "unknown", status
    bench.gate.shut(200)
    assert (await bench.channel.reach(bench.handle)).state == "unknown"


def test_whatsapp_cannot_be_asked_and_all_three_fetch() -> None:
    assert set(EMULATED) == {"telegram", "whatsapp", "matrix", "bridge"}
    assert Reach("unknown").reason == ""


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (PHOTO, "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"", ""),
        (b"<svg", ""),
        (PHOTO + bytes(5 << 20), ""),
    ],
)
def test_a_picture_is_known_by_how_it_begins(content: bytes, mime: str) -> None:
    found = picture_of(content)
    assert (found.mime if found else "") == mime
