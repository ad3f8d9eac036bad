"""metadata."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from ..picture import Picture
from . import Feature
from .tags.camera import camera_name
from .tags.dates import iso_date
from .tags.exif import Exif, Tag
from .tags.iptc import Dataset, read_iptc
from .tags.place import coarse, location
from .tags.text import cleaned, keywords
from .tags.xmp import read_xmp

# Written by cameras into every picture.
_MEANINGLESS = frozenset(
    ("olympus digital camera", "minolta digital camera", "sony dsc", "samsung", "digital camera", "exif_jpeg_picture")
)
_MOST_ISO = 10_000_000
_XMP_DATES = ("exif:DateTimeOriginal", "photoshop:DateCreated")

Xmp = dict[str, list[str]]


class Metadata(Feature):
    """What the camera and people wrote into the picture: when, with what, where, title, caption, keywords, rights."""

    produces: ClassVar[tuple[str, ...]] = ("metadata",)
    # Who wrote what is personal: it is kept when a pipeline says so.
    default: ClassVar[bool] = False
    of_source: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"location": "coarse", "coarse_km": 10}

    location: Literal["off", "coarse", "full"] = Field(
        "off", description="place: none, rounded to a grid of `coarse_km`, or as it came"
    )
    coarse_km: float = Field(10, ge=1, le=1000, description="distance of the grid's lines in kilometres")

    def extract(self, picture: Picture) -> dict[str, Any]:
        """What can be read of it; a broken tag is left out."""
        raw = picture.metadata
        exif, xmp = Exif(raw.exif), read_xmp(raw.xmp)
        fields = _camera(exif, xmp) | _words(exif, xmp, read_iptc(raw.iptc)) | self._place(exif)
        found = {name: value for name, value in fields.items() if value not in (None, [])}
        return {"metadata": found} if found else {}

    def _place(self, exif: Exif) -> dict[str, Any]:
        place = None if self.location == "off" else location(exif)
        if place is None:
            return {}
        latitude, longitude = coarse(*place, self.coarse_km) if self.location == "coarse" else place
        # A millionth of a degree is a decimetre.
        return {"location": {"lat": round(latitude, 6), "lon": round(longitude, 6)}}


def _camera(exif: Exif, xmp: Xmp) -> dict[str, Any]:
    directory = exif.exif
    iso = _positive(exif.number(directory, Tag.ISO), _MOST_ISO)
    if iso is None or iso == 0xFFFF:
        # Where 16 bits are not enough the true value is here.
        iso = _positive(exif.number(directory, Tag.RECOMMENDED_EXPOSURE_INDEX), _MOST_ISO)
    make = exif.text(exif.main, Tag.MAKE) or _first(*xmp.get("tiff:Make", ()))
    model = exif.text(exif.main, Tag.MODEL) or _first(*xmp.get("tiff:Model", ()))
    lens = exif.text(directory, Tag.LENS_MODEL) or _first(*xmp.get("exifEX:LensModel", ()), *xmp.get("aux:Lens", ()))
    return {
        "camera": camera_name(make, model),
        "lens": camera_name(exif.text(directory, Tag.LENS_MAKE), lens) if lens else None,
        "focal_length": _positive(exif.number(directory, Tag.FOCAL_LENGTH), 100_000),
        "exposure_time": _positive(exif.number(directory, Tag.EXPOSURE_TIME), 1_000_000),
        "f_number": _positive(exif.number(directory, Tag.F_NUMBER), 1000),
        "iso": None if iso is None else max(1, round(iso)),
        "software": exif.text(exif.main, Tag.SOFTWARE) or _first(*xmp.get("xmp:CreatorTool", ())),
    }


def _words(exif: Exif, xmp: Xmp, iptc: dict[int, list[str]]) -> dict[str, Any]:
    """What people wrote. XMP is what current software edits, so it comes first (Metadata Working Group, 2010)."""
    main = exif.main
    windows_keywords = (exif.text(main, Tag.WINDOWS_KEYWORDS) or "").split(";")
    return {
        "taken_at": _taken_at(exif, xmp, iptc),
        "title": _first(*xmp.get("dc:title", ()), *iptc.get(Dataset.TITLE, ()), exif.text(main, Tag.WINDOWS_TITLE)),
        "caption": _first(
            *xmp.get("dc:description", ()), *iptc.get(Dataset.CAPTION, ()), exif.text(main, Tag.DESCRIPTION)
        ),
        "keywords": keywords([*xmp.get("dc:subject", ()), *iptc.get(Dataset.KEYWORDS, ()), *windows_keywords]),
        "artist": _first(
            "; ".join(xmp.get("dc:creator", ())),
            exif.text(main, Tag.ARTIST),
            "; ".join(iptc.get(Dataset.BYLINE, ())),
        ),
        "copyright": exif.text(main, Tag.COPYRIGHT),
        "rights": _first(*xmp.get("dc:rights", ()), *iptc.get(Dataset.COPYRIGHT, ())),
    }


def _taken_at(exif: Exif, xmp: Xmp, iptc: dict[int, list[str]]) -> str | None:
    """When the picture was taken: not when the file was changed, which is what EXIF's `DateTime` says."""

    def from_exif(*tags: Tag) -> str | None:
        return iso_date(*(exif.text(exif.exif, tag) for tag in tags))

    iptc_date = " ".join(text for number in (Dataset.DATE, Dataset.TIME) for text in iptc.get(number, ())[:1])
    return (
        from_exif(Tag.TAKEN, Tag.TAKEN_OFFSET, Tag.TAKEN_SUBSECOND)
        or next((date for name in _XMP_DATES for text in xmp.get(name, ()) if (date := iso_date(text))), None)
        or iso_date(iptc_date)
        or from_exif(Tag.DIGITIZED, Tag.DIGITIZED_OFFSET, Tag.DIGITIZED_SUBSECOND)
    )


def _first(*values: str | None) -> str | None:
    """The first text that says something, cleaned."""
    clean = (cleaned(value) for value in values if value)
    return next((value for value in clean if value and value.casefold() not in _MEANINGLESS), None)


def _positive(value: float | None, most: float) -> float | None:
    """A measure with six significant digits, None when it is none."""
    return float(f"{value:.6g}") if value is not None and 0 < value <= most else None
