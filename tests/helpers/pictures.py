"""Test pictures, and comparing pictures."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image, ImageChops, ImageStat

from tests.helpers.paths import PICTURES, ROOT

FAILED = ROOT / "build" / "failed-pictures"


def picture(name: str) -> bytes:
    """Bytes of one of the test pictures."""
    return (PICTURES / name).read_bytes()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def opened(data: str | bytes) -> Image.Image:
    """A picture from base64 or bytes, loaded."""
    image = Image.open(io.BytesIO(base64.b64decode(data) if isinstance(data, str) else data))
    image.load()
    return image


def pixel(image: Image.Image, at: tuple[int, int]) -> tuple[int, ...]:
    """A pixel of a picture with several channels."""
    value = image.getpixel(at)
    assert isinstance(value, tuple)
    return value


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def over_grey(image: Image.Image) -> Image.Image:
    """What is seen of a picture: the colours of transparent pixels do not matter."""
    grey = Image.new("RGBA", image.size, "#808080")
    grey.alpha_composite(image.convert("RGBA"))
    return grey


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference over all channels, 0 to 255; sizes must agree."""
    assert one.size == other.size, f"{one.size} is not {other.size}"
    mean = ImageStat.Stat(ImageChops.difference(one.convert("RGBA"), other.convert("RGBA"))).mean
    return sum(mean) / len(mean)


def assert_alike(one: Image.Image, other: Image.Image, tolerance: float, name: str = "picture") -> None:
    """Fail when pictures differ by more than `tolerance` (mean of 0 to 255), and save both so that one can look."""
    different = difference(one, other) if one.size == other.size else float("inf")
    if different > tolerance:
        FAILED.mkdir(parents=True, exist_ok=True)
        one.save(FAILED / f"{name}-is.png")
        other.save(FAILED / f"{name}-should-be.png")
        raise AssertionError(f"{name} differs by {different:.2f} > {tolerance}; see {FAILED}")
