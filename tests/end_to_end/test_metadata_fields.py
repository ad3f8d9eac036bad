"""Metadata from every place that software writes it to, on a real node: the mapping takes it, and searches find it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.helpers.described_files import packed
from tests.helpers.metadata_files import (
    IFD,
    gif,
    icon,
    iptc,
    jpeg,
    picture_tiff,
    place,
    png,
    raw_profile,
    resources,
    small,
    tiff,
    unannounced,
    xmp,
)
from tests.helpers.pictures import b64, picture
from tests.processor_service.features.test_metadata_place import MADE_AT

INDEX, PIPELINE = "images-metadata-fields", "metadata-fields"
CAPTION = "lorem ipsum " * 3000 + "zanzibar"
PHOTOSHOP, XAP, PREFIX = b"Photoshop 3.0\0", b"http://ns.adobe.com/xap/1.0/\0", b"Exif\0\0"


def exif(**changed: Any) -> bytes:
    return b"Exif\0\0" + tiff({0x010F: "Testcam"}, {0x9003: "2019:05:06 07:08:09"}, place(), **changed)


def dated(attributes: str) -> bytes:
    return jpeg(XAP + xmp("", attributes))


def in_iptc(*datasets: tuple[int, bytes]) -> bytes:
    records = iptc(*datasets)
    resource = b"8BIM\x04\x04\0\0" + len(records).to_bytes(4) + records + bytes(len(records) % 2)
    return jpeg(PHOTOSHOP + resource, marker=0xED)


LARGE = exif(filler=bytes(300_000)).removeprefix(b"Exif\0\0")
FILES = {
    "raw exif": picture("cases/png_raw_exif.png"),
    "type 13": picture("cases/gps_type13.jpg"),
    "year": picture("cases/date_xmp_year.jpg"),
    "full": picture("cases/exif_full.jpg"),
    "gps only": picture("cases/gps_only.tif"),
    "ifd": jpeg(exif(pointer=IFD)),
    "bigtiff": picture_tiff({0x010F: "Testcam"}, {0x9003: "2019:05:06 07:08:09"}, place(), big=True),
    "packed raw exif": png((b"zTXt", b"Raw profile type APP1\0\0" + zlib.compress(raw_profile("APP1", exif())))),
    "month": dated('photoshop:DateCreated="1978-05"'),
    "created": dated('xmp:CreateDate="1978-05-06"'),
    "zero month": in_iptc((55, b"19780000"), (60, b"000000+0000")),
    "odd offset": dated('photoshop:DateCreated="1978-05-06T10:11:12.123456+05:45"'),
    "end of a day": dated('photoshop:DateCreated="1978-05-05T24:00:00-03:30"'),
    "xmp place": dated('exif:GPSLatitude="48,30.0N" exif:GPSLongitude="2,15,0E"'),
    "long caption": png((b"iTXt", b"Description\0\0\0\0\0" + CAPTION.encode())),
    "comment": jpeg(b"Exif\0\0" + tiff({}, {0x9286: b"UNICODE\0" + "quokka".encode("utf-16-be")})),
    "windows": jpeg(b"Exif\0\0" + tiff({0x9C9C: (1, "wombat".encode("utf-16-le"))})),
    "png text": png((b"tEXt", b"Author\0Numbat"), (b"tEXt", b"Title\0Bandicoot"), (b"tEXt", b"Description\0A bettong")),
    "gif": gif(xmp("", 'photoshop:Headline="bilby"'), b"\xff\xfe\0 odd \xed\xa0\x80 comment"),
    "surrogate": dated('photoshop:Headline="\\ud800 kowari"'.replace("\\ud800", "&#xD800;")),
    "second prefix": png((b"eXIf", PREFIX + PREFIX + exif().removeprefix(PREFIX))),
    "raw exif, second prefix": png(packed("Raw profile type exif", raw_profile("exif", PREFIX + exif()))),
    "raw iptc": png(packed("Raw profile type iptc", raw_profile("iptc", iptc((120, b"a potoroo"))))),
    "raw 8bim": png(packed("Raw profile type 8bim", raw_profile("8bim", resources((1028, iptc((25, b"dunnart"))))))),
    "raw xmp": png(packed("Raw profile type xmp", raw_profile("xmp", xmp("", 'photoshop:Headline="quoll"')))),
    "large exif": jpeg(*(PREFIX + LARGE[at : at + 65_000] for at in range(0, len(LARGE), 65_000))),
    "large exif of a png": png((b"eXIf", LARGE)),
    "icon": icon(small("PNG"), png((b"eXIf", exif()))),
    "unannounced": unannounced(small("WEBP", exif=exif())),
    "made at": jpeg(XAP + xmp(MADE_AT[0])),
    "of the work": jpeg(XAP + xmp("<dc:date><rdf:Seq><rdf:li>1966-03</rdf:li></rdf:Seq></dc:date>")),
    "nothing": picture("cases/base.png"),
}
OF_EXIF = {"ifd", "bigtiff", "packed raw exif", "second prefix", "raw exif, second prefix", "large exif"}
OF_EXIF |= {"large exif of a png", "icon", "unannounced"}
PLACED = {"xmp place", "made at"} | OF_EXIF
OF_CASES = {"raw exif", "type 13", "full", "gps only"}


@pytest.fixture(scope="module")
def filled(es: Elasticsearch) -> Iterator[str]:
    processor = {"operations": ["strip_metadata"], "properties": [{"metadata": {"location": "full"}}]}
    es.ingest.put_pipeline(id=PIPELINE, processors=[{"image": processor}])
    for id, data in FILES.items():
        es.index(index=INDEX, id=id, document={"image": {"data": b64(data)}}, pipeline=PIPELINE)
    es.indices.refresh(index=INDEX)
    yield INDEX
    es.indices.delete(index=INDEX)
    es.ingest.delete_pipeline(id=PIPELINE)


def found(es: Elasticsearch, **search: Any) -> set[str]:
    return {hit["_id"] for hit in es.search(index=INDEX, size=100, source=False, **search)["hits"]["hits"]}


@pytest.mark.parametrize(
    ("word", "ids"),
    [
        ("zanzibar", {"long caption"}),
        ("quokka", {"comment"}),
        ("wombat", {"windows"}),
        ("numbat", {"png text"}),
        ("bandicoot", {"png text"}),
        ("bettong", {"png text"}),
        ("potoroo", {"raw iptc"}),
        ("dunnart", {"raw 8bim"}),
        ("quoll", {"raw xmp"}),
        ("bilby", {"gif"}),
        ("kowari", {"surrogate"}),
        ("harbour", {"raw exif", "full"}),
        ("testcam", {"raw exif", "full", "type 13"} | OF_EXIF),
    ],
)
def test_words_are_found_by_a_plain_search(es: Elasticsearch, filled: str, word: str, ids: set[str]) -> None:
    assert found(es, q=word) == ids


@pytest.mark.parametrize(
    ("range", "ids"),
    [
        (
            {"gte": "1978-01-01", "lt": "1979-01-01"},
            {"year", "month", "created", "zero month", "odd offset", "end of a day"},
        ),
        ({"gte": "1978-05-01", "lt": "1978-06-01"}, {"month", "created", "odd offset", "end of a day"}),
        ({"gte": "1978||/y", "lte": "1978||/y", "format": "yyyy"}, {"year", "month", "created", "zero month"}
         | {"odd offset", "end of a day"}),
        ({"gte": "1966-03-01", "lt": "1966-04-01"}, {"of the work"}),
        ({"gte": "1978-05-06T04:26:12Z", "lt": "1978-05-06T04:26:13Z"}, {"odd offset"}),
        ({"gte": "1978-05-06T03:30:00Z", "lte": "1978-05-06T03:30:00Z"}, {"end of a day"}),
        (
            {"gte": "2019-05-06", "lt": "2019-05-07"},
            {"raw exif", "type 13", "full"} | OF_EXIF,
        ),
    ],
)  # fmt: skip
def test_dates_are_found_as_exactly_as_they_were_written(
    es: Elasticsearch, filled: str, range: dict[str, str], ids: set[str]
) -> None:
    assert found(es, query={"range": {"image.metadata.taken_at": range}}) == ids


def test_a_year_stays_a_year_in_the_document(es: Elasticsearch, filled: str) -> None:
    dates = {id: es.get(index=filled, id=id)["_source"]["image"]["metadata"]["taken_at"] for id in ("year", "month")}
    assert dates == {"year": "1978", "month": "1978-05"}


def test_places_are_found(es: Elasticsearch, filled: str) -> None:
    def near(lat: float, lon: float) -> set[str]:
        query = {"geo_distance": {"distance": "1km", "image.metadata.location": {"lat": lat, "lon": lon}}}
        return found(es, query=query)

    assert near(48.5, 2.25) == PLACED
    assert near(48.858333, 2.351944) == OF_CASES


def test_every_picture_was_stored_without_its_metadata(es: Elasticsearch, filled: str) -> None:
    assert found(es, query={"match_all": {}}) == set(FILES)
    assert not found(es, query={"exists": {"field": "image.error.code"}})
    assert es.get(index=filled, id="nothing")["_source"]["image"].get("metadata") is None
