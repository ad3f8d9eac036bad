"""Of an APNG whose numbers are wrong, though their checksums are right, the still picture and all else stay."""

from __future__ import annotations

import base64
import struct
from itertools import product
from typing import Any

import pytest
from PIL import ExifTags, Image

from processor_service.formats.containers import PNG_SIGNATURE, png_chunks
from processor_service.pipeline import process
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.broken_icons import scene
from tests.helpers.kinds import SETTINGS, decoded, furthest
from tests.helpers.pictures import assert_alike, b64, encoded, opened, picture
from tests.helpers.png_chunks import chunk
from tests.processor_service.encoding.test_kinds_timing import apng

BOOK = [scene(512), scene(512).transpose(Image.Transpose.FLIP_LEFT_RIGHT), scene(512).convert("L").convert("RGB")]
EXIF = Image.Exif()
EXIF[ExifTags.Base.Artist] = "Ada"
TELLING = EXIF.tobytes()[6:]
WIDTH, HEIGHT = BOOK[0].size
STRAY = {
    "a frame wider than the picture": (0, 9999, HEIGHT, 0, 0),
    "a frame without width": (0, 0, HEIGHT, 0, 0),
    "a frame without height": (0, WIDTH, 0, 0, 0),
    "a frame that lies beyond": (0, WIDTH, HEIGHT, 5, 0),
    "a still picture that is smaller": (0, WIDTH - 3, HEIGHT - 2, 3, 2),
    "another sequence": (7, WIDTH, HEIGHT, 0, 0),
    "numbers that are right": (0, WIDTH, HEIGHT, 0, 0),
}
AT_FAULT = [name for name in STRAY if name != "numbers that are right"]
OF_LATER = ["a frame wider than the picture", "a frame without width", "a frame without height"]
FRAMES = chunk(b"acTL", struct.pack(">2I", 3, 0))


def told(data: bytes) -> bytes:
    """The same PNG with EXIF."""
    return data[:33] + chunk(b"eXIf", TELLING) + data[33:]


def control(name: str, number: int | None = None) -> bytes:
    sequence, *place = STRAY[name]
    return chunk(b"fcTL", struct.pack(">5I2H2B", sequence if number is None else number, *place, 1, 10, 0, 0))


def with_control(data: bytes, number: int, name: str) -> bytes:
    """The same APNG whose `number`th frame has other numbers, with the right checksum."""
    place = [place - 4 for place in range(len(data)) if data.startswith(b"fcTL", place)][number]
    sequence = int.from_bytes(data[place + 8 : place + 12]) if number else None
    return data[:place] + control(name, sequence) + data[place + 38 :]


def assert_still(data: bytes, still: Image.Image) -> None:
    for all_frames in (False, True):
        result = decoded(data, all_frames=all_frames)
        assert [furthest(frame, still) for frame in result.frames] == [0]
        assert result.metadata.exif == TELLING
    request = Request.parse({"data": b64(data), "operations": ["strip_metadata"]})
    stored = opened(process(request, SETTINGS, Stopwatch())["data"])
    assert (getattr(stored, "n_frames", 1), furthest(stored, still)) == (1, 0)


@pytest.mark.parametrize(("number", "name"), [*((0, name) for name in AT_FAULT), *((1, name) for name in OF_LATER)])
def test_a_frame_with_wrong_numbers_leaves_the_still_picture_and_the_rest(number: int, name: str) -> None:
    for frames in (BOOK, [Image.new("RGB", BOOK[0].size)] * 3):
        data = told(with_control(apng([(1, 10)] * 3, frames), number, name))
        assert_still(data, frames[0])


@pytest.mark.parametrize(
    ("name", "place", "with_count"),
    # With right numbers before the pixels and a count it is no stray one.
    sorted({*product(STRAY, ["before", "behind"], [False, True])} - {("numbers that are right", "before", True)}),
)
def test_a_stray_frame_takes_no_picture_along(name: str, place: str, with_count: bool) -> None:
    data = encoded(BOOK[0])
    start = data.index(b"IDAT") - 4
    at = start if place == "before" else data.index(b"IEND") - 4
    assert_still(
        told(data[:start] + (FRAMES if with_count else b"") + data[start:at] + control(name) + data[at:]), BOOK[0]
    )


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0), (0xFFFFFFFF, 0), (9999, 0)])
def test_another_number_of_frames_takes_no_picture_along(numbers: tuple[int, int]) -> None:
    data = encoded(BOOK[0])
    at = data.index(b"IDAT") - 4
    assert_still(told(data[:at] + chunk(b"acTL", struct.pack(">2I", *numbers)) + data[at:]), BOOK[0])


SMALL = [scene(24), scene(24).transpose(Image.Transpose.FLIP_LEFT_RIGHT), scene(24).rotate(90)]


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    return list(png_chunks(data))


def joined(chunks: list[tuple[bytes, bytes]]) -> bytes:
    return PNG_SIGNATURE + b"".join(content for _, content in chunks)


@pytest.mark.parametrize("default_image", [False, True])
def test_pixels_of_no_frame_leave_the_still_picture(default_image: bool) -> None:
    """Behind it, without numbers of their own: lost, or behind their pixels."""
    chunks = chunks_of(
        told(encoded(SMALL[0], save_all=True, append_images=SMALL[1:], default_image=default_image, duration=10))
    )
    names = [name for name, _ in chunks]
    at = names.index(b"fcTL", names.index(b"IDAT"))
    for changed in (
        [*chunks[:at], *chunks[at + 1 :]],
        [*chunks[:at], chunks[at + 1], chunks[at], *chunks[at + 2 :]],
        [*chunks[:at], chunks[at + 1], *chunks[at:]],
    ):
        assert_still(joined(changed), SMALL[0])


def test_a_count_in_place_of_the_first_numbers_leaves_the_still_picture() -> None:
    chunks = chunks_of(told(encoded(SMALL[0], save_all=True, append_images=SMALL[1:], duration=10)))
    at = [name for name, _ in chunks].index(b"fcTL")
    chunks[at] = b"acTL", chunk(b"acTL", chunks[at][1][8:-4])
    assert_still(joined(chunks), SMALL[0])


@pytest.mark.parametrize("default_image", [False, True])
@pytest.mark.parametrize("said", [1, 2, 5, 70_000, 2**31])
def test_frames_are_those_that_are_there(said: int, default_image: bool) -> None:
    """Whatever number of them the file says."""
    data = encoded(SMALL[0], save_all=True, append_images=SMALL[1:], default_image=default_image, duration=10)
    at = data.index(b"acTL") - 4
    changed = data[:at] + chunk(b"acTL", struct.pack(">2I", said, 0)) + data[at + 20 :]
    expected = decoded(data, all_frames=True)
    result = decoded(changed, all_frames=True)
    assert result.source.frames == expected.source.frames == len(result.frames) == (2 if default_image else 3)
    assert list(map(furthest, result.frames, expected.frames)) == [0] * len(result.frames)
    assert (decoded(changed).source.frames, furthest(decoded(changed).image, SMALL[0])) == (len(result.frames), 0)
    request = Request.parse({"data": b64(changed), "operations": ["strip_metadata"]})
    stored = base64.b64decode(process(request, SETTINGS, Stopwatch())["data"])
    _, _, told_of = stored.partition(b"acTL")
    assert int.from_bytes(told_of[:4]) == len(result.frames)


@pytest.mark.parametrize("operations", [["strip_metadata"], [{"strip_metadata": {"keep": ["icc"]}}]], ids=str)
def test_a_still_picture_that_is_no_frame_stays_what_is_shown(operations: list[Any]) -> None:
    """Encoded again without its profile, the first frame was in its place, and fields told of another picture."""
    profile = opened(picture("libavif/apple_gainmap_old.jpg")).info["icc_profile"]
    images = [SMALL[0], *(image.convert("RGBA") for image in SMALL[1:])]
    data = encoded(
        images[0], save_all=True, append_images=images[1:], default_image=True, duration=[10, 70], icc_profile=profile
    )
    request = Request.parse({"data": b64(data), "operations": operations})
    stored = base64.b64decode(process(request, SETTINGS, Stopwatch())["data"])
    expected = [*decoded(data).frames, *decoded(data, all_frames=True).frames]
    found = decoded(stored, all_frames=True)
    assert (found.source.frames, found.durations) == (2, [10, 70])
    for one, other in zip([*decoded(stored).frames, *found.frames], expected, strict=True):
        # Other numbers, if the profile goes.
        assert_alike(one, other, 25)
