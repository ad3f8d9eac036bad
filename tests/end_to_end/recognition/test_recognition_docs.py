"""Every request about recognition in the docs and in the fourth part of `pipelines/console`, through a real node."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from elasticsearch import BadRequestError, Elasticsearch

from ingest_image.search import Engine
from ingest_image.search.requests.found_words import FoundWords
from ingest_image.search_command import search
from tests.helpers.dev_tools import Request, parse
from tests.helpers.documented import the_block
from tests.helpers.nodes import bootstrap, set_hosts
from tests.helpers.paths import ROOT
from tests.helpers.pictures import b64, picture
from tests.helpers.service import Service
from tests.inference_way.stock import StockProcessors
from tests.inference_way.way import Way

TOUR = ROOT / "pipelines" / "console" / "4-recognize.console"
PAGE, PRIVACY = ((ROOT / "docs" / name).read_text() for name in ("recognition.md", "privacy.md"))
# Whose faces they are has a test of its own (test_same_person.py).
PAGE = re.sub(r"^## Whose face it is$.*?(?=^## )", "", PAGE, flags=re.DOTALL | re.MULTILINE)
INDEX = "images-street"
DOCUMENTS = {
    "cat": "skimage/chelsea.png",
    "astronaut": "skimage/astronaut.png",
    "page": "skimage/page.png",
    "car": "drawn/car.jpg",
}


def blocks(text: str, marker: str) -> list[tuple[str, list[Request]]]:
    """What the marker before each block says, and the block's requests."""
    found = re.findall(rf"<!-- {marker}:?(.*?)-->\n```\n(.*?)```", text, re.DOTALL)
    return [(said.strip(), parse(block)) for said, block in found]


@pytest.fixture(scope="module")
def seeing(es: Elasticsearch, es_url: str, service: Service, recognizing: Service) -> Iterator[Service]:
    """The node calls a service with recognition, and has all bundled pipelines."""
    printed = bootstrap("--url", es_url, "--service-url", recognizing.url)
    assert "ingest pipeline images-recognized" in printed and "left out" not in printed
    yield recognizing
    set_hosts(es, service.url)
    for name in ("images-private", "images-recognized"):
        es.ingest.delete_pipeline(id=name)


@pytest.fixture(scope="module", params=["plugin", "inference way"])
def street(
    request: pytest.FixtureRequest, es: Elasticsearch, es_url: str, seeing: Service, stock: StockProcessors
) -> Iterator[str]:
    """The pipeline and the index of docs/recognition.md, filled with what either way stores."""
    es.indices.delete(index=INDEX, ignore_unavailable=True)
    ((_, put),) = blocks(PAGE, "put")
    for each in put:
        each.check(each.send(es_url))
    (processor,) = json.loads(put[0].body)["processors"]
    way = Way(stock, seeing.url, operations=[], properties=processor["image"]["properties"])
    for id_, name in DOCUMENTS.items():
        document = {"image": {"data": b64(picture(name))}}
        if request.param == "plugin":
            es.index(index=INDEX, id=id_, document=document)
        else:
            es.index(index=INDEX, id=id_, document=way(document), pipeline="_none")
    es.indices.refresh(index=INDEX)
    yield INDEX
    es.indices.delete(index=INDEX)
    es.ingest.delete_pipeline(id="seen")


@pytest.mark.parametrize(("ids", "asked"), blocks(PAGE, "finds"), ids=lambda value: str(value)[:20])
def test_searches_of_the_page(es_url: str, street: str, ids: str, asked: list[Request]) -> None:
    (request,) = asked
    answer = request.send(es_url)
    request.check(answer)
    hits = answer.json()["hits"]["hits"]
    assert {hit["_id"] for hit in hits} == set(ids.split())
    if "highlight" in request.body:
        assert "<em>markers</em>" in hits[0]["highlight"]["image.text"][0]


def test_facets_of_the_page(es_url: str, street: str) -> None:
    (labels, (request,)), *others = blocks(PAGE, "counts")
    assert not others
    found = request.send(es_url).json()["aggregations"]
    assert set(labels.split()) <= {bucket["key"] for bucket in found["labels"]["buckets"]}
    counts = {name: bucket["doc_count"] for name, bucket in found["faces"]["buckets"].items()}
    assert counts == {"none": 3, "one": 1, "several": 0}
    assert found["with_text"]["doc_count"] >= 2
    assert [bucket["key"] for bucket in found["plates"]["buckets"]] == ["BXY1234"]


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--label", "cat"], {"cat"}),
        (["--label", "cat", "--label", "animal", "--faces", "none"], {"cat"}),
        (["--faces", "one"], {"astronaut"}),
        (["--faces", "several"], set()),
        (["--plate", "B-XY 1234"], {"car"}),
        (["--plate", "8xy*"], {"car"}),
        (["--plate", "B-XY 1235"], set()),
        (["--text", "coins"], {"page"}),
        (["animal"], {"cat"}),
        (["--filter", "text:extreme parts"], {"page"}),
    ],
    ids=" ".join,
)
def test_options_of_the_command(es_url: str, street: str, arguments: list[str], ids: set[str]) -> None:
    asked = ["--url", es_url, "--index", street, "--json", "--facets", *arguments]
    result = CliRunner().invoke(search, asked)
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert {hit["_id"] for hit in found["hits"]} == ids
    assert not {"faces", "text_lines", "plate_boxes"} & {
        key for hit in found["hits"] for key in hit["_source"]["image"]
    }
    if "car" in ids:
        assert found["facets"]["plate"] == {"BXY1234": 1}


def test_the_table_of_the_command(es_url: str, street: str) -> None:
    said = CliRunner().invoke(search, ["--url", es_url, "--index", street, "--facets"]).output
    assert "plate BXY1234" in said and "1 face" in said and "cat" in said
    assert re.search(r"^faces +none 3, one 1", said, re.MULTILINE), said


@pytest.mark.parametrize("words", ["markers", "MARKERS AND coins", "mark*", '"determine markers"', "markers ("])
def test_words_that_were_found_are_known(es: Elasticsearch, street: str, words: str) -> None:
    hit = Engine(es, street).get(street, "page")
    parts = FoundWords(es, hit, words).parts(str(hit.first.raw["text"]))
    assert "".join(part for part, _ in parts) == hit.first.raw["text"]
    assert any("markers" in part for part, is_found in parts if is_found)
    assert any(not is_found for _, is_found in parts)


@pytest.mark.parametrize("page", ["recognition.md", "privacy.md"])
def test_a_recipe_of_the_page_can_be_used(es: Elasticsearch, street: str, page: str) -> None:
    """A processor, and an operation of one."""
    recipe = json.loads(the_block(f"docs/{page}", r"\{").text)
    processor = recipe if "image" in recipe else {"image": {"field": "image", "operations": [recipe]}}
    source = {"image": {"data": b64(picture("skimage/astronaut.png"))}}
    answer = es.ingest.simulate(pipeline={"processors": [processor]}, docs=[{"_source": source}])
    image = answer["docs"][0]["doc"]["_source"]["image"]
    assert image["face_count"] == 1 if "image" in recipe else image["redacted"]["faces"] == 1


def test_all_requests_of_the_page_are_marked() -> None:
    written = sum(len(parse(block)) for block in re.findall(r"```\n((?:GET|PUT|POST) .*?)```", PAGE, re.DOTALL))
    marked = sum(len(asked) for marker in ("put", "finds", "counts") for _, asked in blocks(PAGE, marker))
    assert written == marked > 8


def test_the_requests_of_privacy_find_and_delete(es: Elasticsearch, es_url: str, street: str) -> None:
    section = PRIVACY.split("## Find and delete")[1]
    requests_ = [one for block in re.findall(r"```\n(.*?)```", section, re.DOTALL) for one in parse(block)]
    assert len(requests_) >= 4
    image = es.get(index=INDEX, id="car")["_source"]["image"]
    document = {"image": {**image, "plates": ["RK755AJ"], "plates_folded": ["RK755AJ"], "text": "Jane Doe"}}
    es.index(index=INDEX, id="theirs", document=document, pipeline="_none", refresh=True)
    # Of the module reindex, which the embedded node lacks, is what deletes by a query.
    for request in (one for one in requests_ if "_delete_by_query" not in one.path):
        request.path = request.path.replace("images/", f"{INDEX}/")
        answer = request.send(es_url)
        request.check(answer)
        assert [hit["_id"] for hit in answer.json()["hits"]["hits"]] == (
            ["astronaut"] if "face_count" in request.path else ["theirs"]
        )
    (deletes,) = (one for one in requests_ if "_delete_by_query" in one.path)
    found = Request("GET", f"{INDEX}/_search", deletes.body).send(es_url).json()["hits"]["hits"]
    assert [hit["_id"] for hit in found] == ["theirs"]
    es.delete(index=INDEX, id="theirs", refresh=True)


def test_the_tour_works_as_it_is_written(es: Elasticsearch, es_url: str, seeing: Service) -> None:
    es.indices.delete(index="images-seen", ignore_unavailable=True)
    asked = parse(TOUR.read_text())
    assert len(asked) > 10
    for request in asked:
        request.check(request.send(es_url))
    # It says that it leaves nothing behind.
    assert not es.indices.exists(index="images-seen")
    assert requests.get(f"{es_url}/_ingest/pipeline/tour-*", timeout=60).json() == {}


def test_the_tour_can_be_pasted() -> None:
    assert Path(TOUR).stat().st_size < 10_000


def test_without_recognition_its_pipelines_are_refused_by_name(
    es: Elasticsearch, es_url: str, service: Service
) -> None:
    set_hosts(es, service.url)
    put = parse(TOUR.read_text())[0]
    answer = put.send(es_url)
    assert answer.status_code == 400
    reason = answer.json()["error"]["reason"]
    assert reason.startswith(
        "[recognition_off] property [text], property [plates], property [faces], property [labels] "
    )
    assert reason.endswith("cannot be done by the processor service: IMAGE_RECOGNIZERS is 0: set it to 1 or more")
    with pytest.raises(BadRequestError, match=r"operation \[redact\] cannot be done"):
        es.ingest.put_pipeline(
            id="tour-seen", processors=[{"image": {"field": "image", "operations": [{"redact": {"what": ["faces"]}}]}}]
        )
    # Other pipelines are not affected, and no answer is no refusal.
    es.ingest.put_pipeline(id="tour-seen", processors=[{"image": {"field": "image", "properties": ["colors"]}}])
    set_hosts(es, "http://127.0.0.1:9")
    try:
        assert put.send(es_url).ok
    finally:
        set_hosts(es, service.url)
        es.ingest.delete_pipeline(id="tour-seen")
