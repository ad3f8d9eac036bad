"""Texts and raw profiles in the chunks of a PNG."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
from PIL import Image

from processor_service.metadata.cut import cut_refused
from processor_service.metadata.write import copyright_of
from tests.helpers.described_files import (
    EXIF,
    IPTC,
    MAIN,
    OF_EXIF,
    OF_IPTC,
    OF_XMP,
    PHOTOSHOP,
    PREFIX,
    SUB,
    XAP,
    XMP,
    fields,
    international,
    international_packed,
    packed,
    text,
)
from tests.helpers.kinds import decoded
from tests.helpers.metadata_files import place, png, raw_profile, resources, tiff
from tests.helpers.pictures import encoded
from tests.helpers.png_chunks import chunk


@pytest.mark.parametrize("chunk", [text, packed, international, international_packed])
@pytest.mark.parametrize(
    ("kind", "content", "wanted"),
    [
        ("exif", PREFIX + EXIF, OF_EXIF),
        ("APP1", PREFIX + EXIF, OF_EXIF),
        ("APP1", XAP + XMP, OF_XMP),
        ("xmp", XMP, OF_XMP),
        ("iptc", IPTC, OF_IPTC),
        ("iptc", PHOTOSHOP + resources((1028, IPTC)), OF_IPTC),
        ("8bim", resources((1005, b"odd"), (1028, IPTC)), OF_IPTC),
    ],
)
def test_raw_profiles_of_a_png(chunk: Any, kind: str, content: bytes, wanted: dict[str, Any]) -> None:
    assert fields(png(chunk(f"Raw profile type {kind}", raw_profile(kind, content)))) == wanted
    spaced = b"\nIPTC profile\n" + raw_profile(kind, content).partition(kind.encode() + b"\n")[2].upper()
    assert fields(png(chunk(f"Raw profile type {kind}", spaced), last=True)) == wanted


@pytest.mark.parametrize(
    "content", [b"", b"\nexif\n", b"\nexif\n 12\nnot hexadecimal", b"\nexif\n 6\n4578696", b"\0\xff"]
)
def test_a_broken_raw_profile_is_left_out_alone(content: bytes) -> None:
    assert fields(png(text("Raw profile type exif", content), text("Title", b"sound"))) == {"title": "sound"}


WORDS = {
    "Title": "Über the bay",
    "Author": "Zoë",
    "Description": "A long day",
    "Copyright": "© 2019 Zoë",
    "Creation Time": "Mon, 06 May 2019 07:08:09 +0200",
    "Software": "Sketcher 2",
    "Comment": "seen from the pier",
}
OF_WORDS = {
    "title": "Über the bay",
    "artist": "Zoë",
    "caption": "A long day",
    "copyright": "© 2019 Zoë",
    "taken_at": "2019-05-06T07:08:09+02:00",
    "software": "Sketcher 2",
}


@pytest.mark.parametrize("chunk", [text, packed, international, international_packed])
@pytest.mark.parametrize("last", [False, True])
def test_texts_of_a_png(chunk: Any, last: bool) -> None:
    encoding = "utf-8" if chunk not in (text, packed) else "latin-1"
    data = png(*(chunk(keyword, words.encode(encoding)) for keyword, words in WORDS.items()), last=last)
    assert fields(data) == OF_WORDS
    assert copyright_of(decoded(data).metadata) == ("Zoë", "© 2019 Zoë")
    # By whatever case, and a comment where there is no description.
    assert fields(png(chunk("comment", b"seen from the pier"))) == {"caption": "seen from the pier"}


def test_a_raw_profile_of_half_a_megabyte() -> None:
    block = tiff(MAIN, SUB, place(), filler=bytes(500_000))
    assert fields(png(packed("Raw profile type exif", raw_profile("exif", block)))) == OF_EXIF


def test_a_bomb_in_the_texts_of_a_png_says_nothing_and_takes_nothing_along() -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    bombs = [(b"zTXt", name + b"\0\0" + bomb) for name in (b"Title", b"Author", b"Raw profile type exif")]
    assert fields(png(*bombs, last=True)).keys() <= {"caption"}


@pytest.mark.parametrize("cut_off", [False, True])
def test_of_a_refused_png_no_head_alone_is_kept(cut_off: bool) -> None:
    """A text of a wrong length hides the pixels from those who cut. The picture is left out."""
    data = encoded(Image.new("RGB", (30, 20), "red"), "PNG")
    hiding = chunk(b"tEXt", b"Comment\0Hello there")
    for more in (4, 20, 1_000_000):
        wrong = data[:33] + (len(hiding) - 12 + more).to_bytes(4) + hiding[4:] + data[33:]
        assert cut_refused(wrong, cut_off=cut_off) is None
    # Nothing is hidden from one that ends before its pixels.
    assert cut_refused(data[:35], cut_off=True) == data[:33]
