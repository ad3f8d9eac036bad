"""Says what stays in a file beside its pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from ...color.bare_profile import bare_profile
from ..exif import Exif, Tag

# Colour spaces of profiles (ICC.1:2022, table 19).
GREY, RGB, INKS, LAB = b"GRAY", b"RGB ", b"CMYK", b"Lab "
_PREFIX = b"Exif\0\0"
# A file of 20 MB may have five million segments, which take 13 seconds. Pictures have some thousands.
_MOST_PARTS = 100_000
# Of a part that is cut off the length stays. Four letters are a larger number.
NO_LENGTH = 1 << 30
_Part = TypeVar("_Part")


def few(parts: Iterator[_Part]) -> Iterator[_Part]:
    """The same parts. Raises ValueError when there are more than any picture has."""
    for number, part in enumerate(parts):
        if number == _MOST_PARTS:
            raise ValueError("the file has too many parts")
        yield part


@dataclass(frozen=True)
class Kept:
    """`exif`: EXIF to write, None for none. `profile`: whether the colour profile may stay.

    `colors_depend_on_it`: whether the picture looks different by its profile.
    `at_any_price`: the picture cannot be encoded again, so a profile of an unknown kind is left out. `used_up`: the
    decoder of a JPEG has read its pixels, and found nothing behind them except for a few bytes that it may have taken
    without need. `cut_off`: the picture was refused because pixels are missing at its end.
    """

    exif: bytes | None = None
    profile: bool = True
    colors_depend_on_it: bool = False
    at_any_price: bool = False
    used_up: bool = False
    cut_off: bool = False

    @property
    def bare_exif(self) -> bytes:
        """The EXIF as a TIFF structure, without the prefix that only JPEG has."""
        return (self.exif or b"").removeprefix(_PREFIX)

    @property
    def names(self) -> dict[Tag, str]:
        """Author and owner, if the recipe keeps them: all of the EXIF except the turn."""
        exif = Exif(self.bare_exif)
        texts = {tag: exif.text(exif.main, tag) for tag in (Tag.ARTIST, Tag.COPYRIGHT)}
        return {tag: text for tag, text in texts.items() if text}

    def no_room_for_exif(self) -> None:
        """For containers in which no EXIF is written. Raises ValueError when there is some to write."""
        if self.exif:
            raise ValueError("the format has no room for the EXIF that is to be kept")

    def checked_profile(self, profile: bytes, *spaces: bytes) -> bytes:
        """The profile with nothing but colours in it (bare_profile.py); empty when it is not one (ICC.1:2022, 7.2).

        Empty, too, when it is of none of the colour spaces that the pixels may have, and so says nothing about them.
        Raises ValueError for a profile that must not be kept, or of an unknown kind: then the pixels must be converted.
        """
        size = int.from_bytes(profile[:4])
        if profile[36:40] != b"acsp" or not 128 < size <= len(profile):
            return b""
        fits = profile[16:20] in spaces
        if not fits and not self.colors_depend_on_it:
            return b""
        if not self.profile or not fits:
            raise ValueError("the colour profile is not to be kept")
        bare = bare_profile(profile[:size])
        if not bare and not self.at_any_price:
            raise ValueError("a kind of colour profile that is not known")
        return bare
