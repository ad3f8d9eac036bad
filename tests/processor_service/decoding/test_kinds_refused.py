"""What is no picture is called by its name, under any disguise; a picture that has such bytes in it is a picture."""

from __future__ import annotations

import codecs
import random

import numpy as np
import pytest
from PIL import Image

from processor_service.errors import Code
from tests.helpers.kinds import decoded, furthest, refused
from tests.helpers.pictures import encoded, picture
from tests.helpers.png_chunks import chunk
from tests.processor_service.decoding.no_pictures import NAMED, PDF, SVG, brand, wav, zipped


@pytest.mark.parametrize(("name", "data"), [(name, data) for name, several in NAMED.items() for data in several])
def test_what_is_no_picture_is_called_by_its_name(name: str, data: bytes) -> None:
    code, reason = refused(data)
    assert code is Code.UNSUPPORTED_FORMAT
    assert name in reason
    assert "accepted are jpeg, png, webp" in reason


@pytest.mark.parametrize("size", [700, 70_000, 700_000])
def test_a_font_of_a_mac_that_begins_as_an_icon_does_is_no_broken_icon(size: int) -> None:
    head = b"".join(number.to_bytes(4) for number in (256, 256 + size, size, 300))
    code, reason = refused(head.ljust(256, b"\0") + random.Random(size).randbytes(size) + head + bytes(284))
    assert code is Code.UNSUPPORTED_FORMAT
    assert "a font (.dfont)" in reason


@pytest.mark.parametrize(
    "text",
    [
        "A letter about %PDF-1.7 files, and <svg> elements in them.",
        "FORM 27B/6\nis filled in",
        "ID3 tags are fine",
        "true or OTTO?",
        "RIFFs by Jimmy Page",
        "<3 you",
        "<mail@example.org> wrote:",
        "a < b and <svg",
        '{"image": {"data": "<svg/>"}}',
        "GRIB and BUFR are formats",
        "FLV, MP4",
        "wOFF! said the dog",
        "PK is my name",
        "IIRO",
        "SIT! Stay!",
        "CHM, PAR2 and WIM",
        "MZ is where it begins",
        "abcdmoof and styp",
        "StuffIt (c) by whom?",
        "StuffIt! said the taxidermist",
        "ALZ, EGGA and QFI",
        "conectix, vhdxfiles and COWD",
        "From: here\nTo: there\nSubject: directions",
        "From time to time: MIME-Version is mentioned",
        "begin 644 times",
        "BEGIN: a story",
        "MAC OS, RED2 and DSD",
    ],
)
@pytest.mark.parametrize("coding", ["utf-8", "utf-16", "utf-8-sig"])
def test_plain_text_is_not_an_image(text: str, coding: str) -> None:
    if text == "IIRO":
        text = "II RO"
    assert refused((text + "\nand so on, for some lines\n" * 5).encode(coding))[0] is Code.NOT_AN_IMAGE


def test_noise_is_not_an_image() -> None:
    noise = random.Random(3)
    codes = [refused(noise.randbytes(noise.choice([50, 500, 5000, 50_000])))[0] for _ in range(400)]
    assert sum(code is Code.NOT_AN_IMAGE for code in codes) >= len(codes) - 2


TRACES = (
    PDF,
    SVG.encode(),
    codecs.BOM_UTF8 + SVG.encode(),
    zipped(),
    brand("isom"),
    b"%!PS-Adobe-3.0\n",
    b"ID3\4",
    wav(),
)


@pytest.mark.parametrize("number", range(len(TRACES)))
def test_a_picture_with_such_bytes_further_in_is_a_picture(number: int) -> None:
    trace, image = TRACES[number], Image.linear_gradient("L").resize((64, 64)).convert("RGB")
    png = encoded(image)
    texts = chunk(b"tEXt", b"Comment\0" + trace)
    assert furthest(decoded(png[:33] + texts + png[33:]).image, image) == 0
    assert furthest(decoded(png + trace).image, image) == 0
    jpeg = encoded(image, "JPEG", comment=trace)
    assert decoded(jpeg).image.size == decoded(jpeg + trace).image.size == (64, 64)
    # As pixels, from the first on, in formats that do not pack them.
    flat = np.frombuffer((trace * 4000)[: 64 * 64 * 3], np.uint8).reshape(64, 64, 3)
    for format in ("BMP", "PPM", "TIFF", "TGA", "SGI"):
        assert furthest(decoded(encoded(Image.fromarray(flat), format)).image, Image.fromarray(flat)) == 0, format


@pytest.mark.parametrize("place", [34, 40, 128, 188, 257])
def test_a_picture_with_a_signature_at_its_place_is_a_picture(place: int) -> None:
    signatures = {34: b"LP" + bytes(6), 40: b" EMF", 128: b"DICM", 188: b"\x47" + bytes(187) + b"\x47", 257: b"ustar\0"}
    values = np.full((64, 64), 0x47, np.uint8)
    image = Image.fromarray(values)
    for format in ("PPM", "TIFF", "BMP"):
        data = bytearray(encoded(image, format))
        if format == "BMP" and place < 54:
            continue
        data[place : place + len(signatures[place])] = signatures[place]
        assert decoded(bytes(data)).image.size == (64, 64)


@pytest.mark.parametrize("name", ["thumbor/image.avif", "pillow/avif/star.avifs", "libavif/paris_icc_exif_xmp.avif"])
def test_pictures_in_the_container_of_videos_are_pictures(name: str) -> None:
    data = picture(name)
    assert decoded(data).source.format == "avif"
    # Whatever brand it calls the major one.
    assert decoded(data[:8] + b"mif1" + data[12:]).source.format == "avif"
