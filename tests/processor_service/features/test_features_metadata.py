from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from processor_service.decoding.decode import decode
from processor_service.features.metadata import Metadata
from processor_service.metadata.text import cleaned, decoded, keywords
from processor_service.metadata.xmp import read_xmp
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.pictures import b64, picture
from tests.helpers.read_metadata import read

PNG = Image.new("RGB", (2, 2))


def exif(
    main: dict[int, Any] | None = None, sub: dict[int, Any] | None = None, gps: dict[int, Any] | None = None
) -> bytes:
    """Written by Pillow, which knows nothing of our reader."""
    block = Image.Exif()
    block.update(main or {})
    block.get_ifd(ExifTags.IFD.Exif).update(sub or {})
    if gps:
        block.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    return block.tobytes()


def dataset(number: int, value: bytes) -> bytes:
    return bytes([0x1C, 2, number]) + len(value).to_bytes(2, "big") + value


def xmp(body: str, attributes: str = "") -> bytes:
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
    <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
    <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
     xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" {attributes}>{body}</rdf:Description></rdf:RDF></x:xmpmeta>
    <?xpacket end="w"?>""".encode()


def test_a_photograph_of_a_known_camera() -> None:
    # As exiftool shows them for this file of Pillow's own tests.
    found = Metadata().extract(decode(picture("pillow/flower.jpg"), Settings()))["metadata"]
    assert found == {
        "camera": "Canon PowerShot S40",
        "focal_length": 21.3125,
        "exposure_time": 0.002,
        "f_number": 4.9,
        "taken_at": "2003-12-14T12:01:44",
    }


def test_the_metadata_of_an_avif() -> None:
    found = Metadata(location="full").extract(decode(picture("libavif/paris_icc_exif_xmp.avif"), Settings()))[
        "metadata"
    ]
    assert (found["camera"], found["taken_at"]) == ("Google Pixel 4a", "2022-08-22T20:30:46.023+02:00")
    # The camera wrote 0, 0, which is no place.
    assert "location" not in found


def test_everything_that_exif_has() -> None:
    block = exif(
        {
            0x010F: "NIKON CORPORATION",
            0x0110: "NIKON D750",
            0x0131: "GIMP 2.10\0",
            0x013B: "Zoë Müller".encode(),
            0x8298: "© me".encode(),
        },
        {
            0x829A: IFDRational(1, 8000),
            0x829D: IFDRational(28, 10),
            0x8827: 100,
            0x9003: "2020:02:29 23:59:59",
            0x9011: "-03:30",
            0x9291: "7",
            0x920A: IFDRational(50, 1),
            0xA434: "50.0 mm f/1.4",
        },
        {
            1: "S",
            2: (IFDRational(33), IFDRational(51), IFDRational(2520, 100)),
            3: "E",
            4: (IFDRational(151), IFDRational(12), IFDRational(0)),
        },
    )
    assert read(block, location="full") == {
        "camera": "NIKON D750",
        "lens": "50.0 mm f/1.4",
        "focal_length": 50.0,
        "exposure_time": 0.000125,
        "f_number": 2.8,
        "iso": 100,
        "software": "GIMP 2.10",
        "taken_at": "2020-02-29T23:59:59.700-03:30",
        "artist": "Zoë Müller",
        "copyright": "© me",
        "location": {"lat": -33.857, "lon": 151.2},
    }
    assert "location" not in read(block)


def test_words_of_xmp_and_iptc() -> None:
    packet = xmp(
        """<dc:title><rdf:Alt><rdf:li xml:lang="de">Brücke</rdf:li><rdf:li xml:lang="x-default">Bridge</rdf:li></rdf:Alt></dc:title>
        <dc:subject><rdf:Bag><rdf:li>river</rdf:li><rdf:li>Night</rdf:li></rdf:Bag></dc:subject>
        <dc:creator><rdf:Seq><rdf:li>Ann</rdf:li><rdf:li>Bob</rdf:li></rdf:Seq></dc:creator>
        <dc:rights><rdf:Alt><rdf:li xml:lang="x-default">CC BY</rdf:li></rdf:Alt></dc:rights>""",
        'xmp:CreatorTool="darktable" photoshop:DateCreated="2019-05-01T10:00:00.25Z"',
    )
    records = (
        dataset(5, b"another title") + dataset(25, "nuit blanche été".encode()) + dataset(25, b"night")
        + dataset(25, "Gr\xfcn".encode("latin-1")) + dataset(120, b"A bridge\r\nby night \x00\x07")
    )  # fmt: skip
    assert read(xmp=packet, iptc=records) == {
        "software": "darktable",
        "taken_at": "2019-05-01T10:00:00.250Z",
        "title": "Bridge",
        "caption": "A bridge by night",
        "keywords": ["river", "Night", "nuit blanche été", "Grün"],
        "artist": "Ann; Bob",
        "rights": "CC BY",
    }


def test_what_the_camera_did_in_xmp_alone() -> None:
    attributes = (
        'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Make="Testcam" '
        'exif:FNumber="28/10" exif:ExposureTime="1/60" exif:FocalLength="50" xmp:CreateDate="1978-05"'
    )
    speeds = "<exif:ISOSpeedRatings><rdf:Seq><rdf:li>400</rdf:li></rdf:Seq></exif:ISOSpeedRatings>"
    assert read(xmp=xmp(speeds, attributes)) == {
        "camera": "Testcam",
        "f_number": 2.8,
        "exposure_time": 0.0166667,
        "focal_length": 50.0,
        "iso": 400,
        "taken_at": "1978-05",
    }
    broken = (
        attributes.replace("28/10", "1/0").replace("1/60", "-1").replace('"50"', '"long"').replace("1978-05", "soon")
    )
    assert read(xmp=xmp(speeds.replace("400", "NaN"), broken)) == {"camera": "Testcam"}


def test_the_day_of_a_scanned_print_comes_before_that_of_the_scan() -> None:
    scanned = exif(sub={0x9004: "2019:05:06 07:08:09"})
    created = xmp("", 'xmp:CreateDate="2019-05-06T07:08:09" photoshop:DateCreated="1978"')
    assert read(scanned, created)["taken_at"] == "1978"
    assert read(scanned, iptc=dataset(55, b"19780500"))["taken_at"] == "1978-05"
    assert read(scanned)["taken_at"] == "2019-05-06T07:08:09"
    of_the_work = "<dc:date><rdf:Seq><rdf:li>1978-05</rdf:li></rdf:Seq></dc:date>"
    assert read(xmp=xmp(of_the_work))["taken_at"] == "1978-05"
    assert read(xmp=xmp(of_the_work, 'photoshop:DateCreated="1978"'))["taken_at"] == "1978"
    assert read(iptc=dataset(62, b"20190506") + dataset(63, b"070809-0330"))["taken_at"] == "2019-05-06T07:08:09-03:30"


def test_what_cameras_write_into_every_picture_is_no_caption() -> None:
    assert read(exif({0x010E: "OLYMPUS DIGITAL CAMERA         "})) == {}
    # As a make it is a name.
    assert read(exif({0x010E: "samsung", 0x010F: "samsung", 0x0110: "SM-G991B"})) == {"camera": "samsung SM-G991B"}


NUMBERS = [(0, 0), (1, 0), (0, 5), (2**32 - 1, 1)]


@pytest.mark.parametrize("pair", NUMBERS)
def test_numbers_that_are_none_are_dropped_one_by_one(pair: tuple[int, int]) -> None:
    block = bytearray(exif(sub={0x829D: IFDRational(777, 778), 0x920A: IFDRational(50, 1)}))
    at = block.index(struct.pack("<LL", 777, 778)) if block[6:8] == b"II" else block.index(struct.pack(">LL", 777, 778))
    block[at : at + 8] = struct.pack("<LL" if block[6:8] == b"II" else ">LL", *pair)
    assert read(bytes(block)) == {"focal_length": 50.0}


@given(st.text(max_size=3000))
def test_text_is_one_clean_bounded_line(text: str) -> None:
    clean = cleaned(text)
    assert clean is None or (0 < len(clean) <= 1000 and clean == clean.strip() and clean.splitlines() == [clean])
    assert clean is None or not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in clean)


def test_encodings() -> None:
    assert decoded("Grün".encode()) == decoded("Grün".encode("latin-1")) == "Grün"
    assert decoded(b"\x93quoted\x94") == "“quoted”"
    assert decoded("é".encode() * 3000).strip("é") == ""
    assert decoded(b"a" + "é".encode() * 3000)[1:].strip("é") == ""


def test_keywords_are_bounded() -> None:
    assert keywords(f"word {number}" for number in range(1000)) == [f"word {number}" for number in range(100)]
    assert [len(word) for word in keywords(["x" * 5000])] == [100]


@pytest.mark.parametrize(
    "packet",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        b'<?xml version="1.0" encoding="nonsense"?><x/>',
        b"<a>" * 80_000,
        b"<a>" * 30_000 + b"</a>" * 30_000,
        xmp("<dc:title>x</dc:title>" + "<a/>" * 100_000),
        xmp(
            "<dc:title>x</dc:title>", "xmlns:a='" + "x" * 200_000 + "' " + " ".join(f"a:b{n}=''" for n in range(30_000))
        ),
        b"\xff\xfe\x00\x00",
        b"\0",
    ],
)
def test_hostile_xml_says_nothing(packet: bytes) -> None:
    assert read_xmp(packet) == {}


def test_xml_of_megabytes_says_nothing() -> None:
    assert read_xmp(xmp("<dc:title>" + "x" * 9_000_000 + "</dc:title>")) == {}


VALID = exif(
    {0x010F: "Canon", 0x8298: "me"},
    {0x9003: "2020:01:01 00:00:00", 0x829A: IFDRational(1, 60)},
    {1: "N", 2: (IFDRational(1),) * 3},
)
mutated = st.tuples(
    st.sampled_from([VALID, b"Exif\0\0II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=30),
    st.binary(max_size=200),
)
markers = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=60)), max_size=20).map(
    lambda sets: b"".join(dataset(*entry) for entry in sets)
)
packets = (
    st.binary(max_size=200)
    | st.text(max_size=200).map(str.encode)
    | st.text(max_size=100).map(lambda text: xmp(f"<dc:title>{text}</dc:title>"))
)


def damaged(parts: tuple[bytes, list[tuple[int, int]], bytes]) -> bytes:
    block = bytearray(parts[0] + parts[2])
    for position, value in parts[1]:
        block[position % len(block)] = value
    return bytes(block)


@given(mutated.map(damaged), packets, st.binary(max_size=300) | markers)
@settings(max_examples=400, deadline=None)
def test_whatever_the_bytes_are_the_fields_are_sound(raw: bytes, packet: bytes, records: bytes) -> None:
    found = read(raw, packet, records, location="coarse")
    json.dumps(found, allow_nan=False).encode()
    for name, value in found.items():
        if isinstance(value, str):
            assert 0 < len(value) <= 1100, name
        elif isinstance(value, list):
            assert 0 < len(value) <= 100 and all(0 < len(word) <= 100 for word in value)
        elif isinstance(value, dict):
            assert abs(value["lat"]) <= 90 and abs(value["lon"]) <= 180
        else:
            assert 0 < value <= 10_000_000


def test_tags_that_share_their_bytes_cost_nothing() -> None:
    count = 20_000
    entries = b"".join(struct.pack("<HHLL", tag, 7, 12 * count, 10) for tag in range(count))
    assert read(b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries) == {}


def test_a_normalized_picture_keeps_the_metadata_of_its_source() -> None:
    body = {"data": b64(picture("pillow/flower.jpg")), "operations": ["strip_metadata"], "properties": ["metadata"]}
    first = process(Request.parse(body), Settings(), Stopwatch())
    assert first["metadata"]["camera"] == "Canon PowerShot S40"
    again = body | {"data": first["data"], "normalized": True, "document_operations": [{"rotate": {"degrees": 90}}]}
    # Not in the answer, so the document's stay; a new picture without any would have them removed.
    assert "metadata" not in process(Request.parse(again), Settings(), Stopwatch())
    assert process(Request.parse(body | {"data": first["data"]}), Settings(), Stopwatch())["metadata"] is None
