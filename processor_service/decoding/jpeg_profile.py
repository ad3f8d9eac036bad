"""Finds the colour profile of a JPEG when a stray segment stands beside it."""

from __future__ import annotations

from PIL import Image, JpegImagePlugin

_NAME = b"ICC_PROFILE\0"


def attach_profile(image: Image.Image) -> None:
    """Give a JPEG the profile that its segments make, if Pillow has found none.

    A profile is split into pieces, each with its number, from 1, and how many there are (ICC.1:2022, B.4). Pillow takes
    none if there is one piece more. Here pieces belong together that name the same number of pieces; the last ones that
    are all there are the profile.
    """
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or image.info.get("icc_profile"):
        return
    # Pillow notes that there is a broken one.
    image.info.pop("icc_profile", None)
    sets: dict[int, dict[int, bytes]] = {}
    for name, segment in image.applist:
        if name == "APP2" and segment.startswith(_NAME) and len(segment) > len(_NAME) + 2:
            number, count = segment[len(_NAME) : len(_NAME) + 2]
            sets.setdefault(count, {})[number] = segment[len(_NAME) + 2 :]
    for count, pieces in sets.items():
        numbers = range(1, count + 1)
        if count and pieces.keys() >= set(numbers):
            image.info["icc_profile"] = b"".join(pieces[number] for number in numbers)
