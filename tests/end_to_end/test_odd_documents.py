"""Pages and commands over documents as nobody would want them, from real nodes: none of them is in the way of others."""

from __future__ import annotations

import html
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result
from elasticsearch import BadRequestError, Elasticsearch
from flask.testing import FlaskClient

from ingest_image.doctor.command import doctor
from ingest_image.duplicates.command import duplicates
from ingest_image.search_command import search
from tests.helpers.galleries import page_of
from tests.helpers.pictures import b64, picture

PHOTO = b64(picture("pdq/bridge-mods/aaa-orig.jpg"))
HASH, SHA = "0f" * 32, "ab" * 32
ODD_IMAGE = {
    "data": PHOTO[:20_000],
    **{"format": ["jpeg"], "sha256": SHA, "width": "640", "height": [480], "bytes": "30 kB", "embedding": ["x"]},
    **{"error": "it is a text", "perceptual_hash": "no hash", "perceptual_hashes": [{"hex": HASH}, {"hex": "xyz"}]},
    **{"colors": [{"hex": "#008080", "share": "0.5", "l": 1}, {"hex": "red"}, {"l": 2}], "color_names": "teal"},
    **{"original": {"bytes": 5}, "metadata": {"taken_at": "whenever", "camera": {"make": "X"}, "title": ["t"]}},
}


@pytest.fixture(scope="module")
def indices(es: Elasticsearch, es_url: str) -> Iterator[str]:
    """Indices with our mapping, with a guessed one and with none, as one pattern."""
    name = f"odd-{uuid.uuid4().hex[:6]}"
    ours, guessed, bare, unmapped, empty = (f"images-{name}", *(f"{name}-{kind}" for kind in "gbue"))
    es.indices.create(index=unmapped, mappings={"dynamic": False})
    es.indices.create(index=empty)

    def put(index: str, id: str, document: Any, pipeline: str = "_none") -> None:
        # Lone surrogates as escapes, which is how they come.
        answer = es.perform_request(
            "POST",
            "/_bulk",
            params={"pipeline": pipeline},
            headers={"content-type": "application/x-ndjson", "accept": "application/json"},
            body=f"{json.dumps({'index': {'_index': index, '_id': id}})}\n{json.dumps(document)}\n".encode(),
        )
        assert not answer.body["errors"], (id, str(answer.body)[:500])

    put(ours, "caf\ud83d", {"title": "caf\udce9 boat", "image": {"data": PHOTO}}, "images")
    put(ours, "a/b %2F?#\u202e\0", {"title": "a\u202egpj.exe \0\x1b[31m", "image": {"data": PHOTO}}, "images")
    put(ours, "..", {"title": ["several", 5], "image": {"width": "640", "error": [{"code": "x"}, {"code": ["y"]}]}})
    put(ours, "é" * 255, {"title": None, "image": None})
    put(ours, "dotted", {"image.data": PHOTO, "image.caption": "dotted"})
    put(ours, "deep", {"image": {"operations": json.loads("[" * 900 + "]" * 900)}})
    put(ours, "huge", {"image": {"operations": [10**900, 1.5]}})
    put(guessed, "guessed", {"title": "guessed", "image": ODD_IMAGE})
    put(bare, "bare", {"title": {"no": "title"}, "image": PHOTO[:20_000]})
    put(bare, "bare list", {"image": [PHOTO[:20_000], "x"]})
    put(
        unmapped, "unmapped", {"title": ["a", {"b": 1}], "image": [PHOTO, {"sha256": SHA, "width": 1e300}, None, [[7]]]}
    )
    es.indices.refresh(index=f"{ours},{name}-*")
    yield f"{ours},{name}-*"
    es.indices.delete(index=[ours, guessed, bare, unmapped, empty])


@pytest.fixture
def page(es_url: str, indices: str) -> Iterator[FlaskClient]:
    with page_of(es_url, indices) as client:
        yield client


def text(page: FlaskClient, address: str) -> str:
    answer = page.get(address)
    assert answer.status_code == 200, (address, answer.text[-3000:])
    return answer.text


def test_the_gallery_shows_every_document(page: FlaskClient, es: Elasticsearch, indices: str) -> None:
    grid = text(page, "/")
    links = [html.unescape(link) for link in re.findall(r'class="card"[^>]*>\s*<a href="([^"]*)"', grid)]
    assert len(links) == es.count(index=indices)["count"] == 11
    assert ">caf\ufffd boat<" in grid and ">a\ufffdgpj.exe \ufffd\ufffd[31m<" in grid
    shown = [text(page, link) for link in links]
    pictures = {html.unescape(path) for body in (grid, *shown) for path in re.findall(r' src="(/[it][^"]*)"', body)}
    statuses = {path: page.get(path, follow_redirects=True).status_code for path in pictures}
    assert sum(status == 200 for status in statuses.values()) == 4, statuses
    assert set(statuses.values()) <= {200, 404}
    assert "This picture was not processed" in "".join(shown)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("q=boat", 1),
        ("q=title:guessed", 1),
        ("color=teal", 0),
        ("f=format:jpeg", 3),
        ("f=error:*", 1),
        ("f=width:>5", None),
        ("f=taken:2020", None),
        ("size=3", 11),
    ],
)
def test_questions_over_all_indices(page: FlaskClient, question: str, found: int | None) -> None:
    body = text(page, f"/?{question}")
    assert 'role="alert"' not in body
    assert found is None or re.search(rf'class="total"[^>]*>\s*{found} picture', body), body[:3000]


def test_likeness_of_odd_documents(page: FlaskClient, es: Elasticsearch, indices: str) -> None:
    for hit in es.search(index=indices, size=20, source=False)["hits"]["hits"]:
        for more in ("", "&near=1&turned=1"):
            address = f"/?like={quote(hit['_index'] + '/' + hit['_id'], safe='')}{more}"
            assert 'role="alert"' not in text(page, address)


def test_commands(es_url: str, indices: str) -> None:
    def run(command: Any, *arguments: str) -> Result:
        result = CliRunner().invoke(command, ["--url", es_url, *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert PHOTO[:200] not in result.output and "\x1b[31m" not in result.output
        return result

    table = run(search, "--index", indices).output
    assert "caf\ufffd boat" in table and "not processed" in table and "11 found" in table
    answer = run(search, "--index", indices, "--json")
    found = {hit["title"] for hit in json.loads(answer.stdout)["hits"]}
    assert {"caf\ufffd boat", "several", "guessed", "bare", "a"} <= found
    for id in ("dotted", "guessed", "caf\ufffd", "a/b %2F?#\u202e\0", "unmapped"):
        assert run(search, "--index", indices, "--like", id).exit_code == 0
    assert "2 pictures" in run(duplicates, indices).output
    output = run(doctor, *(part for index in indices.split(",") for part in ("--index", index))).output
    assert "could not be checked" not in output
    assert "hold a picture" in output and "1 document stored with an error" in output, output


@pytest.mark.parametrize(
    "title", ["red boat \ud83d", "red \udc1f boat", "\ud83dred boat", "\ud83d\udc1f red boat \ud83d"]
)
def test_a_text_that_was_cut_within_an_emoji_is_found_by_its_words(es: Elasticsearch, index: str, title: str) -> None:
    document = {"title": title, "note": {"caption": title}, "image": {"data": PHOTO}}
    es.index(index=index, id="1", document=document, refresh=True)
    found = es.search(index=index, q="boat AND title:red")["hits"]["hits"]
    assert [hit["_id"] for hit in found] == ["1"]
    whole = title.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert (found[0]["_source"]["title"], found[0]["_source"]["note"]["caption"]) == (whole, whole)


def test_names_that_were_cut_within_an_emoji_do_not_cost_the_index(es: Elasticsearch, index: str) -> None:
    """Lucene takes two names that differ in such halves for one, and Elasticsearch loses the shard over them."""
    both = dict.fromkeys(["k\ud83d", "k\ud83e"], "one")
    for id, name in enumerate(both):
        es.index(index=index, id=str(id), document={"image": {"data": PHOTO}, name: "one", "o": {name: "two"}})
    for document in (both, {"o": both}, {"image": {"data": PHOTO, **both}}):
        with pytest.raises(BadRequestError, match=r"ambiguous_field.*halves of surrogate pairs"):
            es.index(index=index, id="3", document=document)
    es.indices.refresh(index=index)
    assert [hit["_source"]["k\ufffd"] for hit in es.search(index=index, q="one")["hits"]["hits"]] == ["one", "one"]
