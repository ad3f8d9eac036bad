"""Values of a facet are alternatives, counts say what a click finds, and hits come in every order: on real nodes."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from ingest_image.gallery import GallerySettings, create_app
from ingest_image.gallery.showing.mercator import tile_box
from ingest_image.search import Engine, Question, Sample, UserError
from ingest_image.search.places import Region, clusters, whereabouts
from ingest_image.search.questions.filters import parse_filters
from ingest_image.search.questions.order import Order
from ingest_image.search_command import search
from tests.helpers.dev_tools import parse

INDEX = "images-alternatives"
SHA = "ab" * 32


def image(format: str, colors: list[str], taken: str | None, size: int | None, place: str = "") -> dict[str, Any]:
    about = {"taken_at": taken, "location": place or None}
    found = {"format": format, "color_names": colors, "sha256": SHA, "bytes": size, "metadata": about}
    return {key: value for key, value in found.items() if value is not None}


DOCUMENTS = {
    "a": image("png", ["red"], "2020-05-03", 30, "48.85,2.35"),
    "b": image("png", ["blue"], "2020-05-30", 10, "48.6,2.2"),
    "c": image("jpeg", ["red", "blue"], "2021-01-01", 20, "-33.87,151.2"),
    "d": image("gif", ["red"], None, 40),
    "e": image("jpeg", ["green"], "2019-12-31", None),
}


@pytest.fixture(scope="module")
def engine(es: Elasticsearch) -> Iterator[Engine]:
    for id, found in DOCUMENTS.items():
        document = {"title": f"picture {id}", "@timestamp": "2021-01-20", "image": found}
        es.index(index=INDEX, id=id, document=document, pipeline="_none")
    es.indices.refresh(index=INDEX)
    yield Engine(es, INDEX)
    es.indices.delete(index=INDEX)


def ask(engine: Engine, *filters: str, sample: Sample | None = None, **more: Any) -> Any:
    question = Question(sample=sample, filters=parse_filters(filters, engine.schema), **more)
    return engine.search(question, 20, with_facets=True)


def ids(results: Any) -> str:
    return "".join(sorted(hit.id for hit in results.hits))


@pytest.mark.parametrize("sample", [None, Sample("it", frozenset({SHA}))])
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["format:png"], "ab"),
        (["format:png", "format:gif"], "abd"),
        (["format:png,gif", "format:jpeg"], "abcde"),
        (["format:png", "format:gif", "color:red"], "ad"),
        (["format:png", "format:gif", "color:red", "color:blue"], "abd"),
        (["taken:2020", "taken:2019"], "abe"),
        # Ranges and opposites restrict.
        (["taken:>=2020", "taken:<2021"], "ab"),
        (["!format:png", "!format:gif"], "ce"),
        (["month:2020-05"], "ab"),
        # What has no date goes by that of its document.
        (["month:2021-01"], "cd"),
        (["month:2021-01", "month:2019-12"], "cde"),
    ],
)
def test_values_of_a_facet_are_alternatives_and_counts_say_what_a_click_finds(
    engine: Engine, filters: list[str], found: str, sample: Sample | None
) -> None:
    results = ask(engine, *filters, sample=sample)
    assert ids(results) == found and results.total == len(found)
    for name, counts in {**results.facets.counts, "month": results.facets.months}.items():
        for value, count in counts:
            part = f"{name}:{value}"
            others = [text for text in filters if not text.startswith(f"{name}:") or ">" in text or "<" in text]
            assert count == ask(engine, *others, part, sample=sample).total, part
    if filters == ["format:png"]:
        assert dict(results.facets.counts["format"]) == {"png": 2, "jpeg": 2, "gif": 1}
        assert dict(results.facets.counts["color"]) == {"red": 1, "blue": 1}


@pytest.mark.parametrize("sample", [None, Sample("it", frozenset({SHA}))])
def test_places_are_clusters_and_a_box_finds_what_one_counts(engine: Engine, sample: Sample | None) -> None:
    question = Question(sample=sample)
    everywhere = whereabouts(engine, question)
    assert everywhere and (round(everywhere.south), round(everywhere.east)) == (-34, 151)
    found = clusters(engine, question, Region(-85, -180, 85, 180), 4)
    assert [cluster.count for cluster in found] == [2, 1]
    for cluster in found:
        results = ask(engine, tile_box(cluster.tile).filter, sample=sample)
        assert results.total == cluster.count and results.facets.located == cluster.count
    assert sum(cluster.count for cluster in clusters(engine, question, Region(40, 0, 60, 10), 4)) == 2
    assert whereabouts(engine, Question("nothing")) is None


def test_a_map_of_both_sides_of_the_date_line_shows_both(es: Elasticsearch, index: str) -> None:
    """The smallest box around Tokyo and California lies over the Pacific, which no map shows as one."""
    mapping = {"properties": {"image.metadata.location": {"type": "geo_point"}}}
    es.indices.create(index=index, mappings=mapping)
    for place in ("35.68,139.69", "34.05,-118.24"):
        about = {"image": {"metadata": {"location": place}}}
        es.index(index=index, document=about, pipeline="_none", refresh=True)
    page = create_app(es, GallerySettings(index=index)).test_client().get("/map").text
    assert "2 pictures here" in page and page.count("1 picture: show them") == 2 * 2


@pytest.mark.parametrize("sample", [None, Sample("it", frozenset({SHA}))])
@pytest.mark.parametrize(
    ("order", "found"), [(Order.NEWEST, "edcba"), (Order.TAKEN, "cbaed"), (Order.LARGEST, "dacbe")]
)
def test_orders_page_by_page(engine: Engine, order: Order, found: str, sample: Sample | None) -> None:
    question, seen, after = Question("picture", sample, order=order), "", None
    while True:
        results = engine.search(question, 2, after)
        seen += "".join(hit.id for hit in results.hits)
        if not (after := results.next):
            break
    assert seen == found


def test_an_order_that_the_indices_do_not_have(es: Elasticsearch, index: str) -> None:
    es.indices.create(index=index, mappings={"properties": {"image": {"properties": {"bytes": {"type": "keyword"}}}}})
    with pytest.raises(UserError, match="no size of pictures to sort by"):
        Engine(es, index).search(Question(order=Order.LARGEST))


def test_problems_are_counted_in_every_field_for_pictures(es: Elasticsearch, index: str) -> None:
    """A document with one problem in two fields is one; an error that is none of a picture is not counted."""
    fields = ("front", "back.side")
    processors = [{"image": {"field": f"file_{number}", "target_field": name}} for number, name in enumerate(fields)]
    es.ingest.put_pipeline(id=index, processors=processors)
    es.indices.create(index=index, settings={"index.default_pipeline": index})
    late, broken = {"error": {"code": "overdue"}}, {"error": {"code": "corrupt_image"}}
    try:
        documents: dict[str, dict[str, Any]] = {
            "a": {"front": late, "back": {"side": late}},
            "b": {"back": {"side": [late, broken]}},
            "c": {"image": late, "front": {"error": {"code": 'a "name", own'}}},
            "d": {"image": broken},
            "e": {"http": {"error": {"code": "overdue"}}},
        }
        for id, document in documents.items():
            es.index(index=index, id=id, document={"title": id, **document}, pipeline="_none", refresh=True)
        engine = Engine(es, index)
        page = create_app(es, GallerySettings(index=index)).test_client()
        counts = dict(engine.search(Question(), 1, with_facets=True).facets.counts["error"])
        assert counts == {"overdue": 3, "corrupt_image": 2, 'a "name", own': 1}
        for asked, found in {
            "error:overdue": "abc",
            'error:"a "name", own"': "c",
            "error:*": "abcd",
            "!error:overdue": "de",
            "error:corrupt_image,overdue": "abcd",
        }.items():
            assert ids(engine.search(Question(filters=parse_filters([asked], engine.filterable)))) == found
            shown = page.get("/", query_string={"f": asked}).text
            assert sorted(re.findall(rf'data-key="{index}/(.)"', shown)) == list(found), asked
    finally:
        es.indices.delete(index=index)
        es.ingest.delete_pipeline(id=index)


def test_the_command(es_url: str, engine: Engine) -> None:
    asked = ["--url", es_url, "--index", INDEX, "--json", "--facets", "--order", "size"]
    result = CliRunner().invoke(search, [*asked, "--filter", "format:png", "--filter", "format:gif"])
    answer = json.loads(result.stdout)
    assert [hit["_id"] for hit in answer["hits"]] == ["d", "a", "b"]
    assert answer["facets"]["format"] == {"png": 2, "jpeg": 2, "gif": 1}


@pytest.mark.parametrize(
    "address",
    [
        "/request",
        "/request?q=picture+a",
        "/request?q=%28picture&order=size",
        "/request?f=format:png&f=format:gif&f=color:red&order=taken&size=1",
        f"/request?like={INDEX}/a",
    ],
)
def test_the_request_that_is_shown_finds_what_is_shown(
    es: Elasticsearch, es_url: str, engine: Engine, address: str
) -> None:
    """As Dev Tools sends it. The hits of a sample come from several searches; each is the sample's copy here."""
    page = create_app(es, GallerySettings(index=INDEX)).test_client()
    text = html.unescape(re.findall(r"<pre[^>]*>(.*?)</pre>", page.get(address).text, re.DOTALL)[0])
    shown = re.findall(rf'data-key="{INDEX}/(.)"', page.get(address.replace("/request", "/")).text)
    (sent,) = parse(text)
    answer = sent.send(es_url)
    assert answer.status_code == 200, answer.text
    answers = answer.json().get("responses", [answer.json()])
    found = [hit["_id"] for one in answers for hit in one["hits"]["hits"]]
    assert shown and (found == shown if "like" not in address else set(shown) == set(found))
