"""Animations and pages: the first frame, or all of them as they are shown."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from processor_service.decoding.decode import decode
from processor_service.errors import Code, ImageError
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.kinds import SETTINGS, decoded, furthest, refused, rgba
from tests.helpers.paths import CORPUS, PICTURES
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.png_reference import decode_apng

RED = (255, 0, 0, 255)


def flip_book(count: int = 5) -> list[Image.Image]:
    """A white square that wanders over blue ground."""
    frames = []
    for number in range(count):
        frame = Image.new("RGB", (40, 20), "#0000ff")
        left, top = number * 6 % 32, number // 5
        frame.paste("#ffffff", (left, top, left + 8, top + 8))
        frames.append(frame)
    return frames


@pytest.mark.parametrize(
    ("format", "options", "tolerance"),
    [
        ("GIF", {}, 0),
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("AVIF", {"quality": 100, "subsampling": "4:4:4"}, 4),
    ],
)
def test_every_frame_is_composed(format: str, options: dict[str, object], tolerance: int) -> None:
    book = flip_book()
    times = [100, 200, 300, 400, 500]
    data = encoded(book[0], format, save_all=True, append_images=book[1:], duration=times, loop=3, **options)
    result = decoded(data, all_frames=True)
    assert result.source.frames == len(result.frames) == 5
    assert max(furthest(one, other) for one, other in zip(result.frames, book, strict=True)) <= tolerance
    assert result.durations == times
    # GIF counts repetitions after the first time; AVIF's count is not told by the decoder.
    assert result.loop == {"GIF": 4, "AVIF": 0}.get(format, 3)
    still = decoded(data)
    assert (len(still.frames), still.source.frames, still.durations) == (1, 5, [])
    assert furthest(still.image, book[0]) <= tolerance


def test_a_gif_that_does_not_say_how_often_plays_once() -> None:
    book = flip_book(2)
    assert decoded(encoded(book[0], "GIF", save_all=True, append_images=book[1:]), all_frames=True).loop == 1
    assert decoded(encoded(book[0], "GIF", save_all=True, append_images=book[1:], loop=0), all_frames=True).loop == 0


def test_frames_without_a_duration_get_one() -> None:
    book = flip_book(2)
    data = encoded(book[0], "GIF", save_all=True, append_images=book[1:], duration=0)
    assert decoded(data, all_frames=True).durations == [100, 100]


@pytest.mark.parametrize(
    "path", sorted((CORPUS if CORPUS.is_dir() else PICTURES).glob("pillow/apng/*.png")), ids=lambda path: path.stem
)
def test_disposal_and_blending_of_apng(path: Path) -> None:
    """Against a decoder of our own; what is out of order, or has frames missing, may be refused but not be wrong."""
    data = path.read_bytes()
    try:
        result = decoded(data, all_frames=True)
    except ImageError as error:
        assert path.stem.startswith(("chunk", "sequence", "syntax")), error
        return
    if len(result.frames) == 1:
        return
    expected = decode_apng(data)
    assert len({(frame.size, frame.mode) for frame in result.frames}) == 1
    assert len(result.frames) == len(expected)
    for frame, reference in zip(result.frames, expected, strict=True):
        reference[reference[..., 3] == 0] = 0
        assert np.abs(rgba(frame) - reference).max() <= 3


def test_an_apng_keeps_its_profile() -> None:
    profile = opened(picture("libavif/apple_gainmap_old.jpg")).info["icc_profile"]
    book = flip_book()
    data = encoded(book[0], "PNG", save_all=True, append_images=book[1:], icc_profile=profile)
    assert decoded(data, all_frames=True).icc_profile == decoded(data).icc_profile == profile


def test_the_still_picture_of_an_apng_is_no_frame_of_it() -> None:
    assert len(decoded("pillow/apng/single_frame_default.png", all_frames=True).frames) == 1
    assert decoded("pillow/apng/single_frame_default.png").image.convert("RGBA").getpixel((0, 0)) == RED


@pytest.mark.parametrize("name", ["dispose_bgnd", "dispose_none", "dispose_prev"])
def test_disposal_of_gif(name: str) -> None:
    result = decoded(f"pillow/{name}.gif", all_frames=True)
    assert len(result.frames) == result.source.frames == 5
    frames = [rgba(frame) for frame in result.frames]
    # Each frame moves the circle: no two are alike, and nothing is left of the first but where nothing is disposed of.
    assert all((one != other).any() for one, other in itertools.pairwise(frames))


def test_one_animation_in_two_formats() -> None:
    one, other = decoded("pillow/avif/star.avifs", all_frames=True), decoded("pillow/avif/star.gif", all_frames=True)
    assert (len(one.frames), len(other.frames)) == (5, 4)
    assert np.abs(rgba(one.frames[0]) - rgba(other.frames[0])).mean() < 5


def test_pages_are_kept_and_have_no_times() -> None:
    pages = [Image.new("L", (30, 40), 50), Image.new("RGB", (20, 60), "#ff0000")]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    result = decoded(data, all_frames=True)
    assert [frame.size for frame in result.frames] == [(30, 60), (30, 60)]
    assert {frame.mode for frame in result.frames} == {"RGB"}
    assert (result.durations, result.loop) == ([], 0)
    assert result.frames[0].getpixel((0, 0)) == (50, 50, 50)
    # Smaller pages lie on white paper.
    assert result.frames[0].getpixel((0, 59)) == result.frames[1].getpixel((29, 0)) == (255, 255, 255)
    assert decoded(data).image.size == (30, 40)


def test_pages_that_bite_their_tail() -> None:
    assert decoded("pillow/multipage_single_frame_loop.tiff").source.frames == 1


def test_further_pictures_that_are_no_frames_do_not_count() -> None:
    for name in ("libavif/apple_gainmap_old.jpg", "pillow/rgba.psd"):
        assert decoded(name, all_frames=True).source.frames == 1


def test_frames_are_counted_no_further_than_allowed() -> None:
    book = flip_book(30)
    settings = Settings(max_frames=10)
    for format in ("GIF", "PNG", "WEBP", "TIFF", "AVIF"):
        data = encoded(book[0], format, save_all=True, append_images=book[1:])
        assert decoded(data).source.frames == 30
        code, reason = refused(data, settings)
        assert code is Code.TOO_MANY_FRAMES
        assert "IMAGE_MAX_FRAMES" in reason


def test_counting_a_hundred_thousand_frames_is_cheap() -> None:
    still = encoded(Image.new("L", (1, 1)), "GIF")
    begin = still.index(b",")
    data = still[:begin] + still[begin:-1] * 100_000 + b";"
    started = time.process_time()
    code, _ = refused(data)
    assert code is Code.TOO_MANY_FRAMES
    assert time.process_time() - started < 0.5


def test_pixels_of_all_frames_count_when_all_are_decoded() -> None:
    book = flip_book(30)
    settings = Settings(max_pixels=40 * 20 * 29)
    for format in ("GIF", "PNG", "WEBP", "AVIF", "TIFF"):
        data = encoded(book[0], format, save_all=True, append_images=book[1:])
        assert len(decode(data, settings).frames) == 1
        code, reason = refused(data, settings, all_frames=True)
        assert code is Code.TOO_MANY_PIXELS
        assert "in all" in reason


def test_an_animation_of_one_frame_is_a_picture() -> None:
    assert decoded("pillow/hopper_resized.gif", all_frames=True).durations == []
    assert furthest(decoded("pillow/hopper_resized.gif").image, opened(picture("pillow/hopper_resized.gif"))) == 0


@pytest.mark.parametrize("format", ["TIFF", "WEBP", "AVIF", "GIF"])
@pytest.mark.parametrize("to", ["jpeg", "png", "webp", "avif", "gif"])
def test_picture_and_fields_are_of_the_first_frame_whatever_it_is_stored_as(format: str, to: str) -> None:
    """Pillow's encoder of AVIF leafs through a grey picture's file, and leaves it open at the last page."""
    pages = [Image.new("L", (64, 64), grey) for grey in (20, 120, 220)]
    data = encoded(pages[0], format, save_all=True, append_images=pages[1:])
    request = Request.parse({"data": b64(data), "operations": [{"convert": {"format": to}}], "properties": ["colors"]})
    fields = process(request, SETTINGS, Stopwatch())
    assert opened(fields["data"]).convert("L").getpixel((30, 30)) == pytest.approx(20, abs=3)
    assert fields["colors"][0]["hex"] in ("#131313", "#141414", "#151515")
    assert fields["frames"] == 3


def test_a_frame_has_no_file_behind_it() -> None:
    for name in (
        "pillow/hopper_long_name.im",
        "pillow/dispose_none.gif",
        "pillow/avif/star.avifs",
        "pillow/hopper.jpg",
    ):
        assert type(decoded(name).image) is Image.Image
