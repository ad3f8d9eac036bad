"""Turns the numbers of a TIFF into an image in one of the modes L, LA, RGB, RGBA, CMYK, LAB."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...color.profiles import to_srgb
from ..bit_depth import range_of, scaled, white_of
from .samples import TiffSamples

# PhotometricInterpretation: which colours the first samples are.
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, INKS, LAB, ICC_LAB = 0, 1, 2, 3, 5, 8, 9
_COLORS = {WHITE_IS_ZERO: "L", BLACK_IS_ZERO: "L", RGB: "RGB", PALETTE: "P", INKS: "CMYK", LAB: "LAB", ICC_LAB: "LAB"}
_PREMULTIPLIED, _STRAIGHT = 1, 2


def is_known(samples: TiffSamples) -> bool:
    """Whether pictures of these samples are read here."""
    mode = _COLORS.get(samples.photometric)
    if mode is None or samples.count < len(mode):
        return False
    if mode == "P":
        return samples.kind == "u" and samples.bits <= 16
    return mode in ("L", "RGB") or (samples.kind == "u" and samples.bits in (8, 16))


def to_image(
    values: NDArray[Any], samples: TiffSamples, color_map: NDArray[np.uint8] | None, white: int | None, profile: bytes
) -> Image.Image:
    """Numbers (height x width x samples) as an image. Inks with transparency become sRGB, through their profile.

    `color_map`: 3 bytes a colour; `white`: the number for white, None when the file does not say.
    """
    mode = _COLORS[samples.photometric]
    count = len(mode)
    colors, kind = values[..., :count], _alpha_kind(samples, count)
    alpha = values[..., count] if kind else None
    if mode == "P":
        return _by_palette(colors[..., 0], alpha, samples, color_map)
    if mode in ("CMYK", "LAB"):
        if alpha is None:
            return _of_bytes(_inks_or_lab(colors, samples), mode)
        if kind == _PREMULTIPLIED and mode == "CMYK":
            image = _of_bytes(_divided(colors, alpha), mode)
        else:
            image = _of_bytes(_inks_or_lab(colors, samples), mode)
        image = to_srgb(image, profile).convert("RGB")
        image.putalpha(Image.fromarray(_to_bytes(alpha, samples)))
        return image
    low, high = _range(colors, alpha if kind == _PREMULTIPLIED else None, samples, white, bool(profile))
    shown = _divided(colors, alpha) if alpha is not None and kind == _PREMULTIPLIED else scaled(colors, low, high)
    if samples.photometric == WHITE_IS_ZERO:
        shown = 255 - shown
    if alpha is None:
        return _of_bytes(shown, mode)
    opacity = scaled(alpha, *_alpha_range(alpha, low, high, samples))
    return _of_bytes(np.dstack([shown, opacity]), mode + "A")


def _alpha_kind(samples: TiffSamples, colors: int) -> int:
    """What the first sample after the colours is; 0 when it is not transparency."""
    if samples.count == colors:
        return 0
    # One more sample without a description is transparency, as in Pillow and libvips.
    default = _STRAIGHT if not samples.extra and samples.count == colors + 1 else 0
    kind = samples.extra[0] if samples.extra else default
    # Corel Draw writes 999.
    return _STRAIGHT if kind == 999 else kind if kind in (_PREMULTIPLIED, _STRAIGHT) else 0


def _range(
    colors: NDArray[Any], alpha: NDArray[Any] | None, samples: TiffSamples, white: int | None, described: bool
) -> tuple[float, float]:
    if samples.kind == "u" and samples.bits <= 16:
        if white:
            return 0.0, float(white)
        if samples.bits < 16:
            return 0.0, float(2**samples.bits - 1)
        return 0.0, float(white_of([colors] if alpha is None else [colors, alpha], described))
    if samples.kind == "i" and samples.bits <= 16:
        # Signed samples of few bits are mostly unsigned ones that were declared wrongly.
        highest = 2 ** (samples.bits - 1) - 1
        return range_of(colors, highest)
    return range_of(colors)


def _alpha_range(alpha: NDArray[Any], low: float, high: float, samples: TiffSamples) -> tuple[float, float]:
    """The range of transparency: that of the colours if it stays within, otherwise its own."""
    highest = float(alpha.max())
    full = float(2**samples.bits - 1) if samples.kind == "u" else 1.0
    if low == 0 and highest <= high:
        return 0.0, high
    return 0.0, full if highest <= full else highest


def _inks_or_lab(values: NDArray[Any], samples: TiffSamples) -> NDArray[np.uint8]:
    octets = _to_bytes(values, samples)
    if samples.photometric == ICC_LAB:
        # There a and b have an offset of 128. Pillow takes them signed, as in CIE's Lab.
        octets = octets ^ np.array([0, 128, 128], np.uint8)
    return octets


def _to_bytes(values: NDArray[Any], samples: TiffSamples) -> NDArray[np.uint8]:
    return values.astype(np.uint8) if samples.bits == 8 else (values >> 8).astype(np.uint8)


def _by_palette(
    numbers: NDArray[Any], alpha: NDArray[Any] | None, samples: TiffSamples, color_map: NDArray[np.uint8] | None
) -> Image.Image:
    if color_map is None:
        raise ValueError("the TIFF has no colour map")
    pixels = color_map[np.minimum(numbers, len(color_map) - 1)]
    if alpha is None:
        return _of_bytes(pixels, "RGB")
    opacity = scaled(alpha, 0, 2**samples.bits - 1)
    return _of_bytes(np.dstack([pixels, opacity]), "RGBA")


def _divided(colors: NDArray[Any], alpha: NDArray[Any]) -> NDArray[np.uint8]:
    """The colours before they were multiplied by alpha, 0 to 255."""
    result = np.empty(colors.shape, np.uint8)
    for number, row in enumerate(colors):
        opacity = np.maximum(alpha[number, :, None], np.finfo(np.float32).tiny).astype(np.float32)
        result[number] = np.nan_to_num(row * (255 / opacity) + 0.5, nan=0).clip(0, 255)
    return result


def _of_bytes(values: NDArray[np.uint8], mode: str) -> Image.Image:
    height, width = values.shape[:2]
    return Image.frombytes(mode, (width, height), np.ascontiguousarray(values).tobytes())
