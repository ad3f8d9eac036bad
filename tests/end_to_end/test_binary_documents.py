"""Documents as CBOR, SMILE and YAML, where pictures are bytes: the same is stored as of JSON, and broken ones have their status."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import cbor2
import pytest
import requests
from elasticsearch import Elasticsearch

from tests.helpers.nodes import source
from tests.helpers.pictures import b64, picture
from tests.helpers.service import Service, calls
from tests.helpers.smile import END, smile

from .test_node_memory import assert_nothing_held

SMALL = picture("pillow/hopper.jpg")
OTHER = picture("pillow/flower.jpg")


def as_yaml(value: Any) -> bytes:
    """JSON is YAML, apart from bytes."""
    return json.dumps(value, default=lambda data: f"!!binary {b64(data)}").replace('"!!binary ', '!!binary "').encode()


WRITERS: dict[str, Callable[[Any], bytes]] = {"cbor": cbor2.dumps, "smile": smile, "yaml": as_yaml}


def send(method: str, url: str, kind: str, body: bytes) -> requests.Response:
    headers = {"Content-Type": f"application/{kind}", "Accept": "application/json"}
    return requests.request(method, url, data=body, headers=headers, timeout=60)


def comparable(image: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in image.items() if name != "source_mark"}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_picture_as_bytes_is_stored_updated_and_simulated_as_base64_is(
    es: Elasticsearch, es_url: str, index: str, service: Service, kind: str
) -> None:
    write = WRITERS[kind]
    es.index(index=index, id="json", document={"image": {"data": b64(SMALL)}})
    wanted = comparable(source(es, index, "json")["image"])
    forms: list[Any] = [{"image": {"data": SMALL}}, {"image": SMALL}, {"image.data": SMALL}, {"image": [SMALL]}]
    for number, document in enumerate(forms):
        answer = send("PUT", f"{es_url}/{index}/_doc/{number}", kind, write(document))
        assert answer.status_code == 201, answer.text[:300]
        image = source(es, index, str(number))["image"]
        assert comparable(image[0] if isinstance(image, list) else image) == wanted
    before = calls(service)
    answer = send("POST", f"{es_url}/{index}/_update/0", kind, write({"doc": {"title": "t"}}))
    assert answer.status_code == 200 and calls(service) == before, "its mark is valid"
    answer = send("POST", f"{es_url}/{index}/_update/0", kind, write({"doc": {"image": {"data": OTHER}}}))
    assert answer.status_code == 200, answer.text[:300]
    assert source(es, index, "0")["image"]["original"]["sha256"] != wanted["original"]["sha256"]
    docs = {"docs": [{"_source": {"image": {"data": SMALL}}}, {"_source": {"image": SMALL}}]}
    answer = send("POST", f"{es_url}/_ingest/pipeline/images/_simulate", kind, write(docs))
    for one in answer.json()["docs"]:
        assert all(one["doc"]["_source"]["image"][name] == wanted[name] for name in ("data", "mark", "original"))


def test_a_bulk_of_smile(es: Elasticsearch, es_url: str, index: str) -> None:
    parts: list[Any] = []
    for number in range(8):
        parts += [{"index": {"_index": index, "_id": str(number)}}, {"image": {"data": OTHER if number % 2 else SMALL}}]
    parts += [{"update": {"_index": index, "_id": "0"}}, {"doc": {"title": "t"}}]
    parts += [{"index": {"_index": index, "_id": "bad"}}, {"image": {"data": b"\xff\xd8\xff no picture"}}]
    answer = send("POST", f"{es_url}/_bulk?refresh=true", "smile", b"".join(smile(part) + END for part in parts))
    assert answer.status_code == 200, answer.text[:300]
    items = [next(iter(item.values())) for item in answer.json()["items"]]
    assert [item["status"] for item in items] == [201] * 8 + [200, 201]
    for number in range(8):
        assert source(es, index, str(number))["image"]["mark"]
    assert source(es, index, "bad")["image"]["error"]["code"]


DEEP = 100_000


def nested(opening: bytes) -> bytes:
    return cbor2.dumps({"image": 0})[:-1] + opening * DEEP


ODD: dict[str, tuple[str, bytes]] = {
    "cbor cut off in the bytes": ("cbor", cbor2.dumps({"image": SMALL})[:-100]),
    "cbor that names more bytes than there are": ("cbor", b"\xa1\x65image\x5a\x7f\xff\xff\xff" + SMALL),
    "cbor that names 2^60 bytes": ("cbor", b"\xa1\x65image\x5b\x10\0\0\0\0\0\0\0" + SMALL),
    "cbor of endless pieces": ("cbor", b"\xa1\x65image\x5f" + b"\x41x" * 100_000),
    "deep lists of cbor": ("cbor", nested(b"\x81")),
    "deep objects of cbor": ("cbor", nested(b"\xa1\x61a")),
    "endless lists of cbor": ("cbor", nested(b"\x9f")),
    "deep tags of cbor": ("cbor", nested(b"\xc6")[: DEEP // 10] + b"\x41x"),
    "smile cut off": ("smile", smile({"image": SMALL})[:-100]),
    "smile that names 2^31 bytes": ("smile", smile({"image": b""})[:-3] + b"\xe8\x10\0\0\0\x80" + SMALL),
    "deep lists of smile": ("smile", smile({"image": 0})[:-2] + b"\xf8" * DEEP),
    "smile without a header": ("smile", smile({"image": SMALL})[4:]),
    "deep lists of yaml": ("yaml", b"image: " + b"[" * DEEP),
    "laughs of yaml": (
        "yaml",
        b"a: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(20))
        + b"image: *t\n",
    ),
    "yaml cut off in the bytes": ("yaml", b'image: !!binary "' + b64(SMALL)[:-101].encode()),
    "an object of java in yaml": ("yaml", b"image: !!javax.script.ScriptEngineManager [x]\n"),
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_broken_is_refused_or_recorded(es: Elasticsearch, es_url: str, index: str, what: str) -> None:
    kind, body = ODD[what]
    for method, path in (("PUT", f"{index}/_doc/1"), ("POST", "_ingest/pipeline/images/_simulate")):
        answer = send(method, f"{es_url}/{path}", kind, body)
        print(what, answer.status_code, answer.text[:200])
        assert answer.status_code in (201, 400), answer.text[:300]
        assert len(answer.content) < 20_000
    if es.indices.exists(index=index) and es.exists(index=index, id="1"):
        images = source(es, index)["image"]
        assert all(image["error"]["code"] for image in (images if isinstance(images, list) else [images]))
    assert_nothing_held(es)


@pytest.mark.parametrize("kind", WRITERS)
def test_bytes_that_are_too_many_for_the_node_are_a_bad_picture(
    es: Elasticsearch, es_url: str, index: str, kind: str
) -> None:
    es.cluster.put_settings(persistent={"ingest.image.max_image_bytes": "1kb"})
    try:
        answer = send("PUT", f"{es_url}/{index}/_doc/1", kind, WRITERS[kind]({"image": {"data": SMALL}}))
    finally:
        es.cluster.put_settings(persistent={"ingest.image.max_image_bytes": None})
    assert answer.status_code == 201, answer.text[:300]
    assert json.dumps(source(es, index)).count("image_too_large") == 1


@pytest.mark.parametrize("kind", ["cbor", "smile", "yaml"])
def test_an_answer_in_another_form_is_the_same(es: Elasticsearch, es_url: str, kind: str) -> None:
    """What a simulation shows may have bytes that no processor touched."""
    body = cbor2.dumps({"docs": [{"_source": {"image": SMALL, "mine": {"raw": OTHER}}}]})
    headers = {"Content-Type": "application/cbor", "Accept": f"application/{kind}"}
    answer = requests.post(f"{es_url}/_ingest/pipeline/images/_simulate", data=body, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["Content-Type"].startswith(f"application/{kind}")
    if kind == "cbor":
        (one,) = cbor2.loads(answer.content)["docs"]
        assert one["doc"]["_source"]["mine"]["raw"] == OTHER and one["doc"]["_source"]["image"]["mark"]
