"""Reads all tags of a picture once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..picture import RawMetadata
from .exif import Exif
from .iptc import read_iptc
from .xmp import Xmp, read_xmp


@dataclass(frozen=True)
class Tags:
    """What the readers found. `texts`: texts of PNG and comments of GIF and JPEG, by keyword in lower case."""

    exif: Exif
    xmp: Xmp
    iptc: Mapping[int, list[str]]
    texts: Mapping[str, str]

    def in_xmp(self, *names: str) -> list[str]:
        """The values of several properties, one after the other."""
        return [value for name in names for value in self.xmp.get(name, ())]

    def in_iptc(self, *numbers: int) -> list[str]:
        """The values of several datasets, one after the other."""
        return [value for number in numbers for value in self.iptc.get(number, ())]


def read_tags(metadata: RawMetadata) -> Tags:
    """Read raw metadata. What is broken is left out."""
    return Tags(
        Exif(metadata.exif),
        read_xmp(metadata.xmp, metadata.xmp_extension),
        read_iptc(metadata.iptc),
        metadata.texts,
    )
