"""A JPEG of one scan is searched for a byte behind it."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from processor_service.formats.jpeg_scan_ends import needs_last_byte
from tests.helpers.secrets_in_files import saved, small

KINDS: list[dict[str, Any]] = [{}, {"restart_marker_rows": 1}, {"subsampling": 0}, {"keep_rgb": True}]


def _sizes() -> list[Image.Image]:
    # So that codes end at any bit of a byte.
    return [small().resize((17 + 5 * number, 9 + 7 * number)) for number in range(12)]


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_one_byte_behind_the_scan_is_found(mode: str, options: dict[str, Any]) -> None:
    for image in _sizes():
        data = saved("JPEG", image.convert(mode), **options)
        assert needs_last_byte(data)
        assert not needs_last_byte(data[:-2] + b"Z" + data[-2:])


def test_restarts_behind_the_last_pixel_are_found() -> None:
    data = saved("JPEG", restart_marker_rows=1)
    assert not needs_last_byte(data[:-2] + b"\xff\xd1" + data[-2:])
