"""Page and commands over documents that hypothesis makes, as a real node stores and finds them: none is in the way."""

from __future__ import annotations

import html
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch
from flask.testing import FlaskClient

from ingest_image.delete_command import delete
from ingest_image.doctor.command import doctor
from ingest_image.duplicates.command import duplicates
from ingest_image.export.command import export
from ingest_image.export.get_command import get
from ingest_image.reprocess.command import reprocess
from ingest_image.search_command import search
from tests.helpers.any_document import made, written
from tests.helpers.galleries import page_of

DOCUMENTS = 150
# Of those in the other index; each costs several questions.
LIKENESSES = 60
# A picture that hypothesis can hit upon by its hashes.
ANCHOR = {"sha256": "ab" * 32, "perceptual_hashes": [{"hex": "0f" * 32}], "embedding": [0.5, 0.25]}


@pytest.fixture(scope="module")
def indices(es: Elasticsearch) -> Iterator[str]:
    """The documents in an index of our template, as far as its mapping takes them, and all of them in one without."""
    name = f"fuzzed-{uuid.uuid4().hex[:6]}"
    ours, bare = f"images-{name}", f"{name}-bare"
    es.indices.create(index=bare, mappings={"dynamic": False}, settings={"default_pipeline": "images"})
    for index in (ours, bare):
        statuses = written(es, index, [("anchor", {"image": ANCHOR}), *made(DOCUMENTS)])
        assert statuses.count(201) > (10 if index == ours else DOCUMENTS / 2), statuses
        assert set(statuses) <= {201, 400}
    yield f"{ours},{bare}"
    es.indices.delete(index=[ours, bare])


@pytest.fixture(scope="module")
def page(es_url: str, indices: str) -> Iterator[FlaskClient]:
    with page_of(es_url, indices) as client:
        yield client


def stored(es: Elasticsearch, indices: str) -> list[tuple[str, str]]:
    hits = es.search(index=indices, size=1000, source=False)["hits"]["hits"]
    return [(hit["_index"], hit["_id"]) for hit in hits]


def text(page: FlaskClient, address: str) -> str:
    answer = page.get(address, follow_redirects=True)
    assert answer.status_code == 200, (address, answer.text[-2000:])
    return answer.text


def test_the_page_shows_every_document(page: FlaskClient, es: Elasticsearch, indices: str) -> None:
    address, shown = "/", 0
    while address:
        grid = text(page, address)
        assert 'role="alert"' not in grid, address
        links = re.findall(r'class="card"[^>]*>\s*<a href="([^"]*)"', grid)
        for link in links:
            detail = text(page, html.unescape(link))
            for path in set(re.findall(r' src="(/(?:image|thumbnail)/[^"]*)"', detail)):
                assert page.get(html.unescape(path)).status_code in (200, 302, 404), path
        shown += len(links)
        more = re.search(r'<p class="more"><a class="button" href="([^"]*)"', grid)
        address = html.unescape(more[1]) if more else ""
    assert shown == len(stored(es, indices))


def test_the_page_and_the_command_compare_every_document(
    page: FlaskClient, es: Elasticsearch, es_url: str, indices: str
) -> None:
    wrong = []
    for number, (index, id) in enumerate(stored(es, indices)[: 2 * LIKENESSES]):
        for more in ("", "&near=1", "&near=1&turned=1")[: 1 + number % 3]:
            answer = page.get(f"/?like={quote(f'{index}/{id}', safe='')}{more}")
            if answer.status_code != 200:
                wrong.append((index, id, answer.text[-500:]))
        if number % 4 == 0:
            for form in ((), ("--json",), ("--near-duplicate", "--turned", "--distance", "60"))[: 1 + number % 3]:
                arguments = ["--url", es_url, "--index", index, "--like", id, *form]
                result = CliRunner().invoke(search, arguments)
                if result.exception and not isinstance(result.exception, SystemExit):
                    wrong.append((index, id, repr(result.exc_info)))
    assert not wrong, wrong[:3]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--json",),
        ("--size", "50", "--json"),
        ("red",),
        ("--color", "teal"),
        ("--color", "#008080"),
        ("--filter", "width:>5"),
    ],
)
def test_the_search_command_prints_every_document(es_url: str, indices: str, arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(search, ["--url", es_url, "--index", indices, *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    result.output.encode()
    if "--json" in arguments:
        assert len(json.loads(result.stdout)["hits"]) > 1
        return
    # Nothing that a terminal obeys.
    assert not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", result.output)


def test_the_other_commands_come_to_their_end(es_url: str, indices: str, tmp_path: Any) -> None:
    each = [part for index in indices.split(",") for part in ("--index", index)]
    for command, arguments in (
        (duplicates, [indices]),
        (duplicates, [indices, "--json"]),
        (doctor, each),
        (reprocess, [indices, "--unprocessed", "--dry-run", "--state", str(tmp_path / "state")]),
        (export, [str(tmp_path / "exported"), "--index", indices]),
        (export, [str(tmp_path / "exported"), "--index", indices, "--json"]),
        (delete, ["--index", indices, "--query", "*"]),
        (delete, ["--index", indices, "--query", "*", "--json"]),
    ):
        result = CliRunner().invoke(command, ["--url", es_url, *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert result.exit_code in (0, 1), result.output
        assert "could not be checked" not in result.output, result.output


def test_any_document_is_got_or_has_a_reason(es: Elasticsearch, es_url: str, indices: str) -> None:
    for index, id in stored(es, indices)[:200]:
        result = CliRunner().invoke(get, ["--url", es_url, "--index", index, "--", id])
        assert result.exception is None or isinstance(result.exception, SystemExit), (id, result.exc_info)
        assert (result.exit_code == 0) == (not result.stderr), (id, result.stderr)
