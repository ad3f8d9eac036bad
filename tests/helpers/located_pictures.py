"""Pictures that say where they were taken, and a look for that in whatever was stored."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from PIL import ExifTags, Image

from processor_service.errors import ImageError
from processor_service.wire.payload import decode_payload
from tests.helpers.pictures import encoded

# In the GPS directory, of which no field is made.
SECRET = b"Zanzibar 7731"


def with_place(data: bytes) -> bytes:
    """The picture as a JPEG that says where it was taken."""
    image = Image.open(io.BytesIO(data))
    exif = Image.Exif()
    gps = {1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0), 18: SECRET.decode()}
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    tagged = encoded(image, "JPEG", exif=exif, quality=80)
    assert SECRET in tagged
    return tagged


def places(value: Any, path: str = "") -> Iterator[str]:
    """Dotted names of everything in a document that is a picture with that place in it, however it is written."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places(inner, f"{path}.{number}")
    elif isinstance(value, str):
        try:
            data = decode_payload(value, 100_000_000)
        except ImageError:
            return
        if SECRET in data:
            yield path
