"""The trace of a client's request is that of its pictures in the service's log."""

from __future__ import annotations

import uuid

from elasticsearch import Elasticsearch

from tests.helpers.pictures import b64, picture
from tests.helpers.service import Service

PICTURE = b64(picture("pillow/hopper.jpg"))


def new_trace() -> str:
    return uuid.uuid4().hex


def traced(es: Elasticsearch, trace: str) -> Elasticsearch:
    return es.options(headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})


def codes(service: Service, trace: str) -> list[str]:
    return [line["code"] for line in service.lines() if line.get("trace_id") == trace]


def test_pictures_are_of_the_trace_of_their_request(es: Elasticsearch, service: Service, index: str) -> None:
    one, many, asking = (new_trace() for _ in range(3))
    traced(es, one).index(index=index, document={"image": {"data": PICTURE}}, refresh=True)
    traced(es, many).bulk(
        index=index,
        operations=[{"index": {}}, {"image": {"data": PICTURE}}, {"index": {}}, {"image": {"data": b64(b"none")}}],
    )
    builder = {"image": {"data": PICTURE}}
    knn = {"field": "image.embedding", "k": 1, "num_candidates": 5, "query_vector_builder": builder}
    traced(es, asking).search(index=index, knn=knn)
    assert codes(service, one) == ["ok"]
    assert sorted(codes(service, many)) == ["not_an_image", "ok"]
    assert codes(service, asking) == ["ok"]


def test_each_request_has_its_own(es: Elasticsearch, service: Service, index: str) -> None:
    trace = new_trace()
    traced(es, trace).options(opaque_id=trace).index(index=index, id="1", document={"image": {"data": b64(b"none")}})
    es.options(opaque_id=f"{trace}-after").index(index=index, id="2", document={"image": {"data": b64(b"none")}})
    # The error leads to its line by the id of the request, as without a trace.
    error = es.get(index=index, id="1")["_source"]["image"]["error"]
    assert [line["trace_id"] for line in service.logged(error["request_id"])] == [trace]
    assert [line.get("trace_id") for line in service.logged(f"{trace}-after")] == [None]


def test_what_is_no_trace_is_not_handed_on(es: Elasticsearch, service: Service, index: str) -> None:
    id_ = new_trace()
    es.options(opaque_id=id_, headers={"traceparent": f"00-{'x' * 32}-b7ad6b7169203331-01"}).index(
        index=index, document={"image": {"data": PICTURE}}
    )
    assert [line.get("trace_id") for line in service.logged(id_)] == [None]
