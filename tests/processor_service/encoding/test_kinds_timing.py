"""Frames, times and repetitions of animations, from every format to every other."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import GifImagePlugin, Image

from processor_service.encoding import encode
from processor_service.errors import Code, ImageError
from processor_service.picture import Output, Picture
from processor_service.pipeline import process
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.kinds import SETTINGS, decoded, furthest, rgba
from tests.helpers.pictures import b64, encoded, picture
from tests.helpers.png_chunks import chunk
from tests.helpers.png_reference import read_chunks

FORMATS = ("gif", "png", "webp", "avif")
LONGEST_GIF = 655_350


def book(count: int = 3, size: tuple[int, int] = (16, 12)) -> list[Image.Image]:
    return [Image.new("RGB", size, (20 * number + 20, 0, 200 - 20 * number)) for number in range(count)]


def kept(data: bytes, to: str) -> Picture:
    """The animation as it is stored in another format, decoded again."""
    operations = [{"animation": {"frames": "keep"}}, {"convert": {"format": to}}]
    fields = process(Request.parse({"data": b64(data), "operations": operations}), SETTINGS, Stopwatch())
    return decoded(base64.b64decode(fields["data"]), all_frames=True)


def apng(times: list[tuple[int, int]], frames: list[Image.Image], loops: int = 0, still: bool = False) -> bytes:
    """An APNG with a fraction of a second for each frame; `still`: the first picture is none of the frames."""
    width, height = frames[0].size
    bodies = [b"".join(body for kind, body in read_chunks(encoded(frame)) if kind == b"IDAT") for frame in frames]
    parts = [encoded(frames[0])[:33], chunk(b"acTL", struct.pack(">2I", len(frames) - still, loops))]
    number = 0
    for index, (body, (above, below)) in enumerate(zip(bodies, times, strict=True)):
        if index or not still:
            parts.append(chunk(b"fcTL", struct.pack(">5I2H2B", number, width, height, 0, 0, above, below, 0, 0)))
            number += 1
        if index:
            parts.append(chunk(b"fdAT", struct.pack(">I", number) + body))
            number += 1
        else:
            parts.append(chunk(b"IDAT", body))
    return b"".join([*parts, chunk(b"IEND", b"")])


SOURCES: dict[str, Callable[[list[int]], bytes]] = {
    "png": lambda times: apng([(time, 1000) for time in times], book(len(times))),
    "webp": lambda times: encoded(
        book()[0], "WEBP", save_all=True, append_images=book(len(times))[1:], duration=times, lossless=True
    ),
    "avif": lambda times: encoded(book()[0], "AVIF", save_all=True, append_images=book(len(times))[1:], duration=times),
    "gif": lambda times: encoded(
        book()[0], "GIF", save_all=True, append_images=book(len(times))[1:], duration=times, loop=0
    ),
}


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("source", SOURCES)
def test_times_in_units_of_10_ms_stay_in_every_format(source: str, to: str) -> None:
    assert kept(SOURCES[source]([20, 500, 1230]), to).durations == [20, 500, 1230]


@pytest.mark.parametrize("source", ["png", "webp", "avif"])
def test_times_are_rounded_to_what_a_gif_has(source: str) -> None:
    """Halves up, and no shorter than what browsers show as it is, except what a GIF can say."""
    assert kept(SOURCES[source]([15, 5, 33, 25, 34, 35, 10, 44]), "gif").durations == [20, 20, 30, 30, 30, 40, 10, 40]


@pytest.mark.parametrize("to", ["png", "webp", "avif"])
def test_times_of_a_few_milliseconds_stay_where_they_can_be_said(to: str) -> None:
    assert kept(SOURCES["webp"]([15, 5, 33]), to).durations == [15, 5, 33]


@pytest.mark.parametrize("to", FORMATS)
def test_the_longest_times(to: str) -> None:
    times = [(660, 1), (65_535, 1), (6554, 100), (65_535, 60_000)]
    most = {"gif": LONGEST_GIF, "webp": 2**24 - 1}.get(to, 2**40)
    exact = [660_000, 65_535_000, 65_540, 1092]
    durations = kept(apng(times, book(4)), to).durations
    for duration, wanted in zip(durations, exact, strict=True):
        assert abs(duration - min(wanted, most)) <= 5


def test_times_that_are_no_fraction_of_16_bits_are_rounded() -> None:
    assert kept(SOURCES["webp"]([65_537, 65_535, 700_001]), "png").durations == [65_540, 65_535, 700_000]


def test_frames_that_look_the_same_are_no_longer_than_a_gif_can_say() -> None:
    """Pillow makes one of them, and adds their times up."""
    frames = [book()[0], book()[0], book()[0], book()[1]]
    result = kept(apng([(400, 1)] * 4, frames), "gif")
    assert result.durations == [LONGEST_GIF, 400_000]


@pytest.mark.parametrize("name", ["apng_660s.png"])
@pytest.mark.parametrize("to", FORMATS)
def test_the_case_of_660_seconds_is_stored(name: str, to: str) -> None:
    longest = 660_000 if to != "gif" else LONGEST_GIF
    assert max(kept(picture(f"cases/{name}"), to).durations) == longest


def test_the_case_of_a_fast_webp() -> None:
    assert kept(picture("cases/webp_fast.webp"), "gif").durations == [20, 20, 30]


@pytest.mark.parametrize("loops", [0, 1, 2, 3, 100])
@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("source", FORMATS)
def test_an_animation_plays_as_often_as_before(source: str, to: str, loops: int) -> None:
    first = encode.encode(
        Picture(book(), decoded("cases/base.png").source, durations=[100] * 3, loop=loops, output=Output(source))
    )[0]
    assert decoded(first, all_frames=True).loop == loops
    assert kept(first, to).loop == loops


def test_the_case_that_plays_twice() -> None:
    assert kept(picture("cases/gif_loop1.gif"), "avif").loop == 2


def test_more_repetitions_than_a_format_can_say() -> None:
    data = apng([(1, 10)] * 3, book(), loops=100_000)
    assert kept(data, "gif").loop == 65_536
    assert kept(data, "webp").loop == 65_535
    assert kept(data, "avif").loop == 100_000


def test_a_still_picture_that_is_no_frame_does_not_count() -> None:
    data = apng([(1, 10)] * 4, book(4), still=True)
    still, moving = decoded(data), decoded(data, all_frames=True)
    assert still.source.frames == moving.source.frames == len(moving.frames) == 3
    assert furthest(still.image, book()[0]) == 0
    assert furthest(moving.frames[0], book()[1]) == 0
    assert decoded(apng([(1, 10)] * 4, book(4))).source.frames == 4


def gif(
    frames: list[tuple[tuple[int, int], Image.Image, dict[str, Any]]], size: tuple[int, int], **header: Any
) -> bytes:
    """A GIF of frames at their places, smaller than the screen, each with its palette."""
    head = b"GIF89a" + struct.pack("<2H3B", *size, 0, header.get("background", 0), 0)
    if palette := header.get("palette"):
        bits = (len(palette) // 3).bit_length() - 2
        head = head[:10] + bytes([0x80 | bits]) + head[11:] + palette
    parts = [head]
    for place, image, options in frames:
        buffer = io.BytesIO()
        for part in GifImagePlugin.getdata(image, place, include_color_table=True, **options):
            buffer.write(part)
        parts.append(buffer.getvalue())
    return b"".join([*parts, b";"])


def square(color: str, side: int = 8) -> Image.Image:
    return Image.new("RGB", (side, side), color).quantize(2)


@pytest.mark.parametrize("all_frames", [False, True])
@pytest.mark.parametrize("background", [0, 1])
@pytest.mark.parametrize("palette", [None, bytes((200, 30, 30, 0, 0, 0))])
def test_around_a_first_frame_that_is_smaller_than_the_screen_there_is_nothing(
    palette: bytes | None, background: int, all_frames: bool
) -> None:
    frames = [((4, 3), square("#c81e1e"), {"duration": 100}), ((6, 5), square("#00ff00"), {"duration": 100})]
    data = gif(frames, (20, 16), palette=palette, background=background)
    result = decoded(data, all_frames=all_frames)
    first = rgba(result.frames[0])
    assert first.shape[:2] == (16, 20)
    assert (first[3:11, 4:12] == (200, 30, 30, 255)).all()
    assert (first[..., 3] == 255).sum() == 64
    if all_frames:
        second = rgba(result.frames[1])
        assert (second[5:13, 6:14] == (0, 255, 0, 255)).all()
        assert second[3, 4].tolist() == [200, 30, 30, 255]
        assert (second[..., 3] == 255).sum() == 64 + 64 - 36


@pytest.mark.parametrize("disposal", [2, 3])
def test_what_a_small_first_frame_leaves_to_the_ground_is_transparent(disposal: int) -> None:
    """To the background or to what was before: there was nothing in either case."""
    frames = [
        ((4, 3), square("#c81e1e"), {"duration": 100, "disposal": disposal}),
        ((6, 5), square("#00ff00"), {"duration": 100, "disposal": disposal}),
        ((0, 0), square("#0000ff"), {"duration": 100}),
    ]
    result = decoded(gif(frames, (20, 16), palette=bytes((200, 30, 30, 0, 0, 9)), background=1), all_frames=True)
    for frame, color in zip(result.frames, ((200, 30, 30), (0, 255, 0), (0, 0, 255)), strict=True):
        shown = rgba(frame)
        assert {tuple(map(int, pixel)) for pixel in shown.reshape(-1, 4)} == {(*color, 255), (0, 0, 0, 0)}
        assert (shown[..., 3] == 255).sum() == 64


@pytest.mark.parametrize("name", [b"NETSCAPE2.0", b"ANIMEXTS1.0"])
@pytest.mark.parametrize("place", ["first", "last"])
def test_a_gif_may_say_anywhere_how_often_it_plays(name: bytes, place: str) -> None:
    data = encoded(book()[0], "GIF", save_all=True, append_images=book()[1:])
    at = data.index(b"\x21\xf9") if place == "first" else len(data) - 1
    again = data[:at] + b"\x21\xff\x0b" + name + b"\x03\x01\x04\0\0" + data[at:]
    assert (decoded(data, all_frames=True).loop, decoded(again, all_frames=True).loop) == (1, 5)


def test_a_first_frame_of_256_colours_that_is_smaller_than_the_screen() -> None:
    image = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).convert("RGB").quantize(256)
    first = rgba(decoded(gif([((2, 2), image, {})], (24, 20))).image)
    assert (first[..., 3] == 255).sum() == 256
    assert (first[2:18, 2:18, 0] == np.arange(256).reshape(16, 16)).all()


def test_the_case_of_a_small_first_frame() -> None:
    first = rgba(decoded("cases/gif_small_first.gif").image)
    assert (first[10:25, 10:30] == (200, 30, 30, 255)).all()
    assert (first[..., 3] == 255).sum() == 15 * 20


@pytest.mark.parametrize(
    "error", [OSError("encoder error -2"), struct.error("'H' format"), ValueError(), KeyError("x")]
)
def test_whatever_an_encoder_raises_is_told_with_a_code(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Image.Image, "save", fails)
    request = Request.parse({"data": b64(picture("cases/base.png")), "operations": [{"convert": {"format": "webp"}}]})
    with pytest.raises(ImageError) as raised:
        process(request, SETTINGS, Stopwatch())
    assert raised.value.code is Code.CANNOT_ENCODE
    assert raised.value.code.status == 422
    assert "cannot be stored as webp" in raised.value.reason


def test_no_memory_for_an_encoder_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "save", fails)
    request = Request.parse({"data": b64(picture("cases/base.png")), "operations": [{"convert": {"format": "png"}}]})
    with pytest.raises(ImageError) as raised:
        process(request, SETTINGS, Stopwatch())
    assert raised.value.code is Code.OUT_OF_MEMORY
