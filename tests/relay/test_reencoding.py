"""Pictures from outside are written anew: upright, without what else the file held; what is no picture stops nobody."""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from hub.channel import Picture
from hub.relay.reencoding import LONGEST_SIDE, MOST_PIXELS, reencoded, with_pictures_reencoded, written_anew
from hub.relay.scene import LARGEST_PICTURE
from tests.relay.world import an_alert

PLACE = "52.0607N 4.4940E Kerkstraat 7, Anna de Vries"


def file(kind: str, size: tuple[int, int] = (40, 20), mode: str = "RGB", **how: Any) -> bytes:
    """A picture whose left half is red."""
    made = Image.new("RGB", size, "white")
    made.paste("red", (0, 0, size[0] // 2, size[1]))
    written = io.BytesIO()
    made.convert(mode).save(written, kind, **how)
    return written.getvalue()


def photo(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = PLACE
    exif.get_ifd(0x8825)[1] = "N"
    return file("JPEG", exif=exif, comment=PLACE.encode(), icc_profile=PLACE.encode() * 9)


def opened(picture: Picture | None) -> Image.Image:
    assert picture is not None
    assert picture.digest == hashlib.sha256(picture.content).hexdigest()
    return Image.open(io.BytesIO(picture.content))


def png_with_texts() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", PLACE)
    texts.add_itxt("XML:com.adobe.xmp", PLACE)
    return file("PNG", pnginfo=texts)


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (photo(), "image/jpeg"),
        (png_with_texts(), "image/png"),
        (file("WEBP", xmp=PLACE.encode(), lossless=True), "image/jpeg"),
        (file("PNG", mode="RGBA"), "image/png"),
        (file("PNG", mode="P"), "image/png"),
        (file("JPEG", mode="CMYK"), "image/jpeg"),
        (file("PNG", mode="L") + PLACE.encode(), "image/png"),  # behind the end of the picture
        (file("PNG", save_all=True, append_images=[Image.new("RGB", (40, 20))] * 9), "image/png"),
    ],
)
def test_only_what_is_seen_comes_along(content: bytes, mime: str) -> None:
    picture = written_anew(content)
    made = opened(picture)
    assert picture is not None and picture.mime == mime and made.size == (40, 20)
    assert (
        b"Kerkstraat" not in picture.content
        and not made.getexif()
        and not {"exif", "xmp", "comment"} & made.info.keys()
    )
    assert getattr(made, "n_frames", 1) == 1
    left, right = (made.convert("RGB").getpixel((x, 10)) for x in (5, 35))
    assert left != right, "and it is the same picture"


@pytest.mark.parametrize(("orientation", "size"), [(1, (40, 20)), (3, (40, 20)), (6, (20, 40)), (8, (20, 40))])
def test_it_stands_upright(orientation: int, size: tuple[int, int]) -> None:
    assert opened(written_anew(photo(orientation))).size == size


def test_what_is_large_becomes_smaller_and_fits_beside_an_alert() -> None:
    assert max(opened(written_anew(file("JPEG", (5000, 100)))).size) == LONGEST_SIDE
    noise = Image.effect_noise((1500, 1500), 100)
    written = io.BytesIO()
    noise.save(written, "PNG")
    picture = written_anew(written.getvalue())
    assert picture is not None and len(picture.content) <= LARGEST_PICTURE and picture.mime == "image/jpeg"


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it is so large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a" + bytes(100),
        file("GIF"),
        file("BMP"),
        file("TIFF"),
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        photo()[:300],
        file("PNG")[:60],
        b"\xff\xd8\xff" + bytes(1000),
        bomb(MOST_PIXELS, 2),
        bomb(2**31 - 1, 2**31 - 1),
        bomb(0, 5),
        bomb(7000, 7000),  # allowed, but there is not half of it
    ],
)
def test_what_is_no_picture_is_none(content: bytes) -> None:
    assert written_anew(content) is None


@given(st.integers(0, 600), st.binary(min_size=1, max_size=6))
def test_whatever_is_broken_in_it_nothing_breaks(place: int, bytes_: bytes) -> None:
    for whole in (photo(), file("PNG"), file("WEBP")):
        picture = written_anew(whole[:place] + bytes_ + whole[place + len(bytes_) :])
        assert picture is None or picture.mime in ("image/jpeg", "image/png")


async def test_a_picture_in_an_alert_is_written_anew_and_a_broken_one_stops_no_alert() -> None:
    def resource(content: bytes, mime: str = "image/jpeg", **more: Any) -> dict[str, Any]:
        return {"resourceDesc": "foto", "mimeType": mime, "derefUri": base64.b64encode(content).decode(), **more}

    pdf = resource(b"%PDF-1.7", "application/pdf")
    given = [resource(photo(), "image/png", size=9, digest="x"), resource(b"broken", size=6), pdf]
    alert = an_alert(0, info={"resource": given})
    made, warnings = await with_pictures_reencoded(alert)
    good, bad, other = made.content["info"][0]["resource"]
    content = base64.b64decode(good["derefUri"])
    assert b"Kerkstraat" not in content and good["mimeType"] == "image/jpeg" and good["size"] == len(content)
    assert good["digest"] == hashlib.sha1(content).hexdigest()  # CAP's
    assert bad == {"resourceDesc": "foto", "mimeType": "image/jpeg"} and other == pdf
    assert warnings == ["info[0].resource[1].derefUri is no JPEG, PNG or WebP that can be read; left out"]
    assert made.fingerprint == alert.fingerprint, "posted once more it is the same alert"
    assert (await with_pictures_reencoded(an_alert(0)))[1] == []


async def test_it_is_done_beside_the_loop() -> None:
    assert (await reencoded(photo())) == written_anew(photo()) and await reencoded(b"none") is None
