"""Vectors of a document that is read and written again, on a real node of each version."""

from __future__ import annotations

from elasticsearch import Elasticsearch
from PIL import Image

from tests.helpers.pictures import b64, encoded, picture
from tests.helpers.service import Service, calls
from tests.helpers.vector_questions import NAMES, copies, hits


def test_a_list_in_another_order(es: Elasticsearch, index: str) -> None:
    """The picture that comes first gets the vector, the one that was first loses it; neither is encoded again."""
    es.index(
        index=index, id="1", document={"image": [{"data": b64(picture(name))} for name in NAMES[1:3]]}, refresh=True
    )
    first, second = es.get(index=index, id="1")["_source"]["image"]
    es.index(index=index, id="1", document={"image": [second, first]}, refresh=True)
    turned = es.get(index=index, id="1")["_source"]["image"]
    assert [image["sha256"] for image in turned] == [second["sha256"], first["sha256"]]
    assert ["embedder" in image for image in turned] == [True, False]
    assert hits(es, index, {"data": b64(picture(NAMES[2]))})[0][1] > 0.99
    hashes = [image["perceptual_hashes"]["hex"] for image in turned]
    assert [len(copies(es, index, value, "image.perceptual_hash")) for value in hashes] == [1, 0]
    assert [len(copies(es, index, value, "image.perceptual_hashes.bits")) for value in hashes] == [1, 1]


def test_a_document_that_comes_back_keeps_its_vector(es: Elasticsearch, index: str) -> None:
    """From 9.2 on vectors are left out of what one gets: who puts it back does not lose them."""
    es.index(index=index, id="1", document={"image": {"data": b64(picture(NAMES[1]))}})
    document = es.get(index=index, id="1")["_source"]
    es.index(index=index, id="1", document={**document, "title": "Flower"}, refresh=True)
    assert hits(es, index, {"id": "1", "index": index})[0][1] > 0.97
    assert es.get(index=index, id="1")["_source"]["image"]["sha256"] == document["image"]["sha256"]


def test_a_hash_that_comes_back_without_its_bits_needs_no_call(es: Elasticsearch, index: str, service: Service) -> None:
    """Alone, in a list, and of a picture that has none, by a pipeline that makes no other vector."""
    pictures = {"one": b64(picture(NAMES[1])), "blank": b64(encoded(Image.new("RGB", (64, 64), "navy")))}
    name = f"hash-{index}"
    es.ingest.put_pipeline(id=name, processors=[{"image": {"properties": ["perceptual_hash"]}}])
    try:
        for id, data in pictures.items():
            es.index(index=index, id=id, document={"image": {"data": data}}, pipeline=name)
        document = {"image": [{"data": pictures["blank"]}, {"data": b64(picture(NAMES[2]))}, {"data": pictures["one"]}]}
        es.index(index=index, id="list", document=document, pipeline=name)
        counted, before = calls(service), {id: es.get(index=index, id=id) for id in ("one", "blank", "list")}
        value = before["one"]["_source"]["image"]["perceptual_hashes"]["hex"]
        for id, found in before.items():
            es.index(index=index, id=id, document={**found["_source"], "title": id}, pipeline=name)
        es.indices.refresh(index=index)

        def both_find_it() -> None:
            assert copies(es, index, value, "image.perceptual_hash") == {"one"}
            assert copies(es, index, value, "image.perceptual_hashes.bits") == {"one", "list"}

        both_find_it()
        for id, found in before.items():
            assert es.get(index=index, id=id)["_source"]["image"] == found["_source"]["image"]
        assert calls(service) == counted
        # A partial update keeps the vectors, and runs the pipeline of the index.
        es.indices.put_settings(index=index, settings={"index.default_pipeline": name})
        for id in before:
            es.update(index=index, id=id, doc={"title": "updated"}, refresh=True)
        both_find_it()
        assert calls(service) == counted
    finally:
        es.indices.put_settings(index=index, settings={"index.default_pipeline": None})
        es.ingest.delete_pipeline(id=name)
