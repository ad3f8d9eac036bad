"""Good pictures within broken metadata are processed; cut pictures are refused unless they are wanted."""

from __future__ import annotations

import re
import zlib
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from processor_service.errors import Code, ImageError
from tests.helpers.kinds import decoded, furthest, refused, shown
from tests.helpers.pictures import assert_alike, encoded, opened, picture
from tests.helpers.png_chunks import chunk


def photograph() -> Image.Image:
    return opened(picture("golang-image/video-001.png")).convert("RGB")


BOMB = zlib.compress(bytes(30_000_000))
BROKEN_CHUNKS = {
    "text with a wrong checksum": chunk(b"tEXt", b"Title\0x", 7),
    "unknown compression": chunk(b"zTXt", b"Title\0\x07x"),
    "text that is no zlib": chunk(b"zTXt", b"Title\0\0xxxx"),
    "text bomb": chunk(b"zTXt", b"Title\0\0" + BOMB),
    "profile bomb": chunk(b"iCCP", b"icc\0\0" + BOMB),
    "profile of unknown compression": chunk(b"iCCP", b"icc\0\x09xxx"),
    "short gamma": chunk(b"gAMA", b"\0"),
    "short resolution": chunk(b"pHYs", b"\0"),
    "broken chromaticities": chunk(b"cHRM", b"\0\0\0"),
    "short rendering intent": chunk(b"sRGB", b""),
    "international text": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\1\0\0zzz"),
}


@pytest.mark.parametrize("name", BROKEN_CHUNKS)
def test_a_png_with_broken_metadata(name: str) -> None:
    data = encoded(photograph())
    header = data.index(b"IHDR") + 21
    result = decoded(data[:header] + BROKEN_CHUNKS[name] + data[header:])
    assert furthest(result.image, photograph()) == 0


@pytest.mark.parametrize("name", ["png_decompression_dos", "unknown_compression_method"])
def test_png_files_whose_texts_are_hostile(name: str) -> None:
    assert decoded(f"pillow/{name}.png").image.size


def test_a_profile_survives_a_broken_text() -> None:
    profile = opened(picture("libavif/apple_gainmap_old.jpg")).info["icc_profile"]
    data = encoded(photograph(), icc_profile=profile)
    header = data.index(b"IHDR") + 21
    assert decoded(data[:header] + BROKEN_CHUNKS["text bomb"] + data[header:]).icc_profile == profile


@pytest.mark.parametrize(
    "segment",
    [
        b"\xff\xe1\0\x10Exif\0\0MM\0*\xff\xff\xff\xff",
        b"\xff\xe2\0\x20MPF\0II*\0\xff\xff\xff\xff" + bytes(18),
        b"\xff\xe2\0\x14ICC_PROFILE\0\x09\x01xxxx",
        b"\xff\xed\0\x20Photoshop 3.0\0008BIM\x04\x04\xff" + bytes(9),
        b"\xff\xee\0\x04ab",
        b"\xff\xfe\0\x04\xff\xfe",
        b"\xff\xe0\0\x06JFIF",
    ],
)
def test_a_jpeg_with_broken_segments(segment: bytes) -> None:
    data = encoded(photograph(), "JPEG", quality=95)
    assert furthest(decoded(data[:2] + segment + data[2:]).image, opened(data)) == 0


CUT: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 90},
    "progressive JPEG": {"quality": 90, "progressive": True},
    "PNG": {},
    "GIF": {"interlace": 0},
    "TIFF": {},
    "TIFF LZW": {"compression": "tiff_lzw"},
    "WEBP": {},
    "lossless WEBP": {"lossless": True},
    "AVIF": {},
    "BMP": {},
    "JPEG2000": {},
    "PPM": {},
    "TGA": {"compression": "tga_rle"},
    "ICO": {"sizes": [(150, 103)]},
    "SGI": {},
}


def whole(kind: str) -> bytes:
    image = photograph().quantize() if kind == "GIF" else photograph()
    return encoded(image, kind.split()[-1] if kind != "TIFF LZW" else "TIFF", **CUT[kind])


@pytest.mark.parametrize("kind", CUT)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_cut_picture_is_refused(kind: str, share: float) -> None:
    data = whole(kind)
    code, _ = refused(data[: int(len(data) * share)])
    # A TIFF's directory may lie at its end; what is left tells nothing.
    expected = {
        Code.TRUNCATED_IMAGE,
        *([Code.CORRUPT_IMAGE, Code.NOT_AN_IMAGE] if kind.startswith(("TIFF", "TGA")) else []),
    }
    assert code in expected


# Kinds that Pillow does not write.
@pytest.mark.parametrize("name", ["hopper.sgi", "hopper.qoi", "bgr15.dds", "hopper_bpp2.xpm"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_a_cut_picture_of_a_rare_kind_is_refused_as_such(name: str, share: float) -> None:
    data = picture(f"pillow/{name}")
    decoded(data)
    code, _ = refused(data[: int(len(data) * share)])
    assert code is Code.TRUNCATED_IMAGE


@pytest.mark.parametrize("kind", CUT)
def test_no_cut_anywhere_gives_a_picture_with_holes(kind: str) -> None:
    data = whole(kind)
    expected = decoded(data).image
    for cut in range(1, 40):
        part = data[: len(data) * cut // 40]
        try:
            result = decoded(part).image
        except ImageError:
            continue
        assert furthest(result, expected) == 0


@pytest.mark.parametrize("options", [{}, {"no_jp2": True}, {"tile_size": (16, 16)}], ids=str)
def test_no_byte_of_a_jpeg_2000_may_be_missing(options: dict[str, Any]) -> None:
    data = encoded(photograph().resize((24, 20)), "JPEG2000", **options)
    assert decoded(data).image.size == (24, 20)
    for end in range(12, len(data)):
        assert refused(data[:end])[0] is Code.TRUNCATED_IMAGE, end


def test_none_may_be_missing_if_the_box_of_its_pixels_has_no_length() -> None:
    data = encoded(photograph().resize((24, 20)), "JPEG2000", tile_size=(16, 16))
    data = re.sub(rb"....jp2c", bytes(4) + b"jp2c", data, flags=re.DOTALL)
    assert decoded(data).image.size == (24, 20)
    # Behind what begins a tile, decoders take it for an empty one.
    ends = [found.end() for found in re.finditer(rb"\xff\x90", data)]
    assert len(ends) == 4
    for end in (*ends, *range(len(data) - 8, len(data))):
        assert refused(data[:end])[0] is Code.TRUNCATED_IMAGE, end


@pytest.mark.parametrize("kind", ["JPEG", "progressive JPEG", "PNG", "GIF", "BMP"])
def test_a_cut_picture_is_accepted_when_it_is_wanted(kind: str) -> None:
    data = whole(kind)
    result = decoded(data[: int(len(data) * 0.7)], accept_truncated=True).image
    # A BMP begins with its last line.
    first = (0, 63, 150, 103) if kind == "BMP" else (0, 0, 150, 40)
    assert result.size == (150, 103)
    assert_alike(result.crop(first), decoded(data).image.crop(first), 12 if "progressive" in kind else 1, f"cut-{kind}")
    # Only for that picture.
    assert refused(data[: int(len(data) * 0.7)])[0] is Code.TRUNCATED_IMAGE


@pytest.mark.parametrize("name", ["sharp/truncated.jpg", "sharp/truncated.png"])
def test_real_cut_files(name: str) -> None:
    assert refused(name)[0] is Code.TRUNCATED_IMAGE
    assert shown(name, accept_truncated=True).size


def test_a_missing_end_marker_alone_is_no_reason_to_refuse() -> None:
    assert decoded(encoded(photograph(), "PNG")[:-12]).image.size == (150, 103)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_rubbish_behind_a_picture_does_not_matter(kind: str) -> None:
    data = whole(kind)
    assert furthest(decoded(data + b"\0rubbish" * 100).image, decoded(data).image) == 0


def test_metadata_is_raw() -> None:
    result = decoded("libavif/paris_icc_exif_xmp.avif")
    assert len(result.metadata.exif) > 20
    assert b"<x:xmpmeta" in result.metadata.xmp
    assert decoded("pillow/iptc.jpg").metadata.iptc[:1] == b"\x1c"


def test_a_tiff_that_nothing_describes_has_no_exif() -> None:
    assert decoded(encoded(photograph(), "TIFF")).metadata.exif == b""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[0x8825] = {1: "N"}
    assert decoded(encoded(photograph(), "TIFF", tiffinfo=tags)).metadata.exif
