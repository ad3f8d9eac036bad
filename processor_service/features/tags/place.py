"""Where a picture was taken: from EXIF, exact or only roughly."""

from __future__ import annotations

import math

from .exif import Exif, Tag

# Length of a degree of latitude, and of longitude at the equator: mean radius of the Earth 6371.0088 km (IUGG).
_KM_PER_DEGREE = 2 * math.pi * 6371.0088 / 360


def location(exif: Exif) -> tuple[float, float] | None:
    """Latitude and longitude in degrees; None when missing, out of range, or 0, 0, which devices write for unknown."""
    latitude = _degrees(exif, Tag.GPS_LATITUDE, Tag.GPS_LATITUDE_REF, "NS", 90)
    longitude = _degrees(exif, Tag.GPS_LONGITUDE, Tag.GPS_LONGITUDE_REF, "EW", 180)
    if latitude is None or longitude is None or latitude == longitude == 0:
        return None
    return latitude, longitude


def coarse(latitude: float, longitude: float, km: float) -> tuple[float, float]:
    """The nearest point of a grid whose lines lie `km` apart, so that only the cell is told.

    A degree of longitude shrinks with the cosine of the latitude; the grid line's own latitude is taken, so that all
    places of a cell give the same. Around the poles every longitude is the same place.
    """
    step = km / _KM_PER_DEGREE
    line = min(90.0, max(-90.0, round(latitude / step) * step))
    around = 360 * math.cos(math.radians(line))
    # A whole number of cells around the Earth, or the last one would be cut.
    cells = max(1, math.floor(around / step))
    place = round(longitude / 360 * cells) * 360 / cells
    return line, (place + 180) % 360 - 180


def _degrees(exif: Exif, tag: Tag, reference: Tag, letters: str, most: int) -> float | None:
    parts = exif.numbers(exif.gps, tag)
    side = (exif.text(exif.gps, reference) or "")[:1].upper()
    if not parts or len(parts) > 3 or side not in tuple(letters):
        return None
    degrees = sum(part / divisor for part, divisor in zip(parts, (1, 60, 3600), strict=False))
    if min(parts) < 0 or degrees > most:
        return None
    return -degrees if side == letters[1] else degrees
