"""metadata."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from pydantic import Field

from ...fields import DATE, FLOAT, GEO_POINT, INTEGER, WORDS, DocumentField
from ...metadata.exif import Tag
from ...metadata.iptc import Dataset
from ...metadata.tags import Tags, read_tags
from ...metadata.text import cleaned
from ...metadata.words import words
from ...picture import Picture
from .. import Feature
from .camera import camera_name
from .dates import iso_date
from .place import coarse, location

_MOST_ISO = 10_000_000
_NUMBER = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(?:/([0-9]{1,12}))?$")


class Metadata(Feature):
    """What camera and people wrote into the picture: when, with what, where, title, caption, keywords, rights."""

    fields: ClassVar[tuple[DocumentField, ...]] = (
        DocumentField(
            "metadata.taken_at",
            "when it was taken, as exactly as known (`1978`, `1978-05`); the camera's local time without an offset",
            DATE,
        ),
        DocumentField("metadata.camera", "make and model of the camera", WORDS),
        DocumentField("metadata.lens", "the lens", WORDS),
        DocumentField("metadata.focal_length", "focal length in millimetres", FLOAT),
        DocumentField("metadata.exposure_time", "exposure time in seconds", FLOAT),
        DocumentField("metadata.f_number", "aperture: 2.8 for f/2.8", FLOAT),
        DocumentField("metadata.iso", "sensitivity", INTEGER),
        DocumentField("metadata.software", "the program that wrote the picture", WORDS),
        DocumentField("metadata.title", "title that somebody gave the picture (XMP, IPTC, EXIF, PNG)", WORDS),
        DocumentField(
            "metadata.caption", "what somebody wrote about it (XMP, IPTC, EXIF, PNG, comments)", {"type": "text"}
        ),
        DocumentField("metadata.keywords", "keywords that somebody gave it (XMP, IPTC, EXIF)", WORDS, many=True),
        DocumentField("metadata.artist", "who made it", WORDS),
        DocumentField("metadata.copyright", "copyright notice in EXIF, or in the text of a PNG", WORDS),
        DocumentField("metadata.rights", "rights as in XMP and IPTC", WORDS),
        DocumentField(
            "metadata.location", "where it was taken; only when the pipeline says `coarse` or `full`", GEO_POINT
        ),
    )
    # Metadata is personal: it is kept only if a pipeline says so.
    default: ClassVar[bool] = False
    of_source: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"location": "coarse", "coarse_km": 10}

    location: Literal["off", "coarse", "full"] = Field(
        "off", description="place: none, rounded to a grid of `coarse_km`, or exact"
    )
    coarse_km: float = Field(10, ge=1, le=1000, description="distance of the grid's lines in kilometres")

    def extract(self, picture: Picture) -> dict[str, Any]:
        """The metadata that can be read. Broken tags are left out."""
        tags = read_tags(picture.metadata)
        fields = _camera(tags) | {"taken_at": _taken_at(tags)} | words(tags) | self._place(tags)
        found = {name: value for name, value in fields.items() if value not in (None, [])}
        return {"metadata": found} if found else {}

    def _place(self, tags: Tags) -> dict[str, Any]:
        place = None if self.location == "off" else location(tags.exif, tags.xmp)
        if place is None:
            return {}
        latitude, longitude = coarse(*place, self.coarse_km) if self.location == "coarse" else place
        # A millionth of a degree is about a decimetre.
        return {"location": {"lat": round(latitude, 6), "lon": round(longitude, 6)}}


def _camera(tags: Tags) -> dict[str, Any]:
    exif, directory = tags.exif, tags.exif.exif
    iso = _measure(tags, Tag.ISO, "exifEX:PhotographicSensitivity", "exif:ISOSpeedRatings", most=_MOST_ISO)
    if iso is None or iso == 0xFFFF:
        # When 16 bits are not enough, the true value is here.
        iso = _measure(tags, Tag.RECOMMENDED_EXPOSURE_INDEX, "exifEX:RecommendedExposureIndex", most=_MOST_ISO)
    make = _named(exif.text(exif.main, Tag.MAKE), *tags.in_xmp("tiff:Make"))
    model = _named(exif.text(exif.main, Tag.MODEL), *tags.in_xmp("tiff:Model"))
    lens = _named(exif.text(directory, Tag.LENS_MODEL), *tags.in_xmp("exifEX:LensModel", "aux:Lens"))
    return {
        "camera": camera_name(make, model),
        "lens": camera_name(_named(exif.text(directory, Tag.LENS_MAKE)), lens) if lens else None,
        "focal_length": _measure(tags, Tag.FOCAL_LENGTH, "exif:FocalLength", most=100_000),
        "exposure_time": _measure(tags, Tag.EXPOSURE_TIME, "exif:ExposureTime", most=1_000_000),
        "f_number": _measure(tags, Tag.F_NUMBER, "exif:FNumber", most=1000),
        "iso": None if iso is None else max(1, round(iso)),
        "software": _named(
            exif.text(exif.main, Tag.SOFTWARE),
            *tags.in_xmp("xmp:CreatorTool"),
            *tags.in_iptc(Dataset.PROGRAM),
            tags.texts.get("software"),
        ),
    }


def _taken_at(tags: Tags) -> str | None:
    """When the picture was taken. EXIF's `DateTime` says when the file was changed, so it is not used."""

    def from_exif(*names: Tag) -> str | None:
        return iso_date(*(tags.exif.text(tags.exif.exif, name) for name in names))

    def from_xmp(*names: str) -> str | None:
        return next((date for text in tags.in_xmp(*names) if (date := iso_date(text))), None)

    def from_iptc(*numbers: Dataset) -> str | None:
        return iso_date(" ".join(text for number in numbers for text in tags.in_iptc(number)[:1]))

    return (
        from_exif(Tag.TAKEN, Tag.TAKEN_OFFSET, Tag.TAKEN_SUBSECOND)
        or from_xmp("exif:DateTimeOriginal", "photoshop:DateCreated")
        or from_iptc(Dataset.DATE, Dataset.TIME)
        or from_exif(Tag.DIGITIZED, Tag.DIGITIZED_OFFSET, Tag.DIGITIZED_SUBSECOND)
        or from_xmp("xmp:CreateDate", "exif:DateTimeDigitized", "dc:date")
        or from_iptc(Dataset.DIGITIZED_DATE, Dataset.DIGITIZED_TIME)
        or iso_date(tags.texts.get("creation time"))
    )


def _measure(tags: Tags, tag: Tag, *names: str, most: float) -> float | None:
    """A number from EXIF, else from XMP, with six significant digits; None when there is none between 0 and `most`."""
    exif = tags.exif.number(tags.exif.exif, tag)
    numbers = (exif, *(_number(text) for text in tags.in_xmp(*names)))
    return next((float(f"{value:.6g}") for value in numbers if value is not None and 0 < value <= most), None)


def _named(*values: str | None) -> str | None:
    """The first name that is not empty, cleaned."""
    return next((name for value in values if value and (name := cleaned(value))), None)


def _number(text: str) -> float | None:
    """`28/10` and `2.8`, as XMP writes numbers."""
    match = _NUMBER.match(text.strip())
    try:
        return float(match[1]) / float(match[2] or 1) if match else None
    except ZeroDivisionError:
        return None
