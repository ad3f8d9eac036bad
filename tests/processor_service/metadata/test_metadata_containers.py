"""The same fields from every container, and from every place in it where software puts metadata."""

from __future__ import annotations

import base64
import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from processor_service.metadata.box_metadata import avif_blocks
from processor_service.metadata.write import copyright_of
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.described_files import (
    EXIF,
    IPTC,
    MAIN,
    OF_ALL,
    OF_EXIF,
    OF_XMP,
    PHOTOSHOP,
    PREFIX,
    SUB,
    XAP,
    XMP,
    extended,
    fields,
    international,
    packed,
    text,
)
from tests.helpers.kinds import decoded
from tests.helpers.metadata_files import (
    BYTE,
    IFD,
    IFD8,
    LONG8,
    SHORT,
    gif,
    icon,
    iptc,
    jp2,
    jpeg,
    picture_tiff,
    place,
    png,
    psd,
    raw_profile,
    resources,
    small,
    tiff,
    unannounced,
    xmp,
)
from tests.helpers.pictures import b64, encoded, opened, picture

JP2_EXIF, JP2_XMP, JP2_IPTC = (
    "4a706754696666457869662d3e4a5032",
    "be7acfcb97a942e89c71999491e3afac",
    "33c7a4d2b81d4723a0baf1a3e097ad38",
)


def in_jpeg(data: bytes | None = None) -> bytes:
    photoshop = jpeg(PHOTOSHOP + resources((1005, b"odd"), (1028, IPTC)), marker=0xED, data=data)
    return jpeg(PREFIX + EXIF, XAP + XMP, data=photoshop)


def mpo() -> bytes:
    image = Image.effect_noise((32, 24), 60).convert("RGB")
    return encoded(image, "MPO", save_all=True, append_images=[image])


XMP_CHUNK = international("XML:com.adobe.xmp", XMP)
FILES = {
    "jpeg": (in_jpeg(), OF_ALL),
    "mpo": (in_jpeg(mpo()), OF_ALL),
    "png": (png((b"eXIf", EXIF), XMP_CHUNK, packed("Raw profile type iptc", raw_profile("iptc", IPTC))), OF_ALL),
    "png behind its pixels": (png((b"eXIf", EXIF), XMP_CHUNK, last=True), OF_EXIF | OF_XMP),
    "png with a prefix": (png((b"eXIf", PREFIX + EXIF)), OF_EXIF),
    "webp": (small("WEBP", exif=EXIF, xmp=XMP), OF_EXIF | OF_XMP),
    "webp with two prefixes": (small("WEBP", exif=PREFIX + PREFIX + EXIF), OF_EXIF),
    "webp that does not announce it": (unannounced(small("WEBP", exif=EXIF, xmp=XMP)), OF_EXIF | OF_XMP),
    "icon": (icon(small("PNG"), small("PNG", exif=EXIF)), OF_EXIF),
    "cursor": (icon(small("PNG"), small("PNG", exif=EXIF), kind=2), OF_EXIF),
    "avif": (small("AVIF", exif=EXIF, xmp=XMP), OF_EXIF | OF_XMP),
    "gif": (gif(XMP), OF_XMP),
    "jpeg 2000": (jp2((JP2_EXIF, EXIF), (JP2_XMP, XMP), (JP2_IPTC, IPTC)), OF_ALL),
    "psd": (psd((1028, IPTC), (1058, EXIF), (1060, XMP)), OF_ALL),
    **{
        name: (picture_tiff({**MAIN, 0x02BC: XMP, **of_iptc}, SUB, place(), **options), OF_ALL)
        for name, of_iptc, options in (
            ("tiff", {0x83BB: IPTC}, {}),
            ("tiff, big-endian", {0x83BB: IPTC}, {"order": ">"}),
            ("tiff, photoshop", {0x8649: resources((1028, IPTC))}, {}),
            ("bigtiff", {0x83BB: IPTC}, {"big": True, "pointer": LONG8}),
            ("bigtiff, directories", {0x83BB: IPTC}, {"big": True, "pointer": IFD8}),
        )
    },
}


@pytest.mark.parametrize("name", FILES)
def test_the_same_fields_from_every_container(name: str) -> None:
    data, wanted = FILES[name]
    assert fields(data) == wanted


@pytest.mark.parametrize("name", [name for name, (_, wanted) in FILES.items() if wanted is OF_ALL])
def test_author_and_owner_are_kept_from_every_container(name: str) -> None:
    assert copyright_of(decoded(FILES[name][0]).metadata) == ("Jö", "© Jo")


def test_an_avif_whose_container_turns_it_in_another_way_than_its_exif() -> None:
    """Pillow as a reader writes such EXIF anew; as a writer, too, so it gets a tag that is renamed afterwards."""
    block = tiff({**MAIN, 0x0113: (SHORT, [6]), 0x013B: "Zoë"}, SUB, place(), pointer=IFD)
    data = small("AVIF", exif=block, xmp=XMP).replace(b"\x13\x01\x03\0", b"\x12\x01\x03\0")
    assert b"irot" not in data and Image.open(io.BytesIO(data)).info["exif"].removeprefix(PREFIX) != block
    assert fields(data) == OF_EXIF | OF_XMP | {"artist": "Zoë"}


def test_an_avif_of_others() -> None:
    data = picture("libavif/paris_icc_exif_xmp.avif")
    raw, as_pillow_has_it = decoded(data).metadata, opened(data).info
    assert raw.exif == as_pillow_has_it["exif"].removeprefix(PREFIX)
    assert raw.xmp == as_pillow_has_it["xmp"]


@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_whatever_the_boxes_of_an_avif_say_it_is_read_or_left_out(position: int, bytes_there: bytes) -> None:
    whole = FILES["avif"][0]
    broken = whole[:position] + bytes_there + whole[position + len(bytes_there) :]
    with suppress(ValueError, IndexError):
        assert sum(map(len, avif_blocks(broken))) <= 20 * len(broken)


NAMED, PARTS = extended(xmp("<dc:creator><rdf:Seq><rdf:li>Zoë</rdf:li></rdf:Seq></dc:creator>", 'dc:rights="© Zoë"'))
EXTENDED = [XAP + xmp("", NAMED), *PARTS]


SOURCES = {
    "exif": jpeg(PREFIX + tiff({0x013B: "Zoë", 0x8298: "© Zoë"})),
    "windows and xmp": jpeg(
        PREFIX + tiff({0x9C9D: (BYTE, "Zoë".encode("utf-16-le"))}), XAP + xmp("", 'tiff:Copyright="© Zoë"')
    ),
    "xmp": gif(xmp("<dc:creator><rdf:Seq><rdf:li>Zoë</rdf:li></rdf:Seq></dc:creator>", 'dc:rights="© Zoë"')),
    "iptc": psd((1028, iptc((80, "Zoë".encode()), (116, "© Zoë".encode())))),
    "raw profile": png(
        packed("Raw profile type iptc", raw_profile("iptc", iptc((80, b"Zo\xeb"), (116, b"\xa9 Zo\xeb"))))
    ),
    "texts": png(text("Author", "Zoë".encode("latin-1")), text("Copyright", "© Zoë".encode())),
    "boxes": jp2((JP2_EXIF, tiff({0x013B: "Zoë", 0x8298: "© Zoë"}))),
    "extension": jpeg(*EXTENDED),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "avif", None])
def test_author_and_owner_reach_the_stored_bytes_when_they_are_kept(source: str, format: str | None) -> None:
    """Also where nothing but metadata is cut from the file, if its format has room for them."""
    operations = [{"convert": {"format": format}}] if format else []
    body = {"data": b64(SOURCES[source]), "operations": [*operations, {"strip_metadata": {"keep": ["copyright"]}}]}
    stored = process(Request.parse(body), Settings(), Stopwatch())
    if stored["format"] != "gif":
        again = base64.b64decode(stored["data"])
        assert copyright_of(decoded(again).metadata) == ("Zoë", "© Zoë")
        assert decoded(again).metadata.xmp == decoded(again).metadata.iptc == b""


@pytest.mark.parametrize("frames", [1, 2])
def test_names_are_kept_in_a_turned_avif_too(frames: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist], exif[ExifTags.Base.Orientation] = "Zoë".encode(), 6
    pages = [Image.new("RGB", (30, 20), color) for color in ("red", "blue")[:frames]]
    buffer = io.BytesIO()
    pages[0].save(buffer, "WEBP", exif=exif.tobytes(), save_all=True, append_images=pages[1:])
    keep = [
        {"animation": {"frames": "keep"}},
        {"convert": {"format": "avif"}},
        {"strip_metadata": {"keep": ["copyright"]}},
    ]
    stored = process(Request.parse({"data": b64(buffer.getvalue()), "operations": keep}), Settings(), Stopwatch())
    again = decoded(base64.b64decode(stored["data"]))
    assert copyright_of(again.metadata)[0] == "Zoë"
    assert (again.image.size, stored["width"], again.orientation) == ((20, 30), 20, 1)


def test_a_heic_of_exiftool() -> None:
    pytest.importorskip("pi_heif")
    assert fields(picture("metadata/written_by_exiftool.heic")) == {
        "camera": "Testcam Model One",
        "taken_at": "2019-05-06T07:08:09",
        "title": "Über title",
        "caption": "Größe 漢字",
        "keywords": ["gamma", "alpha", "beta"],
        "location": {"lat": 48.858, "lon": -2.35},
    }


PLACE = {"lat": 48.858333, "lon": 2.351944}
CASES: dict[str, dict[str, Any]] = {
    "exif_full.jpg": {"caption": "A harbour at dusk", "taken_at": "2019-05-06T07:08:09", "location": PLACE},
    "png_raw_exif.png": {"caption": "A harbour at dusk", "taken_at": "2019-05-06T07:08:09", "location": PLACE},
    "gps_type13.jpg": {"taken_at": "2019-05-06T07:08:09", "iso": 400, "location": PLACE},
    "date_xmp_year.jpg": {"taken_at": "1978"},
    "gps_only.tif": {"location": PLACE},
    "gps.ico": {"location": PLACE},
    "gps.jp2": {"artist": "Jo Example", "location": {"lat": 48.8583, "lon": 2.3519}},
}


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str) -> None:
    found = fields(picture(f"cases/{name}"))
    assert {key: found.get(key) for key in CASES[name]} == CASES[name]


def test_comments_are_captions_unless_a_program_names_itself() -> None:
    for words in (
        "Made by Anna for her mother",
        "Created in Paris by hand",
        "see https://example.org/1 for more",
        "1978, May",
    ):
        assert fields(jpeg(words.encode(), marker=0xFE)) == {"caption": words}
    assert fields(gif(comment=b"seen from " + b"far " * 100))["caption"] == ("seen from " + "far " * 100).strip()
    assert fields(jpeg(b"seen from the pier", marker=0xFE)) == {"caption": "seen from the pier"}
    for advertisement in (
        "Created with GIMP",
        "CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 90",
        "File written by Adobe Photoshop 4.0",
        "Optimized by JPEGmini 3.1",
        "Lavc58.134.100",
        "Created by OpenJPEG version 2.5.4",
        "Resized on https://ezgif.com/resize",
        "https://ezgif.com/optimize",
        "LEAD Technologies Inc. V1.01",
    ):
        assert fields(jpeg(advertisement.encode(), marker=0xFE)) == {}, advertisement
        assert fields(gif(comment=advertisement.encode())) == {}, advertisement
        described = tiff({0x010E: advertisement}, {0x9286: b"ASCII\0\0\0" + advertisement.encode()})
        assert fields(jpeg(PREFIX + described)) == {}, advertisement
        both = advertisement.encode(), b"seen from the pier", b"seen from the pier"
        assert fields(jpeg(*both, marker=0xFE)) == {"caption": "seen from the pier"}, advertisement
