"""Bits that fill up the last byte of a JPEG's codes, and of each part between restarts: ones are stored, not a name."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from processor_service.metadata.cut import cut_refused
from tests.helpers.built_jpegs import flat_jpeg
from tests.helpers.secrets_in_files import saved, segment, small

RESTART = re.compile(rb"\xff[\xd0-\xd7]")
OPTIONS: dict[str, tuple[str, dict[str, object]]] = {
    "one run": ("RGB", {}),
    "rows": ("RGB", {"restart_marker_rows": 1}),
    "units": ("RGB", {"restart_marker_blocks": 1}),
    "no halves of colours": ("RGB", {"restart_marker_blocks": 3, "subsampling": 0}),
    "grey": ("L", {"restart_marker_blocks": 1}),
    "inks": ("CMYK", {"restart_marker_blocks": 1}),
    "all details": ("RGB", {"restart_marker_blocks": 1, "quality": 100}),
}


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.tobytes()


def ends(data: bytes) -> list[int]:
    """Where the last byte of each run is."""
    start = data.index(b"\xff\xda")
    return [found.start() - 1 for found in RESTART.finditer(data, start)] + [len(data) - 3]


def with_zeros(data: bytes) -> bytes:
    """The JPEG, in which all bits at the ends of runs that no pixel needs are zero."""
    image = pixels(data)
    for end in ends(data):
        for bit in range(7):
            less = data[:end] + bytes((data[end] & ~(1 << bit) & 0xFF,)) + data[end + 1 :]
            # An escaped 0xFF ends with a zero, which is not looked at.
            if data[end] == 0 or pixels(less) != image:
                break
            data = less
    return data


@pytest.mark.parametrize("name", OPTIONS)
def test_all_bits_that_no_pixel_needs_are_ones(name: str) -> None:
    mode, options = OPTIONS[name]
    data = saved("JPEG", small().convert(mode), **options)
    hidden = with_zeros(data)
    assert (len(ends(data)) > 1) == bool(options)
    assert hidden != data
    assert cut_refused(hidden) == cut_refused(data)
    assert pixels(cut_refused(hidden) or b"") == pixels(data)


def test_any_number_of_bits_is_filled_up() -> None:
    # 15 bits a unit: any number of bits fills up the last byte.
    for width in range(8, 200, 8):
        data = flat_jpeg(width, 8, [(1, 1)] * 3, (120, 90, 200))
        kept = cut_refused(with_zeros(data))
        assert kept == cut_refused(data)
        assert kept == data


def test_of_several_scans_only_the_coefficients_stay() -> None:
    data = saved("JPEG", progressive=True)
    kept = cut_refused(data) or b""
    assert pixels(kept) == pixels(data)
    # The bits that fill up its scans, and its restarts, are the encoder's choice.
    filled = data[:-3] + bytes((data[-3] & ~1,)) + data[-2:]
    assert pixels(filled) == pixels(data)
    assert filled != data
    assert cut_refused(filled) == kept
    assert cut_refused(saved("JPEG", progressive=True, restart_marker_rows=1)) == kept
    assert cut_refused(kept) == kept


def test_a_jpeg_with_more_restarts_than_it_says_is_not_kept() -> None:
    data = saved("JPEG", restart_marker_rows=1)
    said = segment(0xDD, b"\0\3")
    assert said in data
    assert cut_refused(data) is not None
    assert cut_refused(data.replace(said, segment(0xDD, b"\0\2"))) is None
