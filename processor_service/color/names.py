"""Finds the nearest of a few basic colour names, by distance in OKLab."""

from __future__ import annotations

from functools import cache

from .oklab import oklab

_GREY_CHROMA = 0.033
_BLACK_LIGHTNESS = 0.22
# Greys have the name below this OKLab lightness.
_GREYS = ((0.30, "black"), (0.72, "gray"), (0.93, "silver"), (2.0, "white"))
# Shades with the name. Names: CSS's basic colours without near duplicates that nobody searches for, plus everyday names
# that CSS does not have.
_NAMED = {
    # Slate and similar colours, which people call gray although they have a tint.
    "gray": ((98, 118, 134), (40, 56, 42)),
    "red": ((220, 30, 30), (205, 88, 92)),
    "maroon": ((110, 20, 30),),
    "orange": ((250, 140, 20), (218, 165, 32), (208, 95, 60)),
    "brown": ((120, 75, 40), (62, 40, 24), (88, 72, 54), (165, 130, 112)),
    "beige": ((225, 205, 170),),
    "yellow": ((250, 225, 40),),
    "olive": ((115, 115, 40), (175, 170, 100), (143, 148, 120), (80, 90, 55)),
    "green": ((50, 150, 50), (95, 140, 70), (145, 195, 145), (195, 240, 195), (113, 145, 105)),
    "teal": ((0, 128, 128),),
    "cyan": ((60, 215, 225), (175, 238, 238)),
    "skyblue": ((150, 190, 235), (173, 216, 230)),
    "blue": ((40, 95, 215), (75, 130, 190)),
    "navy": ((20, 30, 90), (50, 66, 98)),
    "purple": ((125, 50, 145), (140, 105, 145)),
    "pink": ((245, 160, 185), (255, 105, 180)),
    "magenta": ((225, 40, 165),),
}


# A shade of each name by which people recognize it, `#rrggbb`.
SHADES = {
    **{"black": "#111111", "gray": "#808080", "silver": "#c4c4c4", "white": "#ffffff"},
    **{name: "#{:02x}{:02x}{:02x}".format(*shades[0]) for name, shades in _NAMED.items() if name != "gray"},
}
NAMES = tuple(SHADES)


def color_name(lightness: float, a: float, b: float) -> str:
    """The name of the nearest basic colour to a colour in OKLab (lightness 0 to 1).

    Nearly grey colours get a grey name by lightness alone; for the others hue and chroma count more than lightness, as
    they do for people who name colours.
    """
    chroma = (a * a + b * b) ** 0.5
    if chroma < _GREY_CHROMA or lightness < _BLACK_LIGHTNESS:
        return next(name for limit, name in _GREYS if lightness < limit)
    return min(
        _points(),
        key=lambda point: (0.4 * (lightness - point[1][0])) ** 2 + (a - point[1][1]) ** 2 + (b - point[1][2]) ** 2,
    )[0]


@cache
def _points() -> tuple[tuple[str, tuple[float, float, float]], ...]:
    return tuple((name, oklab(*rgb)) for name, shades in _NAMED.items() for rgb in shades)
