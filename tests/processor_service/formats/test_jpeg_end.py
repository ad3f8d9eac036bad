from __future__ import annotations

from typing import Any

import pytest

from processor_service.formats import jpeg_end
from processor_service.formats.jpeg_end import bytes_left_over
from tests.helpers.secrets_in_files import saved


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": 0}])
def test_what_lies_behind_the_pixels_is_counted(options: dict[str, Any]) -> None:
    data = saved("JPEG", **options)
    assert bytes_left_over(data) == 0
    # The decoder takes up to eight bytes more than it needs.
    assert 92 <= (bytes_left_over(data[:-2] + b"\x55" * 100 + data[-2:]) or 0) <= 100
    assert bytes_left_over(data[:-100]) is None


def test_pictures_that_take_long_are_not_decoded_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, scans = saved("JPEG"), saved("JPEG", progressive=True)
    pixels = 48 * 32
    for limit, most, seen in (
        ("_MOST_PIXELS", pixels, (0, 0)),
        ("_MOST_PIXELS", pixels - 1, (None, 0)),
        ("_MOST_IN_SCANS", pixels, (0, 0)),
        ("_MOST_IN_SCANS", pixels - 1, (0, None)),
        ("_MOST_TIMES_SCANS", 10 * pixels, (0, 0)),
        ("_MOST_TIMES_SCANS", 10 * pixels - 1, (0, None)),
    ):
        with monkeypatch.context() as changed:
            changed.setattr(jpeg_end, limit, most)
            assert (bytes_left_over(plain), bytes_left_over(scans)) == seen, (limit, most)
