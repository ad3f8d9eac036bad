"""Every type of PNG against a decoder of our own that follows the specification and shares nothing with Pillow."""

from __future__ import annotations

import numpy as np
import pytest

from tests.processor_service.kinds import decoded, refused, rgba
from tests.processor_service.png_reference import decode_png
from tests.support import PICTURES, picture

SUITE = sorted(path.name for path in (PICTURES / "pngsuite").glob("*.png"))
VALID = [name for name in SUITE if not name.startswith("x")]


@pytest.mark.parametrize("name", VALID)
def test_a_png_is_what_the_specification_says(name: str) -> None:
    data = picture(f"pngsuite/{name}")
    expected = decode_png(data).astype(np.int64)
    expected[expected[..., 3] == 0] = 0
    assert np.abs(rgba(decoded(data).image) - expected).max() <= 1


def test_the_suite_is_whole() -> None:
    assert len(VALID) > 150


# xcsn0g01: a wrong checksum of the pixels, which decoders pass over; the pixels are whole.
@pytest.mark.parametrize("name", [name for name in SUITE if name.startswith("x") and name != "xcsn0g01.png"])
def test_an_invalid_png_is_refused(name: str) -> None:
    code, reason = refused(f"pngsuite/{name}")
    assert code.code in ("not_an_image", "corrupt_image", "truncated_image")
    assert len(reason) > 15


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("basn0g01", "L"),
        ("basn0g16", "L"),
        ("basn4a16", "LA"),
        ("basn6a16", "RGBA"),
        ("basn3p02", "RGB"),
        ("tbbn3p08", "RGBA"),
        ("tbbn0g04", "LA"),
        ("tbwn0g16", "LA"),
    ],
)
def test_grey_stays_grey_and_alpha_comes_only_where_it_is(name: str, mode: str) -> None:
    assert decoded(f"pngsuite/{name}.png").image.mode == mode
