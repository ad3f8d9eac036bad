"""What people wrote, in whatever encoding and under whatever tag: decoded, in order of precedence, bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor_service.metadata.exif_text import user_comment
from processor_service.metadata.iptc import read_iptc
from processor_service.metadata.text import MOST_OF_CAPTION, decoded
from processor_service.metadata.write import copyright_of
from processor_service.metadata.xmp import read_xmp
from processor_service.picture import RawMetadata
from tests.helpers.metadata_files import BYTE, Directory, iptc, tiff, xmp
from tests.helpers.read_metadata import read

TITLE, COMMENT, AUTHOR, KEYWORDS, SUBJECT = range(0x9C9B, 0x9CA0)
DESCRIPTION, ARTIST, USER_COMMENT = 0x010E, 0x013B, 0x9286
JAPANESE = "港の夕暮れ、静かな海"


def windows(text: str) -> tuple[int, bytes]:
    return BYTE, text.encode("utf-16-le") + b"\0\0"


def alt(name: str, text: str) -> str:
    return f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt></{name}>'


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"ASCII\0\0\0seen from the pier\0\0", "seen from the pier"),
        (b"ASCII\0\0\0" + "über".encode(), "über"),
        (b"ASCII\0\0\0" + "über".encode("latin-1"), "über"),
        (b"UNICODE\0" + "über die Brücke".encode("utf-16-le"), "über die Brücke"),
        (b"UNICODE\0" + "über die Brücke".encode("utf-16-be"), "über die Brücke"),
        (b"UNICODE\0" + JAPANESE.encode("utf-16-le"), JAPANESE),
        (b"UNICODE\0" + JAPANESE.encode("utf-16-be"), JAPANESE),
        (b"UNICODE\0" + "über \0 behind".encode("utf-16"), "über"),
        (b"UNICODE\0" + b"\xfe\xff" + "über".encode("utf-16-be"), "über"),
        (b"UNICODE\0" + "über die Brücke".encode(), "über die Brücke"),
        (b"Unicode\0" + "über".encode("utf-16-be"), "über"),
        (b"JIS\0\0\0\0\0" + JAPANESE.encode("iso2022_jp"), JAPANESE),
        (b"JIS\0\0\0\0\0" + JAPANESE.encode("euc_jp"), JAPANESE),
        (b"JIS\0\0\0\0\0" + JAPANESE.encode("cp932"), JAPANESE),
        (bytes(8) + "über".encode(), "über"),
        (bytes(8) + b"seen from the pier   ", "seen from the pier"),
        (b"no code, but a text", "no code, but a text"),
        (b"short", "short"),
        (b"ASCII\0\0\0" + b" " * 100, None),
        (b"ASCII\0\0\0", None),
        (bytes(8) + bytes(100), None),
        (bytes(8) + b"\x01\x02\x88\x99\x00\x17binary", None),
        (bytes(264), None),
        (b"", None),
    ],
)
def test_user_comments(value: bytes, text: str | None, order: str) -> None:
    assert read(tiff({}, {USER_COMMENT: value}, order=order)) == ({"caption": text} if text else {})


@pytest.mark.parametrize("order", ["<", ">"])
def test_tags_of_windows(order: str) -> None:
    found = read(
        tiff(
            {
                TITLE: windows("Über der Bucht"),
                COMMENT: windows("A long day"),
                AUTHOR: windows("Zoë; Jö"),
                KEYWORDS: windows("boats; 港;boats"),
                SUBJECT: windows("The bay"),
            },
            order=order,
        )
    )
    assert found == {
        "title": "Über der Bucht",
        "caption": "A long day",
        "artist": "Zoë; Jö",
        "keywords": ["boats", "港"],
    }
    assert read(tiff({SUBJECT: windows("The bay")})) == {"caption": "The bay"}


def test_the_caption_is_the_first_that_says_more_than_the_title() -> None:
    """Windows writes the title into EXIF's description, too."""
    both: Directory = {TITLE: windows("The bay"), DESCRIPTION: "The bay"}
    assert read(tiff({**both, COMMENT: windows("A long day")})) == {"title": "The bay", "caption": "A long day"}
    assert read(tiff(both)) == {"title": "The bay", "caption": "The bay"}


CAPTIONS: list[dict[str, Any]] = [
    {"xmp": xmp(alt("dc:description", "one"))},
    {"iptc": iptc((120, b"two"))},
    {"main": {DESCRIPTION: "three"}},
    {"exif": {USER_COMMENT: b"ASCII\0\0\0four"}},
    {"main": {COMMENT: windows("five")}},
    {"main": {SUBJECT: windows("six")}},
    {"texts": {"description": "seven"}},
    {"xmp": xmp(alt("tiff:ImageDescription", "eight"))},
    {"xmp": xmp(alt("exif:UserComment", "nine"))},
    {"texts": {"comment": "ten"}},
]


def raw(*sources: dict[str, Any]) -> RawMetadata:
    """All sources together; of those of one kind the first."""
    main: dict[int, Any] = {}
    others: dict[str, Any] = {}
    exif: dict[int, Any] = {}
    texts: dict[str, str] = {}
    for source in sources:
        main, exif, texts = (
            source.get("main", {}) | main,
            source.get("exif", {}) | exif,
            source.get("texts", {}) | texts,
        )
        others = {name: value for name, value in source.items() if name in ("xmp", "iptc")} | others
    return RawMetadata(tiff(main, exif), others.get("xmp", b""), others.get("iptc", b""), b"", texts)


def test_the_order_in_which_captions_count() -> None:
    names = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    for number, name in enumerate(names):
        found = raw(*CAPTIONS[number:])
        assert read(found.exif, found.xmp, found.iptc, texts=found.texts)["caption"] == name


@pytest.mark.parametrize(
    ("source", "author", "owner"),
    [
        ({"main": {ARTIST: "Jo", 0x8298: "© Jo"}}, "Jo", "© Jo"),
        ({"main": {AUTHOR: windows("Jö")}}, "Jö", None),
        ({"xmp": xmp(alt("dc:creator", "Jö") + alt("dc:rights", "© Jö"))}, "Jö", "© Jö"),
        ({"xmp": xmp("", 'tiff:Artist="Jö" tiff:Copyright="© Jö"')}, "Jö", "© Jö"),
        ({"iptc": iptc((80, "Jö".encode()), (116, "© Jö".encode()))}, "Jö", "© Jö"),
        ({"texts": {"author": "Jö", "copyright": "© Jö"}}, "Jö", "© Jö"),
    ],
)
def test_who_made_and_who_owns_it_is_found_and_kept_from_every_source(
    source: dict[str, Any], author: str | None, owner: str | None
) -> None:
    metadata = raw(source)
    assert copyright_of(metadata) == (author, owner)
    found = read(metadata.exif, metadata.xmp, metadata.iptc, texts=metadata.texts)
    assert (found.get("artist"), found.get("copyright", found.get("rights"))) == (author, owner)


LONG = "lorem ipsum " * 4000 + "zanzibar"


@pytest.mark.parametrize(
    "source",
    [
        {"xmp": xmp(alt("dc:description", LONG))},
        {"main": {DESCRIPTION: LONG}},
        {"exif": {USER_COMMENT: b"UNICODE\0" + LONG.encode("utf-16-be")}},
        {"exif": {USER_COMMENT: b"ASCII\0\0\0" + LONG.encode()}},
        {"main": {COMMENT: windows(LONG)}},
        {"texts": {"description": LONG}},
    ],
)
def test_a_long_caption_is_there_to_its_last_word(source: dict[str, Any]) -> None:
    metadata = raw(source)
    assert 32_000 < len(LONG) < MOST_OF_CAPTION
    assert read(metadata.exif, metadata.xmp, metadata.iptc, texts=metadata.texts)["caption"] == LONG


def test_a_long_caption_of_iptc() -> None:
    text = LONG[-32_000:].strip()
    assert read(iptc=iptc((120, text.encode()), (25, b"boats"))) == {"caption": text, "keywords": ["boats"]}
    # Above 32 kB the length has a length.
    extended = b"\x1c\x02\x78\x80\x04" + len(LONG).to_bytes(4) + LONG.encode()
    assert read(iptc=extended + iptc((25, b"boats"))) == {"caption": LONG, "keywords": ["boats"]}


def test_captions_are_bounded_and_other_texts_more_so() -> None:
    endless = "word " * 100_000
    found = read(xmp=xmp(alt("dc:description", endless) + alt("dc:title", endless) + alt("dc:rights", endless)))
    assert MOST_OF_CAPTION - 5 < len(found["caption"]) <= MOST_OF_CAPTION
    assert 990 < len(found["title"]) <= 1000 and 990 < len(found["rights"]) <= 1000


ACCENTS = "été à Málaga, schön, garçon"


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        (b"\x1b%G", "utf-8"),
        (b"\x1b%/I", "utf-8"),
        (b"", "utf-8"),
        (b"", "latin-1"),
        (b"\x1b.A", "latin-1"),
        (b"\x1b-A", "latin-1"),
        (b"\x1b%G", "latin-1"),
        (b"", "mac_roman"),
        (b"nonsense", "cp1252"),
    ],
)
def test_encodings_of_iptc(charset: bytes, encoding: str) -> None:
    assert read_iptc(iptc((120, ACCENTS.encode(encoding)), charset=charset))[120] == [ACCENTS]


@pytest.mark.parametrize(
    ("charset", "encoding", "text"),
    [
        (b"\x1b.B", "iso8859-2", "Łódź"),
        (b"\x1b-L", "iso8859-5", "Москва"),
        (b"\x1b-F", "iso8859-7", "Αθήνα"),
        (b"", "cp1252", "“Miloš’ photo” – 5 € Photoshop™ ‹Ž›"),
    ],
)
def test_other_encodings_of_iptc(charset: bytes, encoding: str, text: str) -> None:
    assert read_iptc(iptc((120, text.encode(encoding)), charset=charset))[120] == [text]


def test_a_character_cut_in_two_at_a_fields_end_does_not_change_the_encoding() -> None:
    assert decoded("schön und gr".encode() + "ü".encode()[:1]) == "schön und gr"
    assert decoded(b"caf" + b"\xe9") == "café"
    assert decoded("café".encode("utf-16")) == decoded("café".encode("utf-8-sig")) == "café"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings_of_xmp(encoding: str) -> None:
    packet = xmp(alt("dc:title", "Über der Bucht")).decode().replace("\ufeff", "")
    assert read_xmp(packet.encode(encoding)) == {"dc:title": ["Über der Bucht"]}
    declared = f'<?xml version="1.0" encoding="nonsense"?>{packet}'
    assert read_xmp(declared.encode(encoding)) == {"dc:title": ["Über der Bucht"]}


@pytest.mark.parametrize("odd", ["\0", "\x08", "&#0;", "&#x1F;", "&#xD800;", "&#xFFFF;", "&#1114112;", "\uffff"])
def test_what_is_no_character_does_not_take_the_packet_along(odd: str) -> None:
    packet = b"\0\0\n" + xmp(alt("dc:title", f"The {odd}bay")) + b"\0\0rubbish"
    assert read(xmp=packet) == {"title": "The bay"}


def test_values_with_qualifiers_and_structures_of_other_pictures() -> None:
    body = (
        '<dc:title rdf:parseType="Resource">\n <rdf:value>The bay</rdf:value></dc:title>'
        "<xmpMM:Pantry><rdf:Bag><rdf:li><rdf:Description dc:description='another picture' exif:GPSLatitude='1,2N'"
        " exif:GPSLongitude='1,2E'/></rdf:li></rdf:Bag></xmpMM:Pantry>"
    )
    assert read(xmp=xmp(body, 'photoshop:Headline=" "'), location="full") == {"title": "The bay"}


@given(st.binary(max_size=60), st.sampled_from([b"ASCII\0\0\0", b"UNICODE\0", b"JIS\0\0\0\0\0", bytes(8), b""]))
def test_whatever_the_bytes_of_a_comment_are_it_can_be_stored(data: bytes, code: bytes) -> None:
    for order in "<>":
        user_comment(code + data, order)
        found = read(tiff({COMMENT: (BYTE, data), DESCRIPTION: data}, {USER_COMMENT: code + data}, order=order))
        json.dumps(found, ensure_ascii=False).encode()
        assert "\0" not in str(found)
