"""The bounds on metadata that docs/formats.md names are those of the code."""

from __future__ import annotations

import re

import pytest

from processor_service.color import profiles
from processor_service.decoding import icons, salvage, windows_icons
from processor_service.metadata import blocks, collect, exif, iptc, png_metadata, text, xmp_packet
from processor_service.metadata.twins import sound
from tests.helpers.paths import ROOT

KIB, MIB = 1024, 1024**2
BOUNDS = [
    (f"a caption up to {text.MOST_OF_CAPTION:,} characters", "read"),
    (f"other texts up to {text.MOST_CHARACTERS:,}", "read"),
    (f"up to {text._MOST_WORDS} keywords of {text._MOST_WORD_CHARACTERS} characters", "read"),
    (f"among the first {exif._MOST_ENTRIES} of a directory", "read"),
    (f"XMP may have {xmp_packet._MOST_CHARACTERS // MIB} million characters", "read"),
    (f"and {xmp_packet._MOST_PARTS:,} elements and attributes", "read"),
    (f"IPTC {iptc._MOST_DATASETS:,} entries", "read"),
    (f"texts of a PNG may have {png_metadata._MOST_OF_WORDS // KIB} KiB each", "read"),
    (f"profiles and XMP {png_metadata._MOST_OF_PROFILE // MIB} MiB each", "read"),
    (f"all together {png_metadata._MOST_OF_ALL // MIB} MiB", "read"),
    (f"the first {sound._MOST_EXIFS} EXIFs and {blocks._MOST_COMMENTS} comments of a JPEG", "read"),
    (f"the first {collect._MOST_PNGS} PNGs of an icon", "read"),
    (f"{salvage.MOST_TEXT // MIB} MB for all texts, decompressed", "saved"),
    (f"{salvage._MOST_TRIED} parts are tried one by one", "saved"),
    (f"the first {sound._MOST_PROFILES} of a file are tried", "saved"),
    (f"of an icon, the {icons._MOST_TRIED} largest pictures of its first {windows_icons._MOST_ENTRIES}", "saved"),
    (f"profiles are used up to {profiles.MOST_BYTES // MIB} MB", "saved"),
]


@pytest.mark.parametrize(("bound", "paragraph"), BOUNDS)
def test_a_bound_is_documented(bound: str, paragraph: str) -> None:
    page = re.sub(r"\s+", " ", (ROOT / "docs/formats.md").read_text())
    begins = {"read": "**Bounds**:", "saved": "Bounds: in a PNG"}[paragraph]
    assert bound in page[page.index(begins) :][:900]
