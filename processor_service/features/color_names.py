"""The nearest of a few basic colour names, by distance in OKLab."""

from __future__ import annotations

from functools import cache

_GREY_CHROMA = 0.033
_BLACK_LIGHTNESS = 0.22
# OKLab lightness below which a grey has that name.
_GREYS = ((0.30, "black"), (0.72, "gray"), (0.93, "silver"), (2.0, "white"))
# CSS's basic colours without the near-doubles that nobody searches for, plus the everyday ones it lacks.
_NAMED = {
    "red": (220, 30, 30),
    "maroon": (110, 20, 30),
    "orange": (250, 140, 20),
    "brown": (120, 75, 40),
    "beige": (225, 205, 170),
    "yellow": (250, 225, 40),
    "olive": (115, 115, 40),
    "green": (50, 150, 50),
    "teal": (0, 128, 128),
    "cyan": (60, 215, 225),
    "skyblue": (150, 190, 235),
    "blue": (40, 95, 215),
    "navy": (20, 30, 90),
    "purple": (125, 50, 145),
    "pink": (245, 160, 185),
    "magenta": (225, 40, 165),
}


def oklab(red: int, green: int, blue: int) -> tuple[float, float, float]:
    """sRGB (0 to 255) to OKLab: L 0 to 1, a and b about -0.4 to 0.4.

    Source: B. Ottosson, "A perceptual color space for image processing", 2020.
    """
    r, g, b = (_linear(value / 255) for value in (red, green, blue))
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def color_name(red: int, green: int, blue: int) -> str:
    """The name of the nearest basic colour to an sRGB colour (0 to 255).

    Nearly grey colours get a grey name by lightness alone; for the others hue and chroma count more than lightness, as
    they do for people who name colours.
    """
    lightness, a, b = oklab(red, green, blue)
    chroma = (a * a + b * b) ** 0.5
    if chroma < _GREY_CHROMA or lightness < _BLACK_LIGHTNESS:
        return next(name for limit, name in _GREYS if lightness < limit)
    return min(
        _points(),
        key=lambda point: (0.4 * (lightness - point[1][0])) ** 2 + (a - point[1][1]) ** 2 + (b - point[1][2]) ** 2,
    )[0]


@cache
def _points() -> tuple[tuple[str, tuple[float, float, float]], ...]:
    return tuple((name, oklab(*rgb)) for name, rgb in _NAMED.items())


def _linear(value: float) -> float:
    """IEC 61966-2-1 (sRGB) transfer function, inverse."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
