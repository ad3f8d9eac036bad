"""A picture with everything that can be searched for."""

from __future__ import annotations

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from tests.helpers.pictures import encoded


def postcard() -> bytes:
    """Mostly teal with some orange, of 2020, from Sydney, about a bridge."""
    image = Image.new("RGB", (600, 400), "#008080")
    image.paste((255, 102, 0), (0, 0, 150, 400))
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "NIKON CORPORATION", "NIKON D750"
    exif[ExifTags.Base.ImageDescription] = "The harbour bridge"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2020:02:29 23:59:59"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {1: "S", 2: tuple(map(IFDRational, (33, 51, 25))), 3: "E", 4: tuple(map(IFDRational, (151, 12, 40)))}
    )
    return encoded(image, "JPEG", exif=exif.tobytes(), quality=95)
