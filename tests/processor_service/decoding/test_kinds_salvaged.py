"""One part of a file that decoders refuse is dropped alone: the turn, the profile, the texts beside it stay."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import ExifTags, Image

from processor_service.formats.containers import riff_chunks
from processor_service.picture import Picture
from tests.helpers.kinds import decoded, furthest
from tests.helpers.pictures import assert_alike, encoded, opened, picture
from tests.helpers.png_chunks import chunk

PROFILE = opened(picture("libavif/apple_gainmap_old.jpg")).info["icc_profile"]
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"/></x:xmpmeta>'


def base() -> Image.Image:
    return opened(picture("cases/base.png")).convert("RGB")


def turned() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    return exif.tobytes()


def whole(format: str) -> bytes:
    """A picture that lies on its side, in Display P3."""
    options = {"lossless": True} if format == "WEBP" else {"quality": 95} if format == "JPEG" else {}
    return encoded(base(), format, exif=turned(), icc_profile=PROFILE, **options)


def assert_whole(result: Picture, tolerance: float = 0) -> None:
    assert result.orientation == 6
    assert result.icc_profile == PROFILE
    assert_alike(result.image, base(), tolerance)


HUGE = zlib.compress(bytes(12_000_000), 9)
CHUNKS = {
    "a compressed text of 12 MB": chunk(b"zTXt", b"Comment\0\0" + HUGE),
    "an international text of 12 MB": chunk(b"iTXt", b"Comment\0\1\0\0\0" + HUGE),
    "a text of 3 MB": chunk(b"tEXt", b"Comment\0" + b"x" * 3_000_000),
    "a text with a wrong checksum": chunk(b"tEXt", b"Comment\0x", 7),
    "a text of unknown compression": chunk(b"zTXt", b"Comment\0\7x"),
    "short resolution": chunk(b"pHYs", b"\0"),
    "short gamma": chunk(b"gAMA", b"\0"),
    "short chromaticities": chunk(b"cHRM", b"\0\0\0"),
    "short rendering intent": chunk(b"sRGB", b""),
    "an unknown chunk with a wrong checksum": chunk(b"prVt", b"xyz", 1),
    "two of them": chunk(b"zTXt", b"Comment\0\0" + HUGE) + chunk(b"pHYs", b"\0"),
    "more texts than are tried one by one": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(9_000), 9)) * 300,
    "a short animation control": chunk(b"acTL", b"\0\0"),
    "a short frame control": chunk(b"acTL", struct.pack(">2I", 2, 0)) + chunk(b"fcTL", b"\0\0"),
}


@pytest.mark.parametrize("name", CHUNKS)
@pytest.mark.parametrize("place", ["first", "last"])
def test_a_chunk_of_a_png_takes_no_other_along(name: str, place: str) -> None:
    data = whole("PNG")
    data = data[:33] + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP) + data[33:]
    at = 33 if place == "first" else data.rindex(b"IEND") - 4
    result = decoded(data[:at] + CHUNKS[name] + data[at:])
    assert_whole(result)
    assert result.metadata.xmp == XMP


def test_a_profile_above_1_mb_takes_no_turn_along() -> None:
    data = encoded(base(), exif=turned())
    result = decoded(data[:33] + chunk(b"iCCP", b"icc\0\0" + zlib.compress(PROFILE + bytes(1_500_000))) + data[33:])
    assert (result.orientation, result.icc_profile) == (6, None)
    assert furthest(result.image, base()) == 0


@pytest.mark.parametrize("broken", [chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff"), chunk(b"eXIf", turned()[6:], 5)])
def test_broken_exif_takes_no_profile_along(broken: bytes) -> None:
    data = encoded(base(), icc_profile=PROFILE)
    result = decoded(data[:33] + broken + data[33:])
    assert (result.orientation, result.icc_profile) == (1, PROFILE)


def segment(marker: int, body: bytes, length: int | None = None) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2 if length is None else length) + body


SEGMENTS = {
    "a short JFIF": segment(0xE0, b"JFIF"),
    "a JFIF with half a version": segment(0xE0, b"JFIF\0\1"),
    "an empty application segment": segment(0xE5, b""),
    "a length of 0": segment(0xE5, b"", 0),
    "a length of 1": segment(0xE5, b"", 1),
    "a length that is less than what follows": segment(0xE5, b"rubbish", 4),
    "a short Adobe": segment(0xEE, b"Ado"),
    "a broken index of pictures": segment(0xE2, b"MPF\0II*\0\xff\xff\xff\xff" + bytes(18)),
    "an index of pictures without entries": segment(0xE2, b"MPF\0II*\0\x08\0\0\0\0\0\0\0\0\0"),
    "broken Photoshop resources": segment(0xED, b"Photoshop 3.0\0008BIM\x04\x04\xff" + bytes(9)),
    "Photoshop resources cut off": segment(0xED, b"Photoshop 3.0\0008BIM\x04"),
    "a comment that is not text": segment(0xFE, b"\xff\xfe\xff"),
    "EXIF whose directory is beyond its end": segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff"),
    "EXIF that is none": segment(0xE1, b"Exif\0\0rubbish"),
    "a piece of no profile": segment(0xE2, b"ICC_PROFILE\0\0\0x"),
    "a piece of another profile": segment(0xE2, b"ICC_PROFILE\0\x09\x03" + b"x" * 50),
    "a broken preview": segment(0xE0, b"JFXX\0\x10"),
    "two of them": segment(0xE0, b"JFIF") + segment(0xE2, b"MPF\0II*\0\xff\xff\xff\xff" + bytes(18)),
}


@pytest.mark.parametrize("name", SEGMENTS)
@pytest.mark.parametrize("place", ["first", "last"])
def test_a_segment_of_a_jpeg_takes_no_other_along(name: str, place: str) -> None:
    data = whole("JPEG")
    at = 2 if place == "first" else data.index(b"\xff\xdb")
    assert_whole(decoded(data[:at] + SEGMENTS[name] + data[at:]), 3)


@pytest.mark.parametrize("name", ["jpeg_short_jfif_orient.jpg", "png_ztxt_12mb.png"])
def test_the_cases_lie_on_their_side_and_say_so(name: str) -> None:
    result = decoded(f"cases/{name}")
    assert (result.image.size, result.orientation) == ((96, 64), 6)


@pytest.mark.parametrize(
    "broken",
    [
        b"EXIF" + struct.pack("<I", 5_000_000) + b"x",
        b"XMP " + struct.pack("<I", 5_000_000) + b"x",
        b"ABCD" + struct.pack("<I", 0x7FFFFFFF) + b"x",
    ],
)
def test_a_chunk_of_a_webp_that_reaches_beyond_the_end_takes_no_other_along(broken: bytes) -> None:
    chunks = b"".join(part for _, part in riff_chunks(whole("WEBP"))) + broken
    assert_whole(decoded(b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks))


def test_a_box_of_a_jp2_that_is_broken_is_dropped() -> None:
    data = encoded(base(), "JPEG2000")
    at = data.index(b"jp2c") - 4
    for box in (b"\0\0\0\x03uuid", b"\0\0\0\x09xml x", b"\0\0\0\x10resX" + bytes(8)):
        assert furthest(decoded(data[:at] + box + data[at:]).image, base()) == 0, box


def test_a_tiff_with_tags_beyond_its_end_keeps_its_picture() -> None:
    buffer = io.BytesIO()
    base().save(buffer, "TIFF", icc_profile=PROFILE, tiffinfo={305: "x" * 50, 700: b"y" * 50})
    data = bytearray(buffer.getvalue())
    for tag in (305, 700):
        entry = data.index(struct.pack("<HH", tag, 2 if tag == 305 else 1))
        data[entry + 8 : entry + 12] = struct.pack("<I", len(data) + 1000)
    result = decoded(bytes(data))
    assert result.icc_profile == PROFILE
    assert furthest(result.image, base()) == 0


@pytest.mark.parametrize("broken", [0, 4])
def test_broken_exif_in_an_avif_takes_nothing_along(broken: int) -> None:
    data = picture("libavif/paris_icc_exif_xmp.avif")
    at = data.index(b"II*\0") - broken
    result = decoded(data[:at] + b"\xff" * 40 + data[at + 40 :])
    assert furthest(result.image, decoded(data).image) == 0
    assert (result.metadata.exif, result.metadata.xmp) == (b"", decoded(data).metadata.xmp)
