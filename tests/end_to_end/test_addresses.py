"""Pictures by address on a real node: the stranger's server, the service and the node are all real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from tests.helpers.dev_tools import parse
from tests.helpers.documented import the_block
from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import b64, opened, picture
from tests.helpers.service import Service, calls, running_service
from tests.helpers.web_server import Stranger, gives, redirects, stranger

CAT, DOG = picture("pillow/hopper.jpg"), picture("exif-orientation/Landscape_6.jpg")


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Stranger]:
    with stranger() as running:
        yield running


@pytest.fixture
def server(elsewhere: Stranger) -> Stranger:
    """A server with two pictures that nobody has asked for yet."""
    elsewhere.paths = {"/cat.jpg": gives(CAT), "/dog.jpg": gives(DOG)}
    elsewhere.asked.clear()
    return elsewhere


@pytest.fixture(scope="module")
def allowing(elsewhere: Stranger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    allowed = {"url_hosts": f"127.0.0.1:{elsewhere.port}", "url_private_networks": "127.0.0.1/32"}
    with running_service(tmp_path_factory.mktemp("allowing") / "service.log", **allowed) as running:
        yield running


@pytest.fixture
def fetching(es: Elasticsearch, service: Service, server: Stranger, allowing: Service) -> Iterator[Service]:
    """A service that fetches from the server, called by a node that allows that."""
    set_hosts(es, allowing.url)
    es.cluster.put_settings(persistent={"ingest.image.url_hosts": [f"127.0.0.1:{server.port}"]})
    yield allowing
    set_hosts(es, service.url)
    es.cluster.put_settings(persistent={"ingest.image.url_hosts": None})


def image(es: Elasticsearch, index: str, id: str = "1") -> dict[str, Any]:
    return dict(es.get(index=index, id=id)["_source"]["image"])


def test_off_by_default(es: Elasticsearch, index: str, server: Stranger) -> None:
    es.index(
        index=index, id="1", document={"title": "A cat", "image": {"url": f"http://127.0.0.1:{server.port}/cat.jpg"}}
    )
    error = image(es, index)["error"]
    assert error["code"] == "url_not_allowed" and "ingest.image.url_hosts" in error["reason"]
    assert server.asked == []


@pytest.mark.parametrize("more", [{}, {"data": b64(CAT)}, {"error": {"code": "url_not_allowed"}}])
def test_a_picture_does_not_stay_as_an_address(es: Elasticsearch, index: str, more: dict[str, Any]) -> None:
    url = f" DATA:image/jpeg; base64,{b64(DOG)}"
    for written in (url, [url], ["https://images.example.org/a.jpg", [url]]):
        for document in ({"image": {"url": written} | more}, {"image.url": written, "image": more}):
            with pytest.raises(BadRequestError, match=r"url_not_allowed.*data URL"):
                es.index(index=index, id="1", document=document)


def test_a_picture_by_address_is_fetched_once(
    es: Elasticsearch, index: str, fetching: Service, server: Stranger
) -> None:
    url = f"http://127.0.0.1:{server.port}/cat.jpg"
    es.index(index=index, id="1", document={"title": "A cat", "image": {"url": url}})
    es.index(index=index, id="2", document={"title": "A cat", "image": {"data": b64(CAT)}})
    stored, by_data = image(es, index), image(es, index, "2")
    assert stored.pop("url") == url
    assert {**stored, "source_mark": None} == {**by_data, "source_mark": None}
    before = (calls(fetching), len(server.asked))
    es.update(index=index, id="1", doc={"title": "The cat"})
    es.index(index=index, id="3", document={"title": "A copy", "image": {**stored, "url": url}})
    # From 9.2 on what is read comes without its vector, which is made anew, from the stored picture.
    before = (before[0] + ("embedding" not in stored), before[1])
    assert (calls(fetching), len(server.asked)) == before
    assert image(es, index) == image(es, index, "3") == {**stored, "url": url}

    # One-off operations work on what is stored.
    es.update(index=index, id="1", doc={"image": {"operations": [{"resize": {"width": 64}}]}})
    es.update(index=index, id="1", doc={"title": "The small cat"})
    assert (image(es, index)["width"], image(es, index)["original"]) == (64, stored["original"])
    assert (calls(fetching), len(server.asked)) == (before[0] + 1, before[1])

    # Another address is another picture.
    es.update(index=index, id="1", doc={"image": {"url": url.replace("cat", "dog")}})
    assert image(es, index)["width"] == 1800
    assert opened(image(es, index)["data"]).size == (1800, 1200)
    assert [path for path, _ in server.asked] == ["/cat.jpg", "/dog.jpg"]
    es.indices.refresh(index=index)
    assert [
        es.count(index=index, query={"term": {"image.url": u}})["count"] for u in (url, url.replace("cat", "dog"))
    ] == [1, 1]


def test_the_request_of_the_page_stores_the_picture(
    es: Elasticsearch, es_url: str, index: str, fetching: Service, server: Stranger
) -> None:
    """As docs/addresses.md prints it; index and host are the test's."""
    printed = the_block("docs/addresses.md", "PUT images/_doc/1").text
    assert "images/_doc" in printed and "https://images.example.org/cat.jpg" in printed
    text = printed.replace("images/_doc", f"{index}/_doc")
    (put,) = parse(text.replace("https://images.example.org", f"http://127.0.0.1:{server.port}"))
    put.check(put.send(es_url))
    assert image(es, index)["width"] == opened(CAT).width


def test_marks_without_the_picture_do_not_stand_for_it_where_it_is_stored(
    es: Elasticsearch, index: str, fetching: Service, server: Stranger
) -> None:
    """All marks are valid, copied from a document of this very address; only the picture is not there."""
    url = f"http://127.0.0.1:{server.port}/cat.jpg"
    es.index(index=index, id="1", document={"image": {"url": url}})
    made = image(es, index)
    for number, left_out in enumerate((["data"], ["data", "mark"], ["data", "thumbnail"], ["data", "sha256"]), 2):
        bare = {name: value for name, value in made.items() if name not in left_out}
        es.index(index=index, id="2", document={"image": bare})
        assert image(es, index, "2")["data"] == made["data"], left_out
        assert len(server.asked) == number


def test_only_fields_are_stored_and_the_picture_stays_where_it_is(
    es: Elasticsearch, index: str, fetching: Service, server: Stranger
) -> None:
    es.ingest.put_pipeline(id=f"none-{index}", processors=[{"image": {"store": "none"}}])
    try:
        url = f"http://127.0.0.1:{server.port}/cat.jpg"
        es.indices.create(index=index, settings={"default_pipeline": f"none-{index}"})
        es.index(index=index, id="1", document={"image": {"url": url}})
        stored = image(es, index)
        assert "data" not in stored and stored["width"] == 128 and stored["thumbnail"]
        before = (calls(fetching), len(server.asked))
        es.update(index=index, id="1", doc={"title": "new"})
        assert (calls(fetching), len(server.asked)) == before
        assert image(es, index) == stored
        es.update(index=index, id="1", doc={"image": {"url": url.replace("cat", "dog")}})
        assert image(es, index)["width"] == 1200
        assert "data" not in image(es, index)
    finally:
        es.indices.delete(index=index)
        es.ingest.delete_pipeline(id=f"none-{index}")


def test_what_cannot_be_had_is_recorded_and_tried_again(
    es: Elasticsearch, index: str, fetching: Service, server: Stranger
) -> None:
    server.paths["/inside"] = redirects("http://127.0.0.1:9200/_cluster/settings")
    there = f"http://127.0.0.1:{server.port}"
    for path, code in (("/none", "url_not_found"), ("/inside", "url_not_allowed")):
        es.index(index=index, id="1", document={"image": {"url": there + path}})
        assert (image(es, index)["error"]["code"], set(image(es, index))) == (code, {"url", "error"})
    server.paths["/late"] = gives(b"", 503)
    es.index(index=index, id="1", document={"image": {"url": there + "/late"}})
    assert image(es, index)["error"]["code"] == "url_unreachable"
    server.paths["/late"] = gives(CAT)
    es.update(index=index, id="1", doc={"title": "again"})
    assert image(es, index)["width"] == 128 and "error" not in image(es, index)


def test_which_picture_is_meant_must_be_said(
    es: Elasticsearch, index: str, fetching: Service, server: Stranger
) -> None:
    url = f"http://127.0.0.1:{server.port}/cat.jpg"
    es.index(index=index, id="1", document={"image": {"url": url}})
    writes: list[Callable[[], object]] = [
        lambda: es.index(index=index, document={"image": {"url": url, "data": b64(DOG)}}),
        lambda: es.update(index=index, id="1", doc={"image": {"data": b64(DOG)}}),
    ]
    for write in writes:
        with pytest.raises(BadRequestError, match="url_and_data"):
            write()
    es.update(index=index, id="1", doc={"image": {"data": b64(DOG), "url": None}})
    assert (image(es, index)["width"], image(es, index)["url"]) == (1800, None)


def test_truncated_pictures_are_accepted_when_the_pipeline_says_so(es: Elasticsearch, index: str) -> None:
    es.ingest.put_pipeline(id=f"lenient-{index}", processors=[{"image": {"truncated": "accept"}}])
    half = {"image": {"data": b64(CAT[: len(CAT) // 2])}}
    es.index(index=index, id="1", document=half)
    es.index(index=index, id="2", document=half, pipeline=f"lenient-{index}")
    assert image(es, index)["error"]["code"] == "truncated_image"
    assert image(es, index, "2")["width"] == 128
    es.ingest.delete_pipeline(id=f"lenient-{index}")
