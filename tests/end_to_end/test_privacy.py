"""Neither name nor place reaches what a node stores, whatever becomes of the picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch, helpers
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from tests.helpers.nodes import source
from tests.helpers.pictures import b64, opened, picture
from tests.helpers.png_chunks import chunk
from tests.helpers.secrets_everywhere import DECODED_BY_NOBODY, places
from tests.helpers.secrets_in_files import NAME, TRACES, exif, saved

CASES = ("gps.jp2", "gps_only.tif", "page2gps.tif", "gps.ico", "comment.ppm", "exif_full.jpg")
# The place that the cases of this repository have in them, in EXIF's numbers: 48 and 51 in either byte order.
PLACES = (b"\0\0\0\x30\0\0\0\1\0\0\0\x33", b"\x30\0\0\0\1\0\0\0\x33\0\0\0", b"# ")


def pipeline(es: Elasticsearch, name: str, **options: Any) -> str:
    es.ingest.put_pipeline(id=name, processors=[{"image": {"field": "image", "properties": [], **options}}])
    return name


@pytest.fixture(params=["no operations", "strip_metadata"])
def as_it_is(request: pytest.FixtureRequest, es: Elasticsearch) -> Iterator[str]:
    """A pipeline that leaves pixels as they are."""
    operations = None if request.param == "no operations" else ["strip_metadata"]
    name = pipeline(es, "as-it-is", **({} if operations is None else {"operations": operations}))
    yield name
    es.ingest.delete_pipeline(id=name)


@pytest.fixture
def recording(es: Elasticsearch) -> Iterator[str]:
    """A pipeline that stores refused pictures with their error."""
    name = pipeline(es, "recording", operations=["grayscale"], on_invalid="record")
    yield name
    es.ingest.delete_pipeline(id=name)


@pytest.mark.parametrize("case", CASES)
def test_the_cases_are_stored_without_it(es: Elasticsearch, index_of_module: str, as_it_is: str, case: str) -> None:
    data = picture(f"cases/{case}")
    assert any(trace in data for trace in PLACES)
    es.index(index=index_of_module, id="1", document={"image": {"data": b64(data)}}, pipeline=as_it_is)
    image = source(es, index_of_module, "1")["image"]
    stored = base64.b64decode(image["data"])
    assert not any(trace in stored for trace in PLACES[:2])
    assert NAME.split()[0] not in stored and b"# " not in stored[:40]
    assert opened(stored).size == (image["width"], image["height"])


def every_place() -> dict[str, bytes]:
    return {f"{format_}, {where}": data for format_, where, data in places()}


def test_every_place_of_every_format_in_one_bulk(es: Elasticsearch, index: str, as_it_is: str) -> None:
    named = every_place()
    actions = (
        {"_op_type": "index", "_index": index, "_id": name[:200], "image": {"data": b64(data)}}
        for name, data in named.items()
    )
    _, errors = helpers.bulk(es, actions, pipeline=as_it_is, raise_on_error=False, refresh=True)
    assert isinstance(errors, list)
    refused = {error["index"]["_id"] for error in errors}
    assert all(name.startswith(DECODED_BY_NOBODY) for name in refused), refused
    found = list(helpers.scan(es, index=index, query={"query": {"match_all": {}}}))
    assert {hit["_id"] for hit in found} == {name[:200] for name in named} - refused
    for hit in found:
        stored = base64.b64decode(hit["_source"]["image"]["data"])
        assert not any(trace in stored for trace in TRACES), hit["_id"]


def test_every_place_of_every_refused_picture_in_one_bulk(es: Elasticsearch, index: str, recording: str) -> None:
    """Each cut off at its end; what loses no pixel by that is stored as a picture."""
    actions = (
        {"_op_type": "index", "_index": index, "_id": name[:200], "image": {"data": b64(data[: len(data) * 9 // 10])}}
        for name, data in every_place().items()
    )
    helpers.bulk(es, actions, pipeline=recording, refresh=True)
    kept = set()
    for hit in helpers.scan(es, index=index, query={"query": {"match_all": {}}}):
        image = hit["_source"]["image"]
        stored = base64.b64decode(image.get("data", ""))
        assert not any(trace in stored for trace in TRACES), hit["_id"]
        assert stored or image["error"]["code"], hit["_id"]
        if stored and "error" in image:
            kept.add(hit["_id"].partition(",")[0])
    # Photographs that were cut off stay, without it.
    assert kept >= {"jpeg", "png", "webp", "gif", "tiff"}, kept


def large() -> bytes:
    """A photograph of 72 megapixels, which a recipe that does not scale cannot take."""
    return saved("JPEG", Image.new("RGB", (9800, 7400), "teal"), exif=exif(), comment=NAME)


def photograph_png() -> bytes:
    data = saved("PNG", Image.effect_noise((80, 60), 90))
    return data[:33] + chunk(b"tEXt", b"Author\0" + NAME) + chunk(b"eXIf", exif(prefix=False)) + data[33:]


def broken_tiff() -> bytes:
    data = saved("TIFF", description=NAME.decode(), compression="tiff_deflate")
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, TiffImageFile)
        start = image.tag_v2[273][0]
    return data[: start + 8] + b"\xff" * 40 + data[start + 48 :]


REFUSED = {
    "too many pixels": (large, "too_many_pixels"),
    "cut off": (lambda: saved("JPEG", exif=exif(), quality=95)[:-300], "truncated_image"),
    "cut off, png": (lambda: photograph_png()[:-200], "truncated_image"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_refused_photograph_is_kept_without_it(
    es: Elasticsearch, index_of_module: str, recording: str, what: str
) -> None:
    make, code = REFUSED[what]
    data = make()
    assert any(trace in data for trace in TRACES)
    es.index(index=index_of_module, id="1", document={"title": "x", "image": {"data": b64(data)}}, pipeline=recording)
    document = source(es, index_of_module, "1")
    assert document["image"]["error"]["code"] == code
    stored = base64.b64decode(document["image"]["data"])
    assert stored[:2] == data[:2]
    assert not any(trace in stored for trace in TRACES)
    # Nothing changes when it passes again, but the id of the request: the service was asked again.
    es.index(index=index_of_module, id="1", document=document | {"title": "y"}, pipeline=recording)
    again = source(es, index_of_module, "1")
    assert again["image"]["error"].pop("request_id") != document["image"]["error"].pop("request_id")
    assert again == document | {"title": "y"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (picture("cases/raw_dng.dng"), "unsupported_format"),
        (b"a diary by " + NAME, "not_an_image"),
        (b"%PDF-1.7 " + NAME, "unsupported_format"),
        # Nobody can tell where its pixels end.
        (broken_tiff(), "corrupt_image"),
    ],
)
def test_what_cannot_be_made_clean_is_not_kept(
    es: Elasticsearch, index_of_module: str, recording: str, data: bytes, code: str
) -> None:
    for value in ({"data": b64(data)}, b64(data)):
        es.index(index=index_of_module, id="1", document={"title": "x", "image": value}, pipeline=recording)
        image = source(es, index_of_module, "1")["image"]
        assert image["error"]["code"] == code
        assert set(image) == {"error"}
    # The document passes again, though it has no picture.
    es.index(index=index_of_module, id="1", document={"title": "y", "image": image}, pipeline=recording)
    assert source(es, index_of_module, "1") == {"title": "y", "image": image}


def test_keep_invalid_keeps_it_as_it_came(es: Elasticsearch, index: str) -> None:
    name = pipeline(es, "keeping", operations=["grayscale"], on_invalid="record", keep_invalid=True)
    for id_, data in (("1", REFUSED["cut off"][0]()), ("2", b"a diary by " + NAME)):
        es.index(index=index, id=id_, document={"image": {"data": b64(data)}}, pipeline=name)
        image = source(es, index, id_)["image"]
        assert base64.b64decode(image["data"]) == data
        assert "code" in image["error"]
    es.ingest.delete_pipeline(id=name)


@pytest.mark.parametrize(
    "size", [(8000, 6000), (9248, 6936), (9800, 7400), (12000, 9000), (16320, 12240)], ids="{0[0]}x{0[1]}".format
)
def test_the_bundled_pipeline_takes_the_photographs_of_phones(
    es: Elasticsearch, index_of_module: str, size: tuple[int, int]
) -> None:
    """48, 64, 72, 108 and 200 megapixels."""
    data = saved("JPEG", Image.new("L", size, 90), exif=exif(), comment=NAME)
    es.index(index=index_of_module, id="1", document={"image": {"data": b64(data)}})
    image = source(es, index_of_module, "1")["image"]
    assert "error" not in image
    assert (image["width"], image["original"]["width"]) == (2048, size[0])
    stored = base64.b64decode(image["data"])
    assert opened(stored).size == (image["width"], image["height"])
    assert not any(trace in stored for trace in TRACES)
