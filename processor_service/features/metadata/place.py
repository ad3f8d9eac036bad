"""Where a picture was taken, from EXIF or XMP, exact or rounded. Not the place that it shows, nor a destination."""

from __future__ import annotations

import math
import re

from ...metadata.exif import Exif, Tag
from ...metadata.xmp import MADE_AT, Xmp

# Length of a degree of latitude, and of longitude at the equator: mean radius of the Earth 6371.0088 km (IUGG).
_KM_PER_DEGREE = 2 * math.pi * 6371.0088 / 360
# XMP's `48,51,30N` and `48,51.5N` (ISO 16684-1, GPSCoordinate), and other ways to write it: `-33.85`, `48° 51' 30" N`.
_WRITTEN = re.compile(
    r"([NSEW])?\s*([+-]?\d{1,3}(?:\.\d+)?)\s*(?:(?:,|:|°|º|deg|\s)\s*(\d{1,2}(?:\.\d+)?)\s*)?"
    r"(?:(?:,|:|'|′|’|\s)\s*(\d{1,2}(?:\.\d+)?)\s*)?[°º'′’\"″”]*\s*([NSEW])?$",
    re.IGNORECASE | re.ASCII,
)


def location(exif: Exif, xmp: Xmp) -> tuple[float, float] | None:
    """Latitude and longitude in degrees; None when missing, out of range, or 0, 0, which devices write for unknown.

    Both come from EXIF, or both from XMP. Half a place from each is no place.
    """
    places = (
        _place(
            _from_exif(exif, Tag.GPS_LATITUDE, Tag.GPS_LATITUDE_REF, "NS", 90),
            _from_exif(exif, Tag.GPS_LONGITUDE, Tag.GPS_LONGITUDE_REF, "EW", 180),
        ),
        *(
            _place(
                _from_xmp(xmp, f"{part}exif:GPSLatitude", "NS", 90),
                _from_xmp(xmp, f"{part}exif:GPSLongitude", "EW", 180),
            )
            for part in ("", MADE_AT)
        ),
    )
    return next((place for place in places if place), None)


def coarse(latitude: float, longitude: float, km: float) -> tuple[float, float]:
    """The nearest point of a grid whose lines are `km` apart, so that only the cell is revealed.

    A degree of longitude shrinks with the cosine of the latitude. The latitude of the grid line is used, so that all
    places in a cell give the same point. Around the poles all longitudes are the same place.
    """
    step = km / _KM_PER_DEGREE
    line = min(90.0, max(-90.0, round(latitude / step) * step))
    around = 360 * math.cos(math.radians(line))
    # A whole number of cells fits around the Earth. Otherwise the last one would be smaller.
    cells = max(1, math.floor(around / step))
    place = round(longitude / 360 * cells) * 360 / cells
    return line, (place + 180) % 360 - 180


def _place(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    if latitude is None or longitude is None or latitude == longitude == 0:
        return None
    return latitude, longitude


def _from_exif(exif: Exif, tag: Tag, reference: Tag, sides: str, most: int) -> float | None:
    parts, side = exif.values(exif.gps, tag), exif.text(exif.gps, reference)
    # Minutes and seconds of 0/0 are unknown. The rest of the place is near enough.
    while len(parts) > 1 and math.isnan(parts[-1]):
        parts.pop()
    if parts:
        return _degrees(parts, side, sides, most)
    return _written(exif.text(exif.gps, tag), side, sides, most)


def _from_xmp(xmp: Xmp, name: str, sides: str, most: int) -> float | None:
    (text, *_), (side, *_) = xmp.get(name, [""]), xmp.get(f"{name}Ref", [""])
    return _written(text, side, sides, most)


def _written(text: str | None, side: str | None, sides: str, most: int) -> float | None:
    match = _WRITTEN.match((text or "").strip())
    if match is None:
        return None
    before, *numbers, behind = match.groups()
    parts = [float(number) for number in numbers if number]
    if any(part > 60 for part in parts[1:]):
        return None
    # A sign gives the side when nothing else does: `-33.85` is south, `33.85` north.
    return _degrees(parts, behind or before or side or sides["-" in numbers[0]], sides, most)


def _degrees(parts: list[float], side: str | None, sides: str, most: int) -> float | None:
    """Degrees, minutes and seconds as degrees; None when they contradict the side of the equator or of Greenwich.

    Also None when neither a letter nor a sign gives the side: the wrong half of the world is worse than no place.
    """
    letter = (side or "").strip()[:1].upper()
    if len(parts) > 3 or not all(map(math.isfinite, parts)):
        return None
    if parts[0] < 0 and letter in ("", sides[1]):
        letter, parts = sides[1], [abs(part) for part in parts]
    degrees = sum(part / divisor for part, divisor in zip(parts, (1, 60, 3600), strict=False))
    if letter not in tuple(sides) or min(parts) < 0 or degrees > most:
        return None
    return -degrees if letter == sides[1] else degrees
