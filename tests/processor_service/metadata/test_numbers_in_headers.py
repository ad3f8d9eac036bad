"""Numbers hidden in the headers of icons and PNMs: none is stored."""

from __future__ import annotations

import struct

import pytest

from processor_service.metadata.cut import cut_refused
from tests.helpers.broken_icons import bitmap, icon, scene
from tests.helpers.hidden import assert_gone
from tests.helpers.kinds import decoded, furthest
from tests.helpers.pictures import encoded
from tests.helpers.twin_parts import PROFILE

NUMBER = b"4885837022948"


@pytest.mark.parametrize("magic", [b"P5", b"P6"])
@pytest.mark.parametrize("place", range(3))
def test_a_number_that_no_pnm_has_is_not_stored(magic: bytes, place: int) -> None:
    numbers = [b"4", b"4", b"255"]
    numbers[place] = NUMBER
    assert_gone(magic + b" " + b" ".join(numbers) + b"\n" + bytes(100), NUMBER)
    assert cut_refused(magic + b" 4 4 65535\n" + bytes(96)) is not None
    for value in (b"0", b"65536"):
        assert cut_refused(magic + b" 4 4 " + value + b"\n" + bytes(96)) is None


def test_a_side_that_no_bitmap_has_is_not_stored() -> None:
    assert_gone(b"P4 " + NUMBER + b" 4\n" + bytes(100), NUMBER)


WORD = b"Zebedee"


def over(data: bytes, at: int, word: bytes) -> bytes:
    return data[:at] + word + data[at + len(word) :]


@pytest.mark.parametrize("at", [18, 22], ids=["width", "height"])
@pytest.mark.parametrize("mode", ["RGB", "1"])
def test_a_side_of_four_letters_is_none(at: int, mode: str) -> None:
    data = encoded(scene(32).convert(mode), "BMP")
    assert cut_refused(data) is not None
    assert cut_refused(over(data, at, WORD[:4])) is None


def test_a_canvas_of_letters_is_none() -> None:
    for options in (
        {"save_all": True, "append_images": [scene(32).rotate(90)]},
        {"icc_profile": PROFILE, "lossless": True},
    ):
        data = encoded(scene(32), "WEBP", **options)
        assert data[12:16] == b"VP8X" and cut_refused(data) is not None
        assert cut_refused(over(data, 24, WORD[:6])) is None


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_a_length_of_four_letters_is_none(format: str) -> None:
    data = encoded(scene(32), format, lossless=True)[:-20]
    at = 16 if format == "WEBP" else data.index(b"IDAT") - 4
    longer = {"WEBP": (1 << 20).to_bytes(4, "little"), "PNG": (1 << 20).to_bytes(4)}
    assert cut_refused(over(data, at, longer[format]), cut_off=True) is not None
    assert cut_refused(over(data, at, WORD[:4]), cut_off=True) is None


@pytest.mark.parametrize("kind", [1, 2], ids=["icon", "cursor"])
@pytest.mark.parametrize("make", [bitmap, lambda side: encoded(scene(side), "PNG")], ids=["bitmap", "png"])
def test_an_entry_of_an_icon_says_what_its_picture_is(kind: int, make: object) -> None:
    assert callable(make)
    whole = icon(kind, {32: make(32)})
    # Colours, the reserved byte, planes and depth, or the point of a cursor.
    odd = whole[:8] + b"ZE" + struct.pack("<HH", 0x42, 0x45) + whole[14:]
    cut = cut_refused(odd)
    assert cut is not None
    entry = (31, 31) if kind == 2 else (1, 32 if make is bitmap else 24)
    assert struct.unpack_from("<4B2H", cut, 6) == (32, 32, 0, 0, *entry)
    assert furthest(decoded(cut).image, decoded(whole).image) == 0
    # Decoders choose a picture by its sides, so another one could take its place.
    assert cut_refused(whole[:6] + b"ZE" + whole[8:]) is None


def test_the_colours_of_an_icon_are_those_of_its_depth() -> None:
    grey = encoded(scene(32).convert("1"), "PNG")
    cut = cut_refused(icon(1, {32: grey}))
    assert cut is not None
    assert struct.unpack_from("<4B2H", cut, 6) == (32, 32, 2, 0, 1, 1)
    assert decoded(cut).image.size == (32, 32)
