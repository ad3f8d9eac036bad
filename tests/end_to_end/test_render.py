"""Pictures on the fly from a real node."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from elasticsearch import Elasticsearch

from processor_service.web.rendering.access import signed_url
from tests.helpers.documented import the_block
from tests.helpers.nodes import bootstrap
from tests.helpers.pictures import assert_alike, b64, encoded, opened, picture
from tests.helpers.service import TOKEN, Service, running_service

PHOTO, CAT = picture("exif-orientation/Landscape_6.jpg"), picture("pillow/hopper.jpg")
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def rendering(es_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("rendering")
    settings = {
        "render_indices": "images, images-*, photos-*",
        "elasticsearch_url": es_url,
        "cache_dir": str(folder / "cache"),
    }
    with running_service(folder / "service.log", workers="1", **settings) as running:
        yield running


def get(service: Service, path: str, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(f"{service.url}/v1/images/{path}", headers={**AUTHORIZED, **named}, timeout=60)


def results(service: Service) -> Counter[str]:
    """How many requests had each result so far."""
    lines = requests.get(f"{service.url}/metrics", timeout=60).text.splitlines()
    found = (
        line.removeprefix("image_rendered_total{result=").split("} ") for line in lines if "rendered_total{" in line
    )
    return Counter({name.strip('"'): int(float(count)) for name, count in found})


def code(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_picture_in_a_data_stream_is_rendered(es: Elasticsearch, es_url: str, rendering: Service) -> None:
    # It stays: an embedded node has no request that deletes a stream.
    name = f"photos-{uuid.uuid4().hex[:8]}"
    bootstrap("--url", es_url, "--data-stream", name)
    document = {"@timestamp": "2026-01-01T00:00:00Z", "image": {"data": b64(CAT)}}
    backing = es.create(index=name, id="1", document=document)["_index"]
    answer = get(rendering, f"{backing}/1?w=20")
    assert answer.status_code == 200 and opened(answer.content).width == 20
    assert code(get(rendering, f"{backing.replace('photos', 'others')}/1?w=20")) == (404, "picture_not_found")
    es.indices.rollover(alias=name)
    newer = es.create(index=name, id="2", document=document)["_index"]
    assert newer != backing
    for path in (f"{backing}/1", f"{newer}/2"):
        assert opened(get(rendering, f"{path}?w=30").content).width == 30


def test_the_address_of_the_page_is_answered(es: Elasticsearch, rendering: Service) -> None:
    """As docs/rendering.md prints it. It is about an index that other tests remove."""
    method, address = the_block("docs/rendering.md", "GET").text.split()
    es.indices.delete(index="images", ignore_unavailable=True)
    es.index(index="images", id="1", document={"image": {"data": b64(PHOTO)}})
    try:
        answer = requests.request(method, f"{rendering.url}{address}", headers=AUTHORIZED, timeout=60)
        assert answer.status_code == 200, answer.text
        made = opened(answer.content)
        assert (made.size, made.format) == ((300, 200), "WEBP")
    finally:
        es.indices.delete(index="images")


def test_a_stored_picture_is_rendered_as_asked(es: Elasticsearch, index: str, rendering: Service) -> None:
    es.index(index=index, id="a/b ü", document={"image": {"data": b64(PHOTO)}})
    stored = es.get(index=index, id="a/b ü")["_source"]["image"]
    answer = get(rendering, f"{index}/a%2Fb%20%C3%BC")
    assert hashlib.sha256(answer.content).hexdigest() == stored["sha256"]
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    assert "Vary" not in answer.headers

    small = get(rendering, f"{index}/a/b ü?w=90&h=90&fit=cover&rotate=90&dpr=2&format=png")
    assert (opened(small.content).size, small.headers["Content-Type"]) == ((180, 180), "image/png")
    long = get(
        rendering,
        f'{index}/a/b ü?operations=[{{"resize":{{"width":100}}}},"grayscale",{{"convert":{{"format":"png"}}}}]',
    )
    expected = opened(stored["data"]).resize((100, 67)).convert("L")
    assert_alike(opened(long.content), expected, 3, "rendered")
    webp = get(rendering, f"{index}/a/b ü?w=90", Accept="image/webp,*/*")
    assert (webp.headers["Content-Type"], webp.headers["Vary"]) == ("image/webp", "Accept")
    plain = get(rendering, f"{index}/a/b ü?w=90")
    assert (plain.headers["Content-Type"], plain.headers["Vary"]) == ("image/jpeg", "Accept")
    assert len({each.headers["ETag"] for each in (answer, small, long, webp, plain)}) == 5
    head = requests.head(f"{rendering.url}/v1/images/{index}/a/b ü?w=90", headers=AUTHORIZED, timeout=60)
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", plain.headers["ETag"])
    assert head.headers["Content-Length"] == str(len(plain.content))


def test_what_did_not_change_is_neither_sent_nor_rendered_again(
    es: Elasticsearch, index: str, rendering: Service
) -> None:
    es.index(index=index, id="1", document={"image": {"data": b64(PHOTO)}})
    before = results(rendering)
    first = get(rendering, f"{index}/1?w=90")
    again = get(rendering, f"{index}/1?w=90")
    same = get(rendering, f"{index}/1?w=90", If_None_Match=first.headers["ETag"])
    assert (again.content, again.headers["ETag"], again.headers["Content-Type"]) == (
        first.content,
        first.headers["ETag"],
        "image/jpeg",
    )
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert same.headers["Cache-Control"] == "private, max-age=3600"
    assert results(rendering) - before == {"rendered": 1, "cached": 1, "not_modified": 1}
    es.index(index=index, id="1", document={"image": {"data": b64(CAT)}})
    changed = get(rendering, f"{index}/1?w=90", If_None_Match=first.headers["ETag"])
    assert (changed.status_code, opened(changed.content).size) == (200, (90, 90))


def test_a_document_that_lies_about_its_picture_fools_nobody_else(
    es: Elasticsearch, index: str, rendering: Service
) -> None:
    es.index(index=index, id="1", document={"image": {"data": b64(PHOTO)}})
    sha256 = es.get(index=index, id="1")["_source"]["image"]["sha256"]
    lie = {"data": b64(CAT), "sha256": sha256}
    es.index(index=index, id="2", document={"image": lie}, pipeline="_none")
    before = results(rendering)
    assert opened(get(rendering, f"{index}/2?w=60&h=60&fit=cover").content).size == (60, 60)
    honest = get(rendering, f"{index}/1?w=60&h=60&fit=cover")
    assert (results(rendering) - before)["rendered"] == 2, "what was made of the lie is not found under the truth"
    assert honest.content != get(rendering, f"{index}/2?w=61&h=61&fit=cover").content


def test_an_element_of_a_list_and_a_picture_without_fields(es: Elasticsearch, index: str, rendering: Service) -> None:
    es.index(index=index, id="1", document={"image": [{"data": b64(b"broken")}, {"data": b64(PHOTO)}, b64(CAT)]})
    es.index(index=index, id="2", document={"image": {"data": b64(CAT)}}, pipeline="_none")
    assert [get(rendering, f"{index}/1?w=64&n={n}").status_code for n in range(4)] == [404, 200, 200, 404]
    assert opened(get(rendering, f"{index}/1?w=64&n=2").content).size == (64, 64)
    first = get(rendering, f"{index}/2?w=64")
    assert opened(first.content).size == (64, 64)
    assert get(rendering, f"{index}/2?w=64", If_None_Match=first.headers["ETag"]).status_code == 304


def test_a_document_with_a_routing_is_found_by_it(es: Elasticsearch, index: str, rendering: Service) -> None:
    es.indices.create(index=index, settings={"number_of_shards": 5}, mappings={"_routing": {"required": True}})
    es.index(index=index, id="1", routing="a & b", document={"image": [{"data": b64(PHOTO)}, b64(CAT)]})
    for path in ("1?w=64", "1?w=64&routing=", "2?w=64&routing=a+%26+b"):
        assert code(get(rendering, f"{index}/{path}")) == (404, "picture_not_found"), path
    for number, size in ((0, (64, 43)), (1, (64, 64))):
        assert opened(get(rendering, f"{index}/1?w=64&n={number}&routing=a+%26+b").content).size == size
    es.index(index=index, id="2", routing="a & b", document={"image": {"data": b64(PHOTO)}})
    url = signed_url(f"{rendering.url}/v1/images/{index}/2?routing=a+%26+b", TOKEN, int(time.time()) + 600)
    assert opened(requests.get(url, timeout=60).content).size == (1800, 1200)
    assert code(requests.get(url.replace("routing=a", "routing=b"), timeout=60)) == (401, "unauthorized")


def test_a_signed_address_needs_no_token(es: Elasticsearch, index: str, rendering: Service) -> None:
    es.index(index=index, id="1", document={"image": {"data": b64(PHOTO)}})
    sha256 = es.get(index=index, id="1")["_source"]["image"]["sha256"]
    url = signed_url(f"{rendering.url}/v1/images/{index}/1?w=90&v={sha256[:12]}", TOKEN, int(time.time()) + 600)
    answer = requests.get(url, timeout=60)
    assert opened(answer.content).size == (90, 60)
    private, age, immutable = answer.headers["Cache-Control"].split(", ")
    assert (private, immutable) == ("private", "immutable")
    assert 590 <= int(age.removeprefix("max-age=")) <= 600
    for wrong in (url.replace("w=90", "w=91"), url.replace(f"{index}/1", f"{index}/2"), url[:-1] + "x"):
        assert code(requests.get(wrong, timeout=60)) == (401, "unauthorized")
    other = signed_url(url.replace(sha256[:12], "0" * 12), TOKEN, int(time.time()) + 600)
    assert "immutable" not in requests.get(other, timeout=60).headers["Cache-Control"]


def test_what_is_wrong_has_a_status_and_a_code(es: Elasticsearch, es_url: str, index: str, rendering: Service) -> None:
    es.index(index=index, id="1", document={"image": {"data": b64(PHOTO)}})
    es.index(index=index, id="2", document={"title": "no picture"})
    for path in (
        "missing/1",
        f"{index}-missing/1",
        f"{index}/9",
        f"{index}/2",
        f"{index}/1?n=1",
        "images-*/1",
        f"{index},images/1",
        ".security/1",
        "_all/1",
        f"{index}/" + "x" * 600,
    ):
        assert code(get(rendering, path)) == (404, "picture_not_found"), path
    wrong: list[tuple[str, tuple[int, str]]] = [
        ("w=0", (400, "invalid_recipe")),
        ("w=90&fit=best", (400, "invalid_recipe")),
        ('operations=["rotat"]', (400, "invalid_recipe")),
        ("width=90", (400, "invalid_request")),
        ('operations=[{"resize":{"width":16000,"height":16000,"enlarge":true}}]', (422, "too_many_pixels")),
        ('operations=[{"crop":{"left":5000,"top":0,"width":9,"height":9}}]', (422, "crop_outside")),
    ]
    for query, expected in wrong:
        answer = get(rendering, f"{index}/1?{query}")
        assert code(answer) == expected, query
        assert answer.headers["Cache-Control"] == "no-store"
    es.indices.close(index=index)
    try:
        assert get(rendering, f"{index}/1?w=90").status_code in (404, 502)
    finally:
        es.indices.open(index=index)


def test_a_picture_that_is_not_stored_is_not_found(es: Elasticsearch, index: str, rendering: Service) -> None:
    document: dict[str, Any] = {"image": {"width": 5, "sha256": "0" * 64, "mark": "0" * 64}}
    es.index(index=index, id="1", document=document)
    assert code(get(rendering, f"{index}/1?w=90")) == (404, "picture_not_found")


def test_markup_in_the_place_of_a_picture_is_not_sent(es: Elasticsearch, index: str, rendering: Service) -> None:
    for number, text in enumerate((b"<script>alert(1)</script>", b'<svg xmlns="http://www.w3.org/2000/svg"/>')):
        es.index(index=index, id=str(number), document={"image": {"data": b64(text)}}, pipeline="_none")
        answer = get(rendering, f"{index}/{number}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/json")
    es.index(
        index=index, id="gif", document={"image": {"data": b64(encoded(opened(CAT), "GIF") + text)}}, pipeline="_none"
    )
    answer = get(rendering, f"{index}/gif")
    assert (answer.headers["Content-Type"], answer.headers["X-Content-Type-Options"]) == ("image/gif", "nosniff")
