"""Numbers that viewers use and no pixel needs: of a kept file, no more of them stays than one can see."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Callable

import pytest
from PIL import Image, ImageSequence

from processor_service.formats.containers import PNG_SIGNATURE, png_chunk, png_chunks
from processor_service.metadata.cut import cut_refused
from processor_service.metadata.cut.viewer_numbers import density_a_metre, duration, plays
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.hidden import assert_gone
from tests.helpers.pictures import assert_alike, b64, opened
from tests.helpers.secrets_in_files import saved, segment, small

SECRET = b"Zq"


def moving(format_: str, time: int = 100, loop: int = 0) -> bytes:
    more = [small().rotate(180), small().rotate(90)]
    return saved(format_, save_all=True, append_images=more, duration=time, loop=loop)


def stored(data: bytes) -> bytes:
    """What is kept; the file is not encoded again, or all the numbers would be others anyway."""
    fields = process(Request.parse({"data": b64(data), "properties": []}), Settings(), Stopwatch())
    found = base64.b64decode(fields["data"])
    assert found == cut_refused(data)
    return found


def times(data: bytes) -> list[int]:
    with Image.open(io.BytesIO(data)) as image:
        # Some decoders know it when they have loaded the frame.
        return [round(frame.info["duration"]) for frame in ImageSequence.Iterator(image) if frame.load()]


def over(data: bytes, at: int, secret: bytes = SECRET) -> bytes:
    return data[:at] + secret + data[at + len(secret) :]


def with_numbers(data: bytes, wanted: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The PNG with other content in every chunk of a name."""
    chunks = ((name, change(part[8:-4]) if name == wanted else part[8:-4]) for name, part in png_chunks(data))
    return PNG_SIGNATURE + b"".join(png_chunk(*chunk) for chunk in chunks)


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP"])
def test_an_animation_keeps_three_digits_of_its_durations_and_its_few_repetitions(format_: str) -> None:
    for time in (20, 100, 990, 1230):
        assert times(stored(moving(format_, time))) == [time] * 3
    assert times(stored(moving(format_, 12_340))) == [12_300] * 3
    for loop, kept in ((0, 0), (3, 3), (99, 99), (20_000, 0)):
        with Image.open(io.BytesIO(stored(moving(format_, loop=loop)))) as image:
            assert image.info["loop"] == kept


def test_a_duration_in_any_fraction_becomes_the_nearest_of_a_thousandth() -> None:
    for above, below, kept in ((1, 30, 33), (333, 10_000, 33), (5, 0, 50), (65_535, 1, 65_500_000)):
        fraction = struct.pack(">HH", above, below)
        data = moving("PNG")
        for name, part in png_chunks(data):
            if name == b"fcTL":
                data = data.replace(part, png_chunk(name, part[8:28] + fraction + part[32:-4]))
        assert times(stored(data)) == [kept] * 3


def test_the_chunks_of_an_animation_are_numbered_in_order() -> None:
    broken = with_numbers(moving("PNG"), b"fcTL", lambda body: over(body, 2))
    assert SECRET in broken and SECRET not in (cut_refused(broken) or b"")
    # Pillow does not open it; its still picture is stored.
    fields = process(Request.parse({"data": b64(broken)}), Settings(), Stopwatch())
    assert SECRET not in base64.b64decode(fields["data"])
    assert_alike(opened(fields["data"]).convert("RGB"), opened(moving("PNG")).convert("RGB"), 6, "numbered")
    assert_gone(with_numbers(moving("PNG"), b"acTL", lambda body: over(body, 2)), SECRET)


HIDDEN: dict[str, Callable[[], bytes]] = {
    "gif: background of a still picture": lambda: over(saved("GIF"), 11),
    "gif: background that no frame becomes": lambda: over(moving("GIF"), 11),
    "gif: time of a still picture": lambda: saved("GIF", duration=10 * int.from_bytes(SECRET, "little")),
    "gif: repetitions of a still picture": lambda: saved("GIF", loop=int.from_bytes(SECRET, "little")),
    "webp: background": lambda: (
        (data := moving("WEBP"))[: (at := data.index(b"ANIM") + 8)] + SECRET * 2 + data[at + 4 :]
    ),
    "jpeg: resolution": lambda: over(saved("JPEG"), 14, SECRET * 2),
    "jpeg: version": lambda: over(saved("JPEG"), 11),
    "jpeg: Adobe's flags": lambda: (
        (data := saved("JPEG"))[:20] + segment(0xEE, b"Adobe\0\x64" + SECRET * 2 + b"\1") + data[20:]
    ),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_nobody_shows_is_gone(name: str) -> None:
    assert_gone(HIDDEN[name](), SECRET)


def test_an_index_of_a_colour_that_is_not_transparent_is_gone() -> None:
    data = moving("GIF")
    at = data.index(b"\x21\xf9\x04")
    assert stored(over(data, at + 6, b"Q"))[at + 6 :] == stored(data)[at + 6 :]


def test_a_background_stays_where_a_frame_becomes_one() -> None:
    data = moving("GIF")
    assert stored(over(data, 11, b"\x05"))[11] == 0
    assert stored(over(data.replace(b"\x21\xf9\x04\0", b"\x21\xf9\x04\x08"), 11, b"\x05"))[11] == 5


def test_a_frame_of_a_gif_that_is_off_its_screen_is_encoded_again() -> None:
    data = moving("GIF")
    assert_gone(over(data, data.rindex(b"\x2c\0\0\0\0") + 1, b"Zqzq"), b"Zqzq", tolerance=255)


def test_bits_behind_the_last_code_of_a_gif_are_zero() -> None:
    data = saved("GIF", Image.new("P", (3, 1)))
    # A block of codes ends the picture: their number, codes, zero, the end of the file.
    filled = data[:-3] + bytes((data[-3] | 0xC0,)) + data[-2:]
    assert filled != data
    assert stored(filled) == stored(data)


@pytest.mark.parametrize(
    ("written", "kept"), [((11_811, 11_811, 1), 11_811), ((11_800, 11_800, 1), 11_811), ((2834, 2834, 1), 2835)]
)
def test_a_resolution_of_a_png_is_that_of_a_device(written: tuple[int, int, int], kept: int) -> None:
    data = saved("PNG")
    data = data[:33] + png_chunk(b"pHYs", struct.pack(">IIB", *written)) + data[33:]
    assert png_chunk(b"pHYs", struct.pack(">IIB", kept, kept, 1)) in stored(data)


@pytest.mark.parametrize("written", [(11_811, 2835, 1), (4_000_000, 4_000_000, 1), (2835, 2835, 0), (0, 0, 1)])
def test_another_resolution_of_a_png_is_gone(written: tuple[int, int, int]) -> None:
    data = saved("PNG")
    assert b"pHYs" not in stored(data[:33] + png_chunk(b"pHYs", struct.pack(">IIB", *written)) + data[33:])


@pytest.mark.parametrize(("unit", "dots", "kept"), [(1, 300, (1, 300)), (2, 118, (1, 300)), (0, 7, (0, 1))])
def test_a_resolution_of_a_jpeg_is_in_whole_dots_an_inch(unit: int, dots: int, kept: tuple[int, int]) -> None:
    data = over(saved("JPEG"), 13, struct.pack(">BHH", unit, dots, dots))
    assert struct.unpack(">BHH", stored(data)[13:18]) == (*kept, kept[1])


def test_what_was_rounded_stays_as_it_is() -> None:
    for number in (*range(3000), 16_777_215):
        assert duration(duration(number)) == duration(number) <= number
        assert density_a_metre(*(2 * (density_a_metre(number, number),))) == density_a_metre(number, number)
    assert [plays(count) for count in (0, 1, 100, 101)] == [0, 1, 100, 0]
