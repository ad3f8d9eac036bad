"""A name in tables and headers of a JPEG that no pixel uses: it is not stored, and the pixels stay as they are."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import pytest
from PIL import Image

from processor_service.errors import Code, ImageError
from processor_service.formats.containers import jpeg_segments
from processor_service.formats.jpeg_tables import tables_of
from processor_service.metadata.cut import cut_refused
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.built_jpegs import flat_jpeg
from tests.helpers.hidden import assert_gone
from tests.helpers.pictures import b64
from tests.helpers.secrets_in_files import NAME, saved, segment, small

LONGER = (NAME * 5)[:64]
COUNTS = bytes((0, 0, 0, 0, 0, 0, 0, len(NAME), *[0] * 8))


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.tobytes()


def before_scan(data: bytes, more: bytes) -> bytes:
    at = data.index(b"\xff\xda")
    return data[:at] + more + data[at:]


def first(data: bytes, more: bytes) -> bytes:
    return data[:20] + more + data[20:]


def unused_codes() -> bytes:
    """A JPEG whose blocks end with a code of one bit, and whose table has codes of eight bits for a name."""
    data = flat_jpeg(48, 32, [(1, 1)] * 3, (120, 90, 200))
    old = segment(0xC4, b"\x10" + bytes([1, *[0] * 15]) + b"\0")
    assert old in data
    return data.replace(old, segment(0xC4, b"\x10\1" + COUNTS[1:] + b"\0" + NAME))


def named(data: bytes) -> bytes:
    """The JPEG with other names of its components, in the frame and in the scan."""
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    changed = bytearray(data)
    for number in range(3):
        changed[frame + 10 + 3 * number] = changed[scan + 5 + 2 * number] = NAME[number]
    return bytes(changed)


PLACES: dict[str, Callable[[bytes], bytes]] = {
    "a table of quantization that nothing uses": lambda data: first(data, segment(0xDB, b"\3" + LONGER)),
    "a table of quantization that is replaced": lambda data: first(data, segment(0xDB, b"\0" + LONGER)),
    "codes that no scan uses": lambda data: first(data, segment(0xC4, b"\x13" + COUNTS + NAME)),
    "codes that are replaced": lambda data: first(data, segment(0xC4, b"\x10" + COUNTS + NAME)),
    "codes behind the last scan": lambda data: data[:-2] + segment(0xC4, b"\x10" + COUNTS + NAME) + data[-2:],
    "a table behind the last scan": lambda data: data[:-2] + segment(0xDB, b"\0" + LONGER) + data[-2:],
}


@pytest.mark.parametrize("kind", ["plain", "optimize", "progressive"])
@pytest.mark.parametrize("where", PLACES)
def test_a_name_in_a_table_that_nothing_uses_is_gone(where: str, kind: str) -> None:
    options: dict[str, object] = {} if kind == "plain" else {kind: True}
    data = PLACES[where](saved("JPEG", None, **options))
    assert_gone(data, NAME)
    assert pixels(cut_refused(data) or b"") == pixels(data)


@pytest.mark.parametrize(
    "text",
    [
        NAME,
        b"52.51630,13.37770",
        b"Anna",
        "Иванов".encode(),
        "Иван".encode("cp1251"),
        "Müller".encode("latin-1"),
        "张伟".encode(),
        "张伟".encode("gbk"),
        "佐藤".encode("shift-jis"),
    ],
)
@pytest.mark.parametrize("kind", ["plain", "progressive"])
def test_steps_that_can_be_read_are_not_stored(kind: str, text: bytes) -> None:
    options: dict[str, object] = {} if kind == "plain" else {kind: True}
    data = saved("JPEG", None, **options)
    at = data.index(b"\xff\xdb") + 5 + 64 - len(text)
    data = data[:at] + text + data[at + len(text) :]
    assert_gone(data, text)
    assert cut_refused(data) is None


@pytest.mark.parametrize("text", [NAME, b"\1".join(NAME[at : at + 1] for at in range(len(NAME)))])
def test_steps_of_16_bits_that_can_be_read_are_not_stored(text: bytes) -> None:
    def stored(steps: bytes) -> bytes | None:
        # Only extended JPEGs may have them.
        return cut_refused(data.replace(old, segment(0xDB, b"\x10" + steps)).replace(b"\xff\xc0", b"\xff\xc1"))

    data = saved("JPEG")
    old = next(part for marker, part in jpeg_segments(data) if marker == 0xDB)
    assert stored(b"\0\x10" * 64)
    assert stored(text.ljust(128, b"\1")) is None
    assert stored((b"\1" + text).ljust(128, b"\1")) is None


@pytest.mark.parametrize("quality", [1, 20, 50, 75, 95])
def test_steps_of_libjpeg_stay_though_some_look_like_text(quality: int) -> None:
    data = saved("JPEG", None, quality=quality)
    kept = cut_refused(data) or b""
    tables = [part for marker, part in jpeg_segments(data) if marker == 0xDB]
    assert len(tables) == 2 and all(table in kept for table in tables)
    with Image.open(io.BytesIO(data)) as image:
        assert tables_of(image)


def test_a_name_among_codes_that_no_pixel_uses_is_gone() -> None:
    data = unused_codes()
    assert_gone(data, NAME)
    assert pixels(cut_refused(data) or b"") == pixels(data)


@pytest.mark.parametrize("symbols", [b"\0\0", b"\0\x0b", b"\0\x20", b"\x11\1"])
def test_codes_that_no_encoder_writes_are_written_again(symbols: bytes) -> None:
    data = flat_jpeg(48, 32, [(1, 1)] * 3, (120, 90, 200))
    old, new = b"\x10" + bytes([1, *[0] * 15]) + b"\0", b"\x10" + bytes([1, 0, len(symbols), *[0] * 13]) + b"\0"
    odd = data.replace(segment(0xC4, old), segment(0xC4, new + symbols))
    kept = cut_refused(odd) or b""
    assert new + symbols not in kept
    assert b"\xff\xc2" in kept
    assert pixels(kept) == pixels(odd)


def test_a_table_of_quantization_that_is_replaced_between_scans_is_not_written_again() -> None:
    data = saved("JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    assert cut_refused(data[:last] + segment(0xDB, b"\0" + LONGER) + data[last:]) is None


def test_the_codes_of_encoders_stay() -> None:
    for options in ({}, {"optimize": True}, {"quality": 100, "optimize": True}):
        data = saved("JPEG", small().resize((400, 300)), **options)
        assert (cut_refused(data) or b"").endswith(data[data.index(b"\xff\xdb") :])


def test_names_of_components_are_gone() -> None:
    data = named(saved("JPEG"))
    kept = cut_refused(data) or b""
    assert pixels(kept) == pixels(data)
    assert kept == cut_refused(saved("JPEG"))


@pytest.mark.parametrize(
    "more", [segment(0xDD, NAME[:2]), segment(0xDC, NAME[:2]), segment(0xDD, NAME[:2]) * 2, b"\xff\xd3\xff\xd1\xff\xd5"]
)
def test_numbers_that_are_never_read_are_gone(more: bytes) -> None:
    data = before_scan(saved("JPEG"), more)
    assert cut_refused(data) == cut_refused(saved("JPEG"))


def test_bytes_that_fill_up_before_restarts_are_gone() -> None:
    data = saved("JPEG", restart_marker_rows=1)
    assert cut_refused(data.replace(b"\xff\xd0", b"\xff\xff\xff\xd0")) == cut_refused(data)


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_rows": 1}])
def test_a_name_in_tables_of_a_jpeg_that_was_cut_off_is_gone(options: dict[str, object]) -> None:
    data = first(saved("JPEG", small().resize((300, 200)), **options), segment(0xC4, b"\x13" + COUNTS + NAME))[:-700]
    kept = cut_refused(data, cut_off=True) or b""
    assert kept
    assert NAME not in kept
    assert cut_refused(kept, cut_off=True) == kept
    with pytest.raises(ImageError) as refused:
        process(Request.parse({"data": b64(kept)}), Settings(), Stopwatch())
    assert refused.value.code is Code.TRUNCATED_IMAGE


def out_of_range() -> bytes:
    """A JPEG whose decoder says nothing of a coefficient that is out of range, and whose encoder ends its process."""
    data = flat_jpeg(48, 32, [(1, 1)], (128 + 3000,))
    old, new = (b"\0" + bytes([0, 0, 0, count, *[0] * 12]) + bytes(range(count)) for count in (12, 13))
    return data.replace(segment(0xC4, old), segment(0xC4, new))


def test_a_jpeg_whose_coefficients_are_out_of_range_ends_no_process() -> None:
    assert pixels(out_of_range()) == b"\xff" * 48 * 32
    assert cut_refused(out_of_range()) is None
    # It is a picture, so it is encoded again where nothing is to be done but to cut.
    asked = Request.parse({"data": b64(out_of_range()), "operations": [{"strip_metadata": {}}]})
    kept = base64.b64decode(process(asked, Settings(), Stopwatch())["data"])
    assert pixels(kept) == b"\xff" * 48 * 32


def test_a_jpeg_that_was_cut_off_and_is_damaged_is_left_out() -> None:
    """Its coefficients are out of range."""
    part = saved("JPEG", small().resize((300, 200)), progressive=True)[:-700]
    first_scan = part.index(b"\xff\xda") + 20
    damaged = (
        part[:first_scan] + bytes(byte ^ 0x55 for byte in part[first_scan : first_scan + 30]) + part[first_scan + 30 :]
    )
    assert cut_refused(part, cut_off=True) is not None
    assert cut_refused(damaged, cut_off=True) is None
