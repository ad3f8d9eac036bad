"""What stays of a picture that was taken away, and of one that was refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch
from PIL import ExifTags, Image

from tests.helpers.located_pictures import places, with_place
from tests.helpers.nodes import source
from tests.helpers.pictures import b64, encoded

PRIVATE = with_place(encoded(Image.effect_noise((120, 80), 60), "JPEG"))
TRUNCATED = PRIVATE[: len(PRIVATE) // 2]
RECORD: dict[str, Any] = {"on_invalid": "record", "ignore_missing": True}


def described() -> bytes:
    """A picture with more to say than PRIVATE, and another place."""
    exif = Image.Exif()
    exif.update(
        {ExifTags.Base.Artist: "Zebedee", ExifTags.Base.ImageDescription: "harbour", ExifTags.Base.Make: "ACME"}
    )
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (10.0, 5.0, 3.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    return encoded(Image.effect_noise((300, 200), 60), "JPEG", exif=exif)


@pytest.fixture
def pipeline(es: Elasticsearch, index: str) -> Iterator[Any]:
    """Makes `index` use an `image` processor with these options."""

    def use(**options: Any) -> None:
        es.ingest.put_pipeline(id=f"own-{index}", processors=[{"image": options}])
        if not es.indices.exists(index=index):
            settings = {"default_pipeline": f"own-{index}"}
            es.indices.create(index=index, settings=settings, mappings={"dynamic": False})

    yield use
    es.indices.delete(index=index, ignore_unavailable=True)
    es.ingest.delete_pipeline(id=f"own-{index}")


def test_a_null_leaves_nothing_of_the_picture(es: Elasticsearch, index: str) -> None:
    es.index(index=index, id="1", document={"title": "t", "image": {"data": b64(PRIVATE), "caption": "mine"}})
    es.update(index=index, id="1", doc={"image": {"data": None}})
    assert source(es, index) == {"title": "t", "image": {"caption": "mine"}}
    es.update(index=index, id="1", doc={"title": "u"})
    assert source(es, index) == {"title": "u", "image": {"caption": "mine"}}
    es.update(index=index, id="1", doc={"image": {"data": b64(PRIVATE)}})
    assert source(es, index)["image"]["width"] == 120


@pytest.mark.parametrize("options", [{}, {"store": "none"}], ids=["with data", "without"])
def test_a_null_leaves_nothing_of_the_picture_whatever_address_is_beside_it(
    es: Elasticsearch, index: str, pipeline: Any, options: dict[str, Any]
) -> None:
    pipeline(**RECORD, **options)
    own = {"url": "https://images.example.org/a.jpg", "caption": "mine"}
    es.index(index=index, id="1", document={"title": "t", "image": {"data": b64(described()), **own}})
    assert "error" not in source(es, index)["image"] and source(es, index)["image"]["width"] == 300
    es.update(index=index, id="1", doc={"image": {"data": None}})
    assert source(es, index) == {"title": "t", "image": {**own, "data": None}}
    es.update(index=index, id="1", doc={"title": "u"})
    assert source(es, index) == {"title": "u", "image": {**own, "data": None}}
    es.update(index=index, id="1", doc={"image": {"data": b64(PRIVATE)}})
    assert source(es, index)["image"]["width"] == 120


def test_data_that_is_only_left_out_clears_nothing(es: Elasticsearch, index: str) -> None:
    """As after a script that removes the key (docs/security.md): it may be a pipeline that leaves out the data."""
    es.index(index=index, id="1", document={"image": {"data": b64(PRIVATE), "caption": "mine"}})
    left = {name: value for name, value in source(es, index)["image"].items() if name != "data"}
    es.index(index=index, id="1", document={"image": left})
    assert source(es, index)["image"] == left
    es.index(index=index, id="1", document={"image": left | {"data": None}})
    assert source(es, index)["image"] == {"caption": "mine"}


@pytest.mark.parametrize("store", ["data", "none"])
def test_of_a_document_without_data_nobody_can_tell_whether_the_picture_was_removed(
    es: Elasticsearch, index: str, pipeline: Any, store: str
) -> None:
    """A client that reads without `data` writes what a pipeline has left that left it out: fields must not be lost."""
    pipeline(**RECORD, store=store)
    es.index(index=index, id="1", document={"image": {"data": b64(described()), "caption": "mine"}})
    stored = es.get(index=index, id="1", source_excludes=["image.data"])["_source"]
    assert {"width", "thumbnail", "color_names", "mark"} <= stored["image"].keys()
    pipeline(**RECORD)
    es.index(index=index, id="1", document=stored)
    assert source(es, index) == stored
    es.update(index=index, id="1", doc={"title": "t"})
    assert source(es, index) == stored | {"title": "t"}
    es.update(index=index, id="1", doc={"image": {"data": None}})
    assert source(es, index)["image"] == {"caption": "mine"}


def test_a_null_in_a_list_is_for_that_one(es: Elasticsearch, index: str) -> None:
    es.index(index=index, id="1", document={"image": [b64(PRIVATE), b64(PRIVATE)]})
    first, second = source(es, index)["image"]
    es.index(index=index, id="1", document={"image": [{**first, "data": None, "caption": "mine"}, second]})
    assert source(es, index)["image"][0] == {"caption": "mine"}
    assert source(es, index)["image"][1] == second


def test_a_null_where_the_picture_was_clears_the_target(es: Elasticsearch, index: str, pipeline: Any) -> None:
    pipeline(**RECORD, field="photo", target_field="image")
    for none in (None, {"data": None}):
        es.index(index=index, id="1", document={"photo": {"data": b64(PRIVATE)}, "image": {"caption": "mine"}})
        assert source(es, index)["image"]["width"] == 120
        es.update(index=index, id="1", doc={"photo": none})
        assert source(es, index)["image"] == {"caption": "mine"}


@pytest.mark.parametrize("options", [{"remove_binary": True}, {"remove_binary": True, "store": "none"}], ids=str)
def test_a_null_in_the_target_clears_it_where_the_source_was_removed(
    es: Elasticsearch, index: str, pipeline: Any, options: dict[str, Any]
) -> None:
    pipeline(**RECORD, **options, field="photo", target_field="image")
    es.index(index=index, id="1", document={"title": "t", "photo": b64(described()), "image": {"caption": "mine"}})
    assert {"caption", "width", "thumbnail", "mark"} < source(es, index)["image"].keys()
    es.update(index=index, id="1", doc={"image": {"data": None}})
    assert source(es, index) == {"title": "t", "image": {"caption": "mine"}}
    es.index(index=index, id="1", document={"photo": [b64(described()), b64(PRIVATE)]})
    first, second = source(es, index)["image"]
    es.index(index=index, id="1", document={"image": [first | {"data": None, "caption": "mine"}, second]})
    assert source(es, index) == {"image": [{"caption": "mine"}, second]}
    upsert(es, index, image={"data": None})
    assert there(source(es, index)["image"]) == {}


def test_data_that_is_not_there_says_nothing(es: Elasticsearch, index: str, pipeline: Any) -> None:
    pipeline(**RECORD, store="none")
    es.index(index=index, id="1", document={"image": {"data": b64(PRIVATE)}})
    stored = source(es, index)
    assert "data" not in stored["image"] and stored["image"]["thumbnail"]
    es.update(index=index, id="1", doc={"title": "t"})
    assert source(es, index) == {**stored, "title": "t"}


def upsert(es: Elasticsearch, index: str, **doc: Any) -> None:
    """By a bulk, which runs the pipeline on this alone, and merges what comes of it into the document."""
    lines: list[dict[str, Any]] = [{"update": {"_id": "1"}}, {"doc": doc, "doc_as_upsert": True}]
    answer = es.bulk(index=index, operations=lines)
    assert not answer["errors"], str(answer)[:300]


def there(value: Any) -> Any:
    """What the mapping sees: a null is nothing."""
    if isinstance(value, dict):
        return {name: there(part) for name, part in value.items() if part is not None}
    return value


@pytest.mark.parametrize("mapped", [True, False])
def test_a_bulk_upsert_leaves_nothing_of_an_earlier_picture(es: Elasticsearch, index: str, mapped: bool) -> None:
    full = {"metadata": {"location": "full"}}
    properties = ["colors", "statistics", full, "perceptual_hash", "embedding", "placeholder", "thumbnail"]
    es.ingest.put_pipeline(id=f"own-{index}", processors=[{"image": RECORD | {"properties": properties}}])
    mappings = None if mapped else {"dynamic": False}
    es.indices.create(index=index, settings={"default_pipeline": f"own-{index}"}, mappings=mappings)
    plain = b64(encoded(Image.new("RGB", (50, 40), "teal")))
    first = {"data": b64(described()), "caption": "mine"}
    es.index(index=index, id="fresh", document={"image": {"data": plain}})
    es.index(index=index, id="1", document={"image": first})
    before = source(es, index)
    assert {"location", "artist"} <= before["image"]["metadata"].keys() and before["image"]["colors"]
    upsert(es, index, title="t")
    assert source(es, index) == before | {"title": "t"}
    upsert(es, index, image={"data": plain})
    assert there(source(es, index)["image"]) == {"caption": "mine"} | source(es, index, "fresh")["image"]
    # The same again, when the first one has more in the same objects than the second.
    es.index(index=index, id="1", document={"image": first})
    upsert(es, index, **{"image.data": b64(PRIVATE)})
    assert there(source(es, index)["image"])["metadata"].keys() == {"location"}
    upsert(es, index, image={"data": b64(TRUNCATED)})
    assert there(source(es, index)["image"]).keys() == {"data", "error", "caption"}
    es.index(index=index, id="1", document={"image": first})
    upsert(es, index, image={"data": b64(b"no picture")})
    refused = there(source(es, index)["image"])
    assert refused.keys() == {"error", "caption"}
    for written in ("t", "u"):
        es.update(index=index, id="1", doc={"title": written})
        assert there(source(es, index)["image"]) == refused
    es.index(index=index, id="1", document={"image": first})
    upsert(es, index, image={"data": None})
    assert there(source(es, index)["image"]) == {"caption": "mine"}
    es.update(index=index, id="1", doc={"title": "u"})
    assert source(es, index) == {"title": "u", "image": {"caption": "mine"}}
    es.delete(index=index, id="1")
    upsert(es, index, image={"data": plain}, title="new")
    assert there(source(es, index)) == {"title": "new", "image": source(es, index, "fresh")["image"]}
    es.indices.delete(index=index)
    es.ingest.delete_pipeline(id=f"own-{index}")


def test_an_upsert_without_a_picture_takes_no_later_one_away(es: Elasticsearch, index: str, pipeline: Any) -> None:
    """Its null would stay where the later picture is not in the document."""
    pipeline(**RECORD, store="none")
    for before in (None, b64(b"no picture")):
        upsert(es, index, image={"data": before})
        for title in ("t", "u"):
            upsert(es, index, image={"data": b64(PRIVATE), "caption": "mine"})
            es.update(index=index, id="1", doc={"title": title})
            image = source(es, index)["image"]
            assert image["width"] == 120 and image["thumbnail"] and "data" not in image
        upsert(es, index, image={"data": b64(PRIVATE)})
        es.update(index=index, id="1", doc={"image": {"data": None}})
        assert there(source(es, index)["image"]) == {"caption": "mine"}


def test_a_bulk_upsert_of_a_source_is_for_its_target(es: Elasticsearch, index: str, pipeline: Any) -> None:
    pipeline(**RECORD, field="photo", target_field="image", properties=["metadata"])
    es.index(index=index, id="1", document={"photo": b64(described()), "image": {"caption": "mine"}})
    assert source(es, index)["image"]["metadata"]["artist"]
    upsert(es, index, photo=b64(PRIVATE))
    image = there(source(es, index)["image"])
    assert (image["width"], image["caption"], "metadata" in image) == (120, "mine", False)
    upsert(es, index, photo=None)
    assert there(source(es, index)) == {"image": {"caption": "mine"}}


@pytest.mark.parametrize("data", [TRUNCATED, b"%PDF-1.4 no picture", PRIVATE[:40]], ids=["truncated", "pdf", "header"])
def test_a_refused_picture_is_not_stored_as_it_came(es: Elasticsearch, index: str, data: bytes) -> None:
    es.index(index=index, id="1", document={"title": "t", "image": {"data": b64(data), "caption": "mine"}})
    stored = source(es, index)
    assert stored["image"]["error"]["code"] and stored["image"]["caption"] == "mine"
    assert not list(places(stored)) and stored["image"].get("data") != b64(data)
    # Such a document is written again as any other.
    es.update(index=index, id="1", doc={"title": "u"})
    again = source(es, index)
    if "data" in stored["image"]:
        # The service was asked again about what is left of the picture.
        assert again["image"]["error"].pop("request_id") != stored["image"]["error"].pop("request_id")
    assert again == {**stored, "title": "u"}
    es.update(index=index, id="1", doc={"image": {"data": b64(PRIVATE)}})
    assert source(es, index)["image"]["width"] == 120 and "error" not in source(es, index)["image"]


def test_a_document_whose_picture_was_refused_is_not_missing_it(es: Elasticsearch, index: str, pipeline: Any) -> None:
    pipeline(on_invalid="record")
    es.index(index=index, id="1", document={"image": b64(b"no picture")})
    es.update(index=index, id="1", doc={"title": "t"})
    assert source(es, index)["title"] == "t"
    with pytest.raises(BadRequestError, match="not present"):
        es.index(index=index, id="2", document={"image": {"caption": "mine"}})


def test_what_is_not_even_sent_to_the_service_is_not_stored(es: Elasticsearch, index: str) -> None:
    es.cluster.put_settings(persistent={"ingest.image.max_image_bytes": "1kb"})
    try:
        es.index(index=index, id="1", document={"image": {"data": b64(PRIVATE)}})
    finally:
        es.cluster.put_settings(persistent={"ingest.image.max_image_bytes": None})
    es.index(index=index, id="2", document={"image": {"data": {"type": "Buffer", "data": list(PRIVATE[:50])}}})
    es.index(index=index, id="3", document={"image": {"type": "Buffer", "data": []}})
    es.index(index=index, id="4", document={"image": {"data": "no base64!"}})
    images = [source(es, index, id)["image"] for id in ("1", "2", "3", "4")]
    codes = [image["error"]["code"] for image in images]
    assert codes == ["image_too_large", "invalid_base64", "invalid_base64", "invalid_base64"]
    for image in images[1:3]:
        assert "Buffer.from(bytes).toString('base64')" in image["error"]["reason"]
    assert [set(image) - {"type"} for image in images] == [{"error"}] * 4


def test_keep_invalid_keeps_it(es: Elasticsearch, index: str, pipeline: Any) -> None:
    pipeline(**RECORD, keep_invalid=True)
    es.index(index=index, id="1", document={"image": {"data": b64(TRUNCATED), "width": 5}})
    image = source(es, index)["image"]
    assert (set(image), image["data"]) == ({"data", "error"}, b64(TRUNCATED))


def test_a_source_that_is_to_go_goes_also_when_it_is_refused(es: Elasticsearch, index: str, pipeline: Any) -> None:
    options = RECORD | {"field": "photo", "target_field": "image", "remove_binary": True}
    for keep, left in ((False, {"image"}), (True, {"image", "photo"})):
        pipeline(**options, keep_invalid=keep)
        es.index(index=index, id="1", document={"photo": b64(TRUNCATED)})
        stored = source(es, index)
        assert set(stored) == left
        assert stored["image"]["error"]["code"] == "truncated_image"
        assert not list(places(stored["image"]))


def test_an_operation_that_cannot_be_done_loses_no_picture(es: Elasticsearch, index: str) -> None:
    es.index(index=index, id="1", document={"image": {"data": b64(PRIVATE)}})
    before = source(es, index)["image"]
    outside = [{"crop": {"left": 5000, "top": 0, "width": 10, "height": 10}}]
    es.update(index=index, id="1", doc={"image": {"operations": outside}})
    after = source(es, index)["image"]
    assert (after["error"]["code"], after["data"]) == ("crop_outside", before["data"])
    es.update(index=index, id="1", doc={"title": "t"})
    again = source(es, index)["image"]
    kept = ("data", "width", "color_names", "mark", "sha256")
    assert {name: again[name] for name in kept} == {name: before[name] for name in kept}
    assert again["thumbnail"] and "error" not in again


@pytest.mark.parametrize("numbers", [list(PRIVATE[:50]), {str(i): byte for i, byte in enumerate(PRIVATE[:50])}])
def test_bytes_as_numbers_are_not_stored_where_a_result_should_be(
    es: Elasticsearch, index: str, pipeline: Any, numbers: Any
) -> None:
    """What `JSON.stringify` makes of a Buffer's bytes and of a Uint8Array, in the field and in a target without a source."""
    for options in ({}, {"field": "photo", "target_field": "image"}):
        pipeline(**RECORD, **options)
        for id, image in (("one", numbers), ("list", [numbers, {"error": {"code": "mine"}}])):
            es.index(index=index, id=id, document={"image": image})
            stored = source(es, index, id)["image"]
            left = stored[0] if isinstance(stored, list) else stored
            assert (set(left), left["error"]["code"]) == ({"error"}, "invalid_base64")
            assert "Buffer.from(bytes).toString('base64')" in left["error"]["reason"]
