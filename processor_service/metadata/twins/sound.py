"""Which one of several blocks is sound."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from ...color.profiles import is_sound_profile
from ..exif import Exif

# Each is looked into. A file with more of them is made to keep this service busy.
_MOST_EXIFS, _MOST_PROFILES = 100, 20


def sound_exif(blocks: Iterable[bytes]) -> int | None:
    """The place of the first one of which nothing is missing, or else of the first one with any tags.

    None when there is no such one among the first hundred.
    """
    exifs = [Exif(block) for block in islice(blocks, _MOST_EXIFS)]
    whole = next((place for place, exif in enumerate(exifs) if exif.whole), None)
    return next((place for place, exif in enumerate(exifs) if exif.main), None) if whole is None else whole


def sound_profile(profiles: Iterable[bytes], grey: bool = False) -> int | None:
    """The place of the first profile that can be used for the pixels, or else of the first sound one.

    `grey`: whether the pixels are grey. None when there is no such one among the first twenty.
    """
    spaces = (b"GRAY", b"RGB ") if grey else (b"RGB ",)
    some = list(islice(profiles, _MOST_PROFILES))
    sound = [place for place, profile in enumerate(some) if is_sound_profile(profile)]
    return next((place for place in sound if some[place][16:20] in spaces), sound[0] if sound else None)
