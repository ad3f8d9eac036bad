"""Kinds of files of which a part is broken or does not fit, in bulk through a real node: the sound parts stay."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch
from PIL import Image

from tests.end_to_end.test_kinds import PNG, pixels, stored
from tests.helpers import broken_icons, broken_parts, odd_profiles, twin_parts
from tests.helpers.kinds import decoded
from tests.helpers.pictures import b64, encoded, opened
from tests.helpers.turned_heif import clip, heic, turn, with_properties
from tests.processor_service.decoding.test_kinds_png_checksum import PLACES, changed_by_pillow, damaged

FORMATS = {"JPEG": twin_parts.jpegs, "PNG": twin_parts.pngs, "WEBP": twin_parts.webps}
OPTIONS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}
KEEP: list[Any] = [{"strip_metadata": {"keep": ["icc"]}}]


@pytest.fixture(scope="module")
def index(index_of_module: str) -> str:
    return index_of_module


@pytest.fixture(scope="module")
def pipeline(es: Elasticsearch, index: str) -> Iterator[str]:
    yield f"broken-parts-{index}"
    es.ingest.delete_pipeline(id=f"broken-parts-{index}")


@pytest.mark.parametrize("format", FORMATS)
def test_of_two_profiles_or_exifs_the_sound_one_counts(
    es: Elasticsearch, index: str, pipeline: str, format: str
) -> None:
    exif = b"Exif\0\0" + twin_parts.turned()
    options = OPTIONS.get(format, {})
    whole = encoded(twin_parts.scene(), format, icc_profile=twin_parts.PROFILE, exif=exif, **options)
    (twin,) = stored(es, index, pipeline, {"whole": whole}, PNG).values()
    for name, image in stored(es, index, pipeline, dict(FORMATS[format]()), PNG).items():
        assert (pixels(image) == pixels(twin)).all(), name
        assert image["metadata"]["artist"] == twin_parts.ARTIST, name
        assert image["metadata"].get("title") == (twin_parts.TITLE if "XMP" in name else
                                                  twin_parts.HEADLINE if "IPTC" in name else None), name  # fmt: skip


def test_of_two_profiles_in_boxes_the_sound_one_counts(es: Elasticsearch, index: str, pipeline: str) -> None:
    files = dict(twin_parts.boxed())
    images = stored(es, index, pipeline, files, PNG)
    for name, image in images.items():
        same = next(other for other in images if other[:4] == name[:4])
        assert (pixels(image) == pixels(images[same])).all(), name
        without = decoded(files[name])
        without.icc_profile = None
        assert np.abs(pixels(image) - np.asarray(without.image.convert("RGB")).astype(int)).max() > 10, name
    for name, image in stored(es, index, pipeline, dict(twin_parts.described()), PNG).items():
        assert image["metadata"]["artist"] == twin_parts.ARTIST, name


def test_a_kept_profile_is_of_the_colour_space_of_the_pixels(es: Elasticsearch, index: str, pipeline: str) -> None:
    files = dict(odd_profiles.files())
    shown = stored(es, index, pipeline, files, PNG)
    kept = stored(es, index, pipeline, files, KEEP)
    again = stored(es, index, pipeline, {name: base64.b64decode(image["data"]) for name, image in kept.items()}, PNG)
    for name, image in kept.items():
        there = opened(image["data"])
        profile = there.info.get("icc_profile")
        assert not profile or profile[16:20] == odd_profiles.SPACES[there.mode], name
        assert np.abs(pixels(again[name]) - pixels(shown[name])).mean() <= 3, name


def test_of_an_avif_or_heic_the_part_is_stored_that_is_to_be_seen(es: Elasticsearch, index: str, pipeline: str) -> None:
    avif = encoded(odd_profiles.ramp("RGB").resize((256, 256)), "AVIF", quality=95)
    part = clip(30, 50, 20, -10)
    files = {"HEIC, whole": heic(), "AVIF, whole": avif}
    files |= {"HEIC": heic(part), "AVIF": with_properties(avif, part)}
    files |= {"HEIC, turned": heic(part, turn(1)), "AVIF, turned": with_properties(avif, part, turn(1))}
    images = stored(es, index, pipeline, files, PNG)
    for name in ("HEIC", "AVIF"):
        expected = pixels(images[f"{name}, whole"])[93:143, 133:163]
        assert (pixels(images[name]) == expected).all(), name
        assert (pixels(images[f"{name}, turned"]) == np.rot90(expected)).all(), name
        for there in (name, f"{name}, turned"):
            assert (images[there]["original"]["width"], images[there]["original"]["height"]) == (30, 50), there


def test_of_an_icon_the_largest_sound_picture_is_stored(es: Elasticsearch, index: str, pipeline: str) -> None:
    sides = {name: side for name, _, side in (*broken_icons.windows(), *broken_icons.macintosh())}
    files = {name: data for name, data, _ in (*broken_icons.windows(), *broken_icons.macintosh())}
    for operations in (PNG, []):
        for name, image in stored(es, index, pipeline, files, operations).items():
            assert pixels(image).shape[0] == image["original"]["width"] == sides[name], name
    broken = broken_icons.icon(1, dict.fromkeys(broken_icons.SIDES, b"\x89PNG\r\n\x1a\nrubbish"))
    es.index(index=index, id="broken", document={"image": {"data": b64(broken)}}, pipeline=pipeline)
    error = es.get(index=index, id="broken")["_source"]["image"]["error"]
    assert error["code"] in ("corrupt_image", "truncated_image")


def test_numbers_that_no_header_of_a_pnm_or_icon_has_are_not_stored(
    es: Elasticsearch, index: str, pipeline: str
) -> None:
    number = b"4885837022948"
    icon = broken_icons.icon(1, {32: broken_icons.bitmap(32)})
    cursor = broken_icons.icon(2, {32: encoded(broken_icons.scene(32), "PNG")})
    sound = {
        # Colours, the reserved byte, planes and depth, or the point of a cursor.
        "icon": icon[:8] + number[:6] + icon[14:],
        "cursor": cursor[:8] + number[:6] + cursor[14:],
    }
    refused = {
        "a side": b"P5 4 " + number + b" 255\n" + bytes(100),
        "the highest value": b"P6 4 4 " + number + b"\n" + bytes(100),
        "a comment, cut off": b"P6 400 #" + number + b"\n400 255\n" + bytes(100),
    }
    images = stored(es, index, pipeline, sound | refused, [])
    kept = {name: base64.b64decode(image.get("data") or "") for name, image in images.items()}
    assert all(number[:6] not in data for data in kept.values())
    assert [kept[name][6:14] for name in sound] == [b"\x20\x20\0\0\1\0\x20\0", b"\x20\x20\0\0\x1f\0\x1f\0"]
    assert [images[name]["error"]["code"] for name in refused] == ["corrupt_image", "corrupt_image", "truncated_image"]
    # Not in what is said of it either.
    assert number[:6].decode() not in str([image.get("error") for image in images.values()])
    assert kept["a comment, cut off"] == b"P6\n400 400\n255\n" + bytes(100)


def test_damaged_pixels_of_a_png_are_refused_and_icons_have_all_their_colours(
    es: Elasticsearch, index: str, pipeline: str
) -> None:
    harmful = {f"{at}": damaged(at) for at in PLACES if changed_by_pillow(damaged(at))}
    assert harmful
    harmful |= {f"ICO, {at}": broken_icons.icon(1, {0: png}) for at, png in list(harmful.items())[:3]}
    for name, image in stored(es, index, pipeline, harmful, PNG).items():
        assert image["error"]["code"] == "corrupt_image", name
        assert image.get("data") is None, name
    poor, rich = broken_icons.black(32), broken_icons.bitmap(32)
    pairs = {"poor first": [poor, rich], "rich first": [rich, poor]}
    files = {f"{kind}, {name}": broken_icons.icon(kind, {32: pair}) for name, pair in pairs.items() for kind in (1, 2)}
    chunk, png = broken_parts.CHUNKS["short resolution"], encoded(broken_icons.scene(32), "PNG")
    for kind in (1, 2):
        files[f"{kind}, a broken part"] = broken_icons.icon(
            kind, {32: png[:33] + chunk + png[33:], 16: broken_icons.black(16)}
        )
    expected = np.asarray(broken_icons.scene(32)).astype(int)
    for name, image in stored(es, index, pipeline, files, PNG).items():
        assert (pixels(image) == expected).all(), name


def test_cut_pictures_that_decoders_take_are_refused_as_such(es: Elasticsearch, index: str, pipeline: str) -> None:
    jpeg, jpeg_2000 = (encoded(twin_parts.scene(), format) for format in ("JPEG", "JPEG2000"))
    tiles = encoded(twin_parts.scene(), "JPEG2000", tile_size=(32, 32))
    wrong_length = jpeg[:2] + b"\xff\xe1\0\4Exif\0\0rubbish" + jpeg[2:]
    files = {
        "zeros behind a segment of a wrong length": wrong_length[:-20] + bytes(40),
        "within the head of a tile": jpeg_2000[: jpeg_2000.index(b"\xff\x90") + 2],
        "within a box without a length": re.sub(rb"(?s)....(jp2c.*\xff\x90).*", rb"\0\0\0\0\1", tiles),
        "a Mac's icon": broken_icons.icon_of_a_mac({b"icp6": jpeg_2000})[:-40],
    }
    big = encoded(twin_parts.scene(), "TIFF", big_tiff=True)
    files["a BigTIFF whose pixels are cut off"] = big[:-40]
    for name, image in stored(es, index, pipeline, files, PNG).items():
        assert image["error"]["code"] == "truncated_image", name
    frames = [twin_parts.scene(), twin_parts.scene().rotate(90)]
    moving = {
        format: encoded(frames[0], format, save_all=True, append_images=frames[1:]) for format in ("WEBP", "TIFF")
    }
    cut = {format: data[: len(data) * 2 // 3] for format, data in moving.items()}
    kept: list[Any] = [{"animation": {"frames": "keep"}}, "strip_metadata"]
    for name, image in stored(es, index, pipeline, cut, kept).items():
        assert image["error"]["code"] == "truncated_image", name
    for name, image in stored(es, index, pipeline, cut, PNG).items():
        assert pixels(image).shape == np.asarray(frames[0]).shape, name


def test_a_broken_part_takes_nothing_along_whatever_follows_the_picture(
    es: Elasticsearch, index: str, pipeline: str
) -> None:
    files: dict[str, bytes] = {}
    exif = b"Exif\0\0" + twin_parts.turned()
    for format, at, end, parts in (("PNG", 33, 12, broken_parts.CHUNKS), ("JPEG", 2, 2, broken_parts.SEGMENTS)):
        options = OPTIONS.get(format, {})
        whole = encoded(twin_parts.scene(), format, icc_profile=twin_parts.PROFILE, exif=exif, **options)
        files[format] = whole
        for name in ("short resolution", "a short JFIF", "a length of 0"):
            broken = whole[:at] + parts.get(name, b"") + whole[at:]
            files |= {f"{format}, {name}, {behind}": broken + tail for behind, tail in broken_parts.BEHIND.items()}
            files[f"{format}, {name}, no end"] = broken[:-end]
    images = stored(es, index, pipeline, files, PNG)
    for name, image in images.items():
        twin = images[name.split(",")[0]]
        assert (pixels(image) == pixels(twin)).all(), name
        assert image["metadata"]["artist"] == twin_parts.ARTIST, name


def test_wrong_types_counts_and_lengths_take_nothing_along(es: Elasticsearch, index: str, pipeline: str) -> None:
    scene, exif = twin_parts.scene(), b"Exif\0\0" + twin_parts.turned()
    whole = encoded(scene, "WEBP", lossless=True, icc_profile=twin_parts.PROFILE, exif=exif)
    tiff = encoded(scene, "TIFF", tiffinfo={700: b"<x:xmpmeta/>"})
    moving = encoded(scene, save_all=True, append_images=[scene.rotate(90)])
    jpeg_2000 = encoded(scene, "JPEG2000")
    boxes = jpeg_2000.index(b"jp2c") - 4
    said = moving.index(b"acTL") + 4
    files = {
        "XMP of the type of texts": tiff.replace(struct.pack("<HH", 700, 1), struct.pack("<HH", 700, 2)),
        "more frames than there are": moving[:said]
        + struct.pack(">II", 70_000, 0)
        + struct.pack(">I", zlib.crc32(b"acTL" + struct.pack(">II", 70_000, 0)))
        + moving[said + 12 :],
        "a box that reaches into the pixels": jpeg_2000[:boxes] + b"\0\0\1\0xml x" + jpeg_2000[boxes:],
        "a profile that does": re.sub(rb"(?s)ICCP....", b"ICCP" + struct.pack("<I", 5_000_000), whole),
    }
    images = stored(es, index, pipeline, files, PNG)
    for name, image in images.items():
        expected = scene.transpose(Image.Transpose.ROTATE_270) if "profile" in name else scene
        assert (pixels(image) == np.asarray(expected).astype(int)).all(), name
    assert images["more frames than there are"]["frames"] == 2
