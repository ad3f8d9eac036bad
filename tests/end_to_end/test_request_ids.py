"""What became of a refused picture can be looked up in the service's log: the id is in the document, or in its failure."""

from __future__ import annotations

import re

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from tests.helpers.pictures import b64, picture
from tests.helpers.service import Service

BROKEN = b64(b"no picture")


def test_the_error_in_a_document_names_its_line_in_the_log(es: Elasticsearch, service: Service, index: str) -> None:
    es.index(index=index, id="1", document={"image": {"data": BROKEN, "alt": "mine"}}, refresh=True)
    error = es.get(index=index, id="1")["_source"]["image"]["error"]
    (line,) = service.logged(error["request_id"])
    assert (line["event"], line["code"], line["reason"]) == ("picture", "not_an_image", error["reason"])
    # And the other way round: from a line in the log to the document.
    found = es.search(index=index, query={"term": {"image.error.request_id": error["request_id"]}})
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["1"]
    es.index(index=index, id="1", document={"image": {"data": b64(picture("pillow/hopper.jpg"))}})
    assert "error" not in es.get(index=index, id="1")["_source"]["image"]


def test_a_clients_own_id_is_that_of_its_pictures(es: Elasticsearch, service: Service, index: str) -> None:
    client = es.options(opaque_id="import 7")
    client.index(index=index, id="1", document={"image": [{"data": BROKEN}, {"data": "!"}]})
    errors = [image["error"] for image in es.get(index=index, id="1")["_source"]["image"]]
    assert [error["request_id"] for error in errors] == ["import_7", "import_7"]
    assert {line["code"] for line in service.logged("import_7")} == {"not_an_image", "invalid_base64"}


def test_the_failure_of_a_refused_document_ends_with_it(es: Elasticsearch, service: Service, index: str) -> None:
    es.ingest.put_pipeline(id=f"{index}-strict", processors=[{"image": {"field": "image"}}])
    try:
        with pytest.raises(BadRequestError) as refused:
            es.index(index=index, id="1", pipeline=f"{index}-strict", document={"image": BROKEN})
    finally:
        es.ingest.delete_pipeline(id=f"{index}-strict")
    reason = refused.value.body["error"]["reason"]
    match = re.fullmatch(r"\[not_an_image\] .*; field \[image\]; request_id \[([0-9a-f]{32})\]", reason)
    assert match, reason
    (line,) = service.logged(match[1])
    assert line["code"] == "not_an_image"


def test_what_the_node_refuses_by_itself_has_none(es: Elasticsearch, index: str) -> None:
    es.index(index=index, id="1", document={"image": {"data": 5}})
    assert es.get(index=index, id="1")["_source"]["image"]["error"].keys() == {"code", "reason"}
