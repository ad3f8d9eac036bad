"""`enrich` and `store` over documents that hold anything at all: each command comes to its end, and does the others.

They are written past every pipeline, as anybody may write them.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch

from ingest_image.enrich import attempts, follow
from ingest_image.enrich.command import enrich
from ingest_image.store.command import store
from processor_service.wire.recipe import recipe_hash
from tests.helpers.any_document import made, written
from tests.helpers.enrichers import LATER
from tests.helpers.nodes import source
from tests.helpers.pictures import b64, picture
from tests.helpers.stores import store_of

from .stored import Stored, stored_service

DOCUMENTS = 40
PHOTO = b64(picture("pillow/hopper.jpg"))
ADDRESS = f"sha256/ab/ab/{'ab' * 32}.jpeg"
SINCE = "2026-01-02T03:04:05Z"
ANYTHING: list[Any] = [
    *(None, True, 5, 1e300, -1, "", "x", "\ud83d", "a\u202egpj.exe \0\x1b[31m", ADDRESS, SINCE),
    *([], [[]], [None], [5, "x", {}], {}, {"a": 1}, [{"code": 1}], [ADDRESS, [ADDRESS]], {ADDRESS: ADDRESS}),
    *(["embedding"], [["embedding"]], ["embedding", 5, None, {}], "embedding", ["no property"], ["embedding"] * 500),
    *([{"code": "enrich_failed"}], {"code": ["enrich_failed"]}, {"code": "enrich_failed"}, "enrich_failed"),
    json.loads("[" * 900 + "]" * 900),
]
WAITING = ("pending", "pending_since", "enrich", "error", "bytes")
STORED = ("data", "stored", "original", "sha256", "mark", "url")


def odd(fields: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A picture that waits and is in the store, as it says, with anything in one of its fields, in several spellings."""
    usual: dict[str, Any] = {"pending": ["embedding"], "pending_since": SINCE, "stored": ADDRESS, "sha256": "ab" * 32}
    for field in fields:
        for number, value in enumerate(ANYTHING):
            image = usual | {field: value}
            yield f"{field} {number}", {"image": image}
            if number % 3 == 0:
                yield f"{field} {number} dotted", {f"image.{name}": one for name, one in image.items()}
                yield f"{field} {number} list", {"image": [{}, image, None, usual]}
                yield f"{field} {number} with data", {"image": image | {"data": PHOTO}}
    for number, value in enumerate(ANYTHING):
        yield f"image {number}", {"image": value}
        yield f"beside {number}", {"image": value, "image.pending": ["embedding"], "image.pending_since": SINCE}
    yield "caf\udce9", {"image": usual, "title": "\ud83d"}


@pytest.fixture(scope="module")
def stored(es: Elasticsearch, service_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    folder = tmp_path_factory.mktemp("fuzzed")
    with (
        store_of("folder", folder / "store") as url,
        stored_service(es, service_url, folder, url, workers="2") as running,
    ):
        yield running


@pytest.fixture
def indices(es: Elasticsearch, stored: Stored) -> Iterator[list[str]]:
    """Of our template, and with a mapping of its own that has little more than the time since when something waits.

    Each has a picture as well that waits as it should. All have a pipeline of the same name as the first one.
    """
    name = f"fuzzed-{uuid.uuid4().hex[:6]}"
    ours, bare = f"images-{name}", f"{name}-bare"
    _put_pipeline(es, ours, "external")
    kinds = {"pending_since": "date", "sha256": "keyword", "stored": "keyword", "bytes": "keyword"}
    malformed = {"type": "date", "ignore_malformed": True}
    fields = {field: malformed if kind == "date" else {"type": kind} for field, kind in kinds.items()}
    mapping = {"dynamic": False, "properties": {"image": {"properties": fields}}}
    es.indices.create(index=ours, settings={"default_pipeline": ours})
    es.indices.create(index=bare, settings={"default_pipeline": ours}, mappings=mapping)
    for index in (ours, bare):
        es.index(index=index, id="good", document={"image": {"data": PHOTO}})
    yield [ours, bare]
    es.indices.delete(index=[ours, bare])
    es.ingest.delete_pipeline(id=ours)


def _put_pipeline(es: Elasticsearch, name: str, where: str) -> None:
    es.ingest.put_pipeline(id=name, processors=[{"image": {**LATER, "store": where, "timeout": "60s"}}])


def run(es_url: str, stored: Stored, command: Any, *arguments: str) -> Result:
    result = CliRunner().invoke(command, [*arguments, "--url", es_url], env={"IMAGE_STORE_URL": stored.url})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    # Nothing that a terminal obeys.
    assert not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", result.output)
    return result


def waiting(es: Elasticsearch, index: str) -> set[str]:
    es.indices.refresh(index=index)
    query = {"exists": {"field": "image.pending_since"}}
    return {hit["_id"] for hit in es.search(index=index, size=5000, query=query, source=False)["hits"]["hits"]}


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(follow, "_POLL", 0.01)


def test_enrich_does_what_it_can_and_names_the_rest(
    es: Elasticsearch, es_url: str, stored: Stored, indices: list[str], no_pauses: None
) -> None:
    for index in indices:
        statuses = written(es, index, [*made(DOCUMENTS), *odd(WAITING)])
        assert statuses.count(201) > 100 and set(statuses) <= {201, 400}
        assert len(waiting(es, index)) > 100
        result = run(es_url, stored, enrich, "--once", "--json", "--index", index)
        assert result.exit_code == 1 and "can neither be enriched nor written, see above" in result.output
        said = [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]
        assert waiting(es, index) <= {event["id"] for event in said if "id" in event}
        assert source(es, index, "good")["image"]["embedder"] == "builtin-v1"


def test_enrich_ends_over_a_picture_that_only_says_that_it_waits(
    es: Elasticsearch, es_url: str, stored: Stored, indices: list[str], no_pauses: None
) -> None:
    """Names are in another spelling, or a time is left over: the pipeline mends them."""
    index = indices[0]
    documents: dict[str, dict[str, Any]] = {
        "dotted": {"image.data": PHOTO, "image.pending": ["embedding"], "image.pending_since": SINCE},
        "half dotted": {"image": {"data": PHOTO}, "image.pending": ["embedding"], "image.pending_since": SINCE},
        "left over": {"image": {"data": PHOTO, "pending_since": SINCE}},
        "emptied": {"image": {"data": PHOTO, "pending": [], "pending_since": SINCE}},
    }
    assert written(es, index, documents.items()) == [201] * 4
    result = run(es_url, stored, enrich, "--once", "--index", index)
    assert (result.exit_code, waiting(es, index)) == (0, set()), result.output
    for id in documents:
        assert source(es, index, id)["image"]["embedder"] == "builtin-v1", id


@pytest.mark.parametrize("arguments", [("--add", "embedding"), ("--stale",)])
def test_enrich_marks_what_it_can(
    es: Elasticsearch, es_url: str, stored: Stored, indices: list[str], no_pauses: None, arguments: tuple[str, ...]
) -> None:
    """What is pending already may be a list of anything, beside a recipe of before and an older model."""
    index = indices[0]
    assert run(es_url, stored, enrich, "--once", "--index", index).exit_code == 0
    image = source(es, index, "good")["image"]
    before = recipe_hash(None, ["statistics"]) if "--add" in arguments else image["recipe"]
    image |= {"recipe": before, "embedder": "older"}
    documents = [(f"{number}", {"image": image | {"pending": value}}) for number, value in enumerate(ANYTHING)]
    assert written(es, index, documents).count(201) > 10
    result = run(es_url, stored, enrich, index, *arguments)
    assert result.exit_code in (0, 1), result.output
    for id in ("5", "11", "13"):
        assert source(es, index, id)["image"]["embedder"] == "builtin-v1", result.output[-3000:]


def test_the_store_is_checked_and_cleaned(es: Elasticsearch, es_url: str, stored: Stored, indices: list[str]) -> None:
    for index in indices:
        assert written(es, index, [*made(DOCUMENTS), *odd(STORED)]).count(201) > 100
        for more in ((), ("--quick",)):
            result = run(es_url, stored, store, "check", index, "--json", *more)
            summary = json.loads(result.stdout)
            assert (result.exit_code, summary["sound"]) == (1, 1)
            named = {fault: set[str]() for fault in ("missing", "broken")}
            for each in summary["faults"]:
                named[each["fault"]].add(each["stored"])
            assert named["missing"] == {ADDRESS} and named["broken"]
            assert run(es_url, stored, store, "check", index, *more).exit_code == 1
        key = source(es, index, "good")["image"]["stored"]
        result = run(es_url, stored, store, "clean", index, "--grace", "0s", "--delete", "--json")
        # Only what the plans of other runs were tried with.
        assert result.exit_code == 0 and key not in json.loads(result.stdout)["put_away"]
        assert stored.keys() == [key]


def test_pictures_are_moved_there_and_back(
    es: Elasticsearch, es_url: str, stored: Stored, indices: list[str], tmp_path: Path
) -> None:
    for index in indices:
        assert written(es, index, [*made(DOCUMENTS), *odd(STORED)]).count(201) > 100
        picture_before = stored.bytes_of(source(es, index, "good")["image"])
        for where, arguments in (("data", ("--into-documents",)), ("external", ())):
            _put_pipeline(es, indices[0], where)
            state = str(tmp_path / f"{index} {where}")
            result = run(es_url, stored, store, "move", index, "--json", "--state", state, *arguments)
            summary = json.loads(result.stdout)
            assert result.exit_code in (0, 1) and summary["written"] >= 1
            assert "good" not in {each["id"] for each in summary["failed"]}
            image = source(es, index, "good")["image"]
            assert ("stored" in image) == (where == "external")
        assert stored.bytes_of(image) == picture_before
