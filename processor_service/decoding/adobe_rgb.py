"""Adobe RGB (1998) in JPEGs of cameras, which say so in their EXIF and have no colour profile.

Sources: DCF 2.0 (CIPA DC-009), option file: ColorSpace 0xFFFF and interoperability index `R03`. Primaries, white point
and gamma: Adobe RGB (1998) Color Image Encoding, version 2005-05, 4.3.1. The profile: ICC.1:2001-04 (version 2.4).
"""

from __future__ import annotations

import struct
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..metadata.exif import INTEROPERABILITY_INDEX, Exif, Tag

_OPTION_FILE = "R03"
_SRGB, _ADOBE_RGB = 1, 2
# Chromaticities x, y.
_PRIMARIES = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
_D65 = (0.3127, 0.3290)
_GAMMA = 563 / 256
# The white of the ICC's profile connection space, as in a profile's header.
_D50 = (0.9642, 1.0, 0.8249)
# Bradford's cone responses, which ICC profiles use to adapt white.
_CONES = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def is_adobe_rgb(exif_bytes: bytes) -> bool:
    """Whether EXIF says that the pixels are Adobe RGB.

    0xFFFF alone means any space that is not sRGB; 2 is not in the standard, but cameras and converters write it.
    """
    exif = Exif(exif_bytes)
    space = exif.number(exif.exif, Tag.COLOR_SPACE)
    return space == _ADOBE_RGB or (
        space != _SRGB and exif.text(exif.interoperability, INTEROPERABILITY_INDEX) == _OPTION_FILE
    )


def attach_adobe_rgb(image: Image.Image) -> None:
    """Give an opened JPEG without a profile the one that its EXIF names, as if it were embedded."""
    if (
        image.format in ("JPEG", "MPO")
        and "icc_profile" not in image.info
        and is_adobe_rgb(image.info.get("exif", b""))
    ):
        image.info["icc_profile"] = adobe_rgb_profile()


@lru_cache(maxsize=1)
def adobe_rgb_profile() -> bytes:
    """A matrix profile (about 500 bytes) of that colour space. Made here, as we may not distribute Adobe's own file."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(_GAMMA * 256)) + bytes(2)
    tags = {
        b"desc": _description("Compatible with Adobe RGB (1998)"),
        b"cprt": b"text" + bytes(4) + b"No copyright\0" + bytes(3),
        b"wtpt": _xyz(_xyz_of(_D65)),
        **{name: _xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), _matrix().T, strict=True)},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content
    return _header(start + len(body)) + table + body


def _matrix() -> NDArray[np.float64]:
    """Linear red, green and blue to XYZ relative to D50, in columns."""
    primaries = np.array([_xyz_of(primary) for primary in _PRIMARIES]).T
    to_xyz = primaries * np.linalg.solve(primaries, _xyz_of(_D65))
    scale = np.diag((_CONES @ np.array(_D50)) / (_CONES @ _xyz_of(_D65)))
    adapted: NDArray[np.float64] = np.linalg.inv(_CONES) @ scale @ _CONES @ to_xyz
    return adapted


def _xyz_of(chromaticity: tuple[float, float]) -> NDArray[np.float64]:
    """XYZ with Y = 1 of a chromaticity."""
    x, y = chromaticity
    return np.array([x / y, 1, (1 - x - y) / y])


def _header(size: int) -> bytes:
    return (
        struct.pack(">I4xI", size, 0x02400000)
        + b"mntrRGB XYZ "
        + struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
        + b"acsp"
        + bytes(28)
        + _s15(_D50)
        + bytes(48)
    )


def _s15(values: tuple[float, ...] | NDArray[np.float64]) -> bytes:
    """Signed numbers with 16 bits after the point."""
    return struct.pack(f">{len(values)}i", *(round(float(value) * 65536) for value in values))


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ " + bytes(4) + _s15(values)


def _description(text: str) -> bytes:
    """A `desc` with ASCII alone: no Unicode, no script code (ICC.1:2001-04, 6.5.17)."""
    letters = text.encode() + b"\0"
    content = b"desc" + bytes(4) + struct.pack(">I", len(letters)) + letters + bytes(8 + 3 + 67)
    return content + bytes(-len(content) % 4)
