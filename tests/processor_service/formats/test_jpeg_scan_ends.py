"""A JPEG is searched for bytes behind its scans, to the last byte."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from processor_service.formats import jpeg_scan_ends
from processor_service.formats.containers import jpeg_segments
from processor_service.formats.jpeg_scan_ends import needs_last_bytes
from tests.helpers.secrets_in_files import saved, small

KINDS: list[dict[str, Any]] = [
    {},
    {"progressive": True},
    {"restart_marker_rows": 1},
    {"subsampling": 0},
    {"keep_rgb": True},
]


def _with_a_byte_behind(data: bytes, scan: int) -> bytes:
    parts = [segment for _, segment in jpeg_segments(data)]
    places = [place for place, (marker, _) in enumerate(jpeg_segments(data)) if marker == 0xDA]
    parts[places[scan]] += b"Z"
    return b"".join(parts)


def _sizes() -> list[Image.Image]:
    # So that codes end at any bit of a byte.
    return [small().resize((17 + 5 * number, 9 + 7 * number)) for number in range(12)]


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_one_byte_behind_any_scan_is_found(mode: str, options: dict[str, Any]) -> None:
    for image in _sizes():
        data = saved("JPEG", image.convert(mode), **options)
        assert needs_last_bytes(data)
        for scan in range(sum(marker == 0xDA for marker, _ in jpeg_segments(data))):
            assert not needs_last_bytes(_with_a_byte_behind(data, scan)), scan


def test_restarts_behind_the_last_pixel_are_found() -> None:
    data = saved("JPEG", restart_marker_rows=1)
    assert not needs_last_bytes(data[:-2] + b"\xff\xd1" + data[-2:])


def test_the_last_scan_of_a_picture_that_was_cut_off_is_not_looked_into() -> None:
    data = saved("JPEG", progressive=True)
    assert not needs_last_bytes(data[:-2] + b"Z")
    assert needs_last_bytes(data[:-2] + b"Z", except_last_scan=True)
    assert not needs_last_bytes(_with_a_byte_behind(data, 0), except_last_scan=True)


def test_what_would_take_long_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_scan_ends, "_MOST_DECODED", 48 * 32)
    assert needs_last_bytes(saved("JPEG"))
    with pytest.raises(ValueError, match="too long"):
        needs_last_bytes(saved("JPEG", progressive=True))
