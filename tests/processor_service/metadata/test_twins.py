"""Of two profiles, EXIFs, XMPs or IPTCs in a file the sound one counts, whichever comes first."""

from __future__ import annotations

import base64

import pytest

from processor_service.color.bare_profile import bare_profile
from processor_service.metadata.cut import cut_refused
from processor_service.metadata.exif import Tag
from processor_service.metadata.tags import read_tags
from processor_service.metadata.twins import without_broken_twins
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.kinds import decoded
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.twin_parts import (
    ARTIST,
    HEADLINE,
    PROFILE,
    TITLE,
    boxed,
    described,
    jpegs,
    pngs,
    scene,
    turned,
    webps,
)

FILES = {f"{name}, {what}": data for name, files in {"JPEG": jpegs, "PNG": pngs, "WebP": webps, "": boxed}.items()
         for what, data in files()}  # fmt: skip
DESCRIBED = dict(described())
TURNED = [name for name in FILES if name.startswith(("JPEG,", "PNG", "WebP"))]


@pytest.mark.parametrize("name", FILES)
def test_the_sound_part_counts(name: str) -> None:
    result = decoded(FILES[name])
    assert result.icc_profile == PROFILE
    assert result.orientation == (6 if name in TURNED else 1)
    tags = read_tags(result.metadata)
    if name in TURNED:
        assert tags.exif.text(tags.exif.main, Tag.ARTIST) == ARTIST
    if "XMP" in name:
        assert tags.xmp["dc:title"] == [TITLE]
    if "IPTC" in name:
        assert tags.iptc[105] == [HEADLINE]


@pytest.mark.parametrize("name", DESCRIBED)
def test_the_sound_exif_of_a_file_of_boxes_is_read(name: str) -> None:
    tags = read_tags(decoded(DESCRIBED[name]).metadata)
    assert tags.exif.text(tags.exif.main, Tag.ARTIST) == ARTIST


@pytest.mark.parametrize("keep", [[], ["icc"]])
@pytest.mark.parametrize("name", FILES)
def test_what_is_stored_has_the_same_colours_and_the_same_turn(name: str, keep: list[str]) -> None:
    request = Request.parse({"data": b64(FILES[name]), "operations": [{"strip_metadata": {"keep": keep}}]})
    stored = base64.b64decode(process(request, Settings(), Stopwatch())["data"])
    again = decoded(stored)
    assert again.icc_profile == (bare_profile(PROFILE) if keep else None)
    assert again.orientation == (6 if name in TURNED else 1)


@pytest.mark.parametrize("name", TURNED)
def test_a_refused_one_keeps_them_as_well(name: str) -> None:
    cut = cut_refused(FILES[name])
    assert cut is not None
    again = decoded(cut)
    assert (again.icc_profile, again.orientation) == (bare_profile(PROFILE), 6)


def test_a_file_with_one_of_each_stays_the_same() -> None:
    for format in ("JPEG", "PNG", "WEBP", "AVIF"):
        data = encoded(scene(), format, exif=b"Exif\0\0" + turned(), icc_profile=PROFILE)
        assert without_broken_twins(data) is data


def test_an_exif_of_an_avif_is_not_lost_with_a_broken_one() -> None:
    """Its XMP is called EXIF, which it is not."""
    data = picture("libavif/paris_icc_exif_xmp.avif")
    at = data.index(b"mime")
    assert decoded(data[:at] + b"Exif" + data[at + 4 :]).metadata.exif == decoded(data).metadata.exif != b""


def test_a_jpeg_2000_has_the_colours_of_its_profile() -> None:
    name = "JPEG 2000, profile, rubbish, after"
    plain = encoded(scene(), "PNG", icc_profile=PROFILE)
    request = {"operations": [{"convert": {"format": "png"}}]}
    shown = [
        opened(process(Request.parse(request | {"data": b64(data)}), Settings(), Stopwatch())["data"])
        for data in (plain, FILES[f", {name}"])
    ]
    assert shown[0].tobytes() == shown[1].tobytes() != scene().tobytes()
