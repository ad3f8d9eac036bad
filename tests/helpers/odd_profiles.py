"""Pictures whose profile is of another colour space than their pixels, and grey ones of which some formats know none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from processor_service.decoding.adobe_rgb import adobe_rgb_profile
from processor_service.formats.boxes import box
from tests.helpers.named_profiles import table_profile
from tests.helpers.pictures import encoded
from tests.helpers.twin_parts import PROFILE, with_colors
from tests.processor_service.decoding import test_kinds_adobe_rgb as adobe

LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
INKS = table_profile(b"mft2", b"CMYK")
FORMATS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95},
    "PNG": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 95},
}
# Colour spaces of profiles by the mode of pixels that they fit.
SPACES = {"L": b"GRAY", "RGB": b"RGB ", "CMYK": b"CMYK"}


def grey_profile() -> bytes:
    """Of gamma 1.0, so that it is seen."""
    curve = b"curv" + bytes(4) + (0).to_bytes(4)
    point = b"XYZ " + bytes(4) + bytes.fromhex("0000f6d6000100000000d32d")
    words = b"desc" + bytes(4) + (2).to_bytes(4) + b"x\0" + bytes(78)
    right = b"text" + bytes(4) + b"x\0" + bytes(2)
    tags = {b"desc": words, b"cprt": right, b"wtpt": point, b"kTRC": curve}
    at, table, body = 132 + 12 * len(tags), len(tags).to_bytes(4), b""
    for name, content in tags.items():
        table += name + (at + len(body)).to_bytes(4) + len(content).to_bytes(4)
        body += content + bytes(-len(content) % 4)
    header = bytes(8) + bytes.fromhex("02400000") + b"mntrGRAYXYZ " + bytes(12) + b"acsp" + bytes(28)
    header += bytes.fromhex("0000f6d6000100000000d32d") + bytes(48)
    return (at + len(body)).to_bytes(4) + header[4:] + table + body


def ramp(mode: str) -> Image.Image:
    values = np.linspace(20, 235, 64 * 48).reshape(48, 64).astype(np.uint8)
    grey = Image.fromarray(values)
    return grey if mode == "L" else Image.merge("RGB", (grey, grey.rotate(180), grey)).convert(mode)


def files() -> Iterator[tuple[str, bytes]]:
    profiles = {"P3": PROFILE, "Adobe": adobe_rgb_profile(), "sRGB": SRGB}
    profiles |= {"grey": grey_profile(), "inks": INKS, "Lab": LAB}
    for format, options in FORMATS.items():
        for mode in ("L", "RGB"):
            for name, profile in profiles.items():
                yield f"{format}, {mode}, {name}", encoded(ramp(mode), format, icc_profile=profile, **options)
    for name, profile in profiles.items():
        yield f"TIFF, CMYK, {name}", encoded(ramp("CMYK"), "TIFF", icc_profile=profile)
        yield f"JPEG, CMYK, {name}", encoded(ramp("CMYK"), "JPEG", quality=95, icc_profile=profile)
    for mode, name in (("L", "grey"), ("RGB", "P3"), ("RGB", "grey"), ("RGB", "inks"), ("CMYK", "inks")):
        bare = encoded(ramp(mode), "JPEG2000")
        yield f"JPEG 2000, {mode}, {name}", with_colors(bare, box(b"colr", b"\2\0\0" + profiles[name]))
    yield "JPEG, L, none, Adobe RGB in its EXIF", encoded(ramp("L"), "JPEG", quality=95, exif=adobe.exif(2, None))
