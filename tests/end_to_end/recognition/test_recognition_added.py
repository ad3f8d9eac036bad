"""Words and text for pictures that are stored already, by a program that is killed in the middle."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from elasticsearch import BadRequestError, Elasticsearch
from PIL import Image

from ingest_image.enrich.claims import Claims
from ingest_image.enrich.command import enrich
from processor_service.features import all_features
from tests.helpers.drawn import page
from tests.helpers.enrichers import waiting
from tests.helpers.nodes import source
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.processes import wait_until
from tests.helpers.service import Service

from .recognized import CAT, FACE, put

ROWS = ["Harbour lights", "open until nine"]
PICTURES = {"cat": CAT, "face": FACE, "page": encoded(page(ROWS))}
IDS = [f"{name} {number}" for number in range(3) for name in PICTURES]
OPERATIONS: list[dict[str, Any]] = [{"resize": {"width": 400, "height": 400, "fit": "inside"}}, {"convert": {}}]
BEFORE = ["statistics", "metadata", "perceptual_hash", "thumbnail"]
ADDED = {"labels", "labels_model", "text", "text_lines", "text_model"}
WITHOUT: dict[str, Any] = {"operations": OPERATIONS, "properties": BEFORE}
# What says by which recipe it was made.
MARKS = {"recipe", "mark", "source_mark", "thumbnail_mark"}


def everything() -> Image.Image:
    """A face, and beside it a car with a number plate, which is a text, too."""
    face, car = (opened(data).convert("RGB") for data in (FACE, picture("drawn/car.jpg")))
    image = Image.new("RGB", (face.width + car.width, max(face.height, car.height)))
    image.paste(face, (0, 0))
    image.paste(car, (face.width, 0))
    return image


def documents(es: Elasticsearch, index: str) -> list[dict[str, Any]]:
    """As they are now, whatever searches see."""
    return [dict(one) for one in es.mget(index=index, ids=IDS)["docs"]]


def recognized(service: Service) -> float:
    lines = requests.get(f"{service.url}/metrics", timeout=60).text.splitlines()
    return float(next(line for line in lines if line.startswith("image_recognized_pictures_total")).split()[-1])


def enriched(es_url: str, *arguments: str) -> str:
    result = CliRunner().invoke(enrich, ["--url", es_url, *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def bound(es: Elasticsearch, index: str, pipeline: str) -> Iterator[str]:
    """The pipeline, which is that of the index."""
    put(es, pipeline, **WITHOUT)
    es.indices.create(index=index, settings={"index.default_pipeline": pipeline})
    yield pipeline
    # It can be deleted when no index names it.
    es.indices.delete(index=index)


def test_words_and_text_are_added_by_a_killed_program_and_no_stored_byte_changes(
    es: Elasticsearch, es_url: str, index: str, bound: str, seeing: Service
) -> None:
    for id in IDS:
        es.index(index=index, id=id, document={"title": id, "image": {"data": b64(PICTURES[id.split()[0]])}})
    es.indices.refresh(index=index)
    stored = {one["_id"]: one["_source"] for one in documents(es, index)}
    put(es, bound, **WITHOUT | {"properties": [*BEFORE, "labels", "text"], "later": ["labels", "text"]})
    # A document a request.
    command = [sys.executable, "-m", "ingest_image", "enrich", "--url", es_url, "--add", "labels,text", index]
    command += ["--max-bulk-bytes", "1kb"]

    def killed_when(reached: Callable[[dict[str, Any]], bool]) -> int:
        """Kill it as soon as one document is so far; returns how many are when the node has nothing to do any more."""
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
            try:
                wait_until(lambda: any(map(reached, documents(es, index))))
                assert running.poll() is None
            finally:
                running.send_signal(signal.SIGKILL)
        wait_until(lambda: Claims(es).is_empty)
        return sum(map(reached, documents(es, index)))

    before = recognized(seeing)
    assert killed_when(lambda one: "pending" in one["_source"]["image"]) >= 1
    assert 1 <= killed_when(lambda one: "labels_model" in one["_source"]["image"]) < len(IDS)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    assert waiting(es, index) == []
    for one in documents(es, index):
        image, old = one["_source"].pop("image"), stored[one["_id"]].pop("image")
        assert one["_source"] == stored[one["_id"]]
        assert {name: image[name] for name in old if name not in MARKS} == {
            name: value for name, value in old.items() if name not in MARKS
        }
        assert image.keys() - old.keys() <= ADDED and "labels_model" in image and "text_model" in image
        # Stored, marked and enriched.
        assert one["_version"] == 3, one["_id"]
    # Each run asks by a tiny picture what recognizes, and each killed one may have lost what it was at.
    assert recognized(seeing) - before <= len(IDS) + 3 + 2
    for query, name in {"image.labels:animal": "cat", "harbour AND nine": "page"}.items():
        hits = es.search(index=index, q=query, size=50)["hits"]["hits"]
        assert sorted(hit["_id"] for hit in hits) == [id for id in sorted(IDS) if id.startswith(name)]
    # It has nothing more to do, and every picture has a valid mark: a write of something else calls nobody.
    asked = recognized(seeing)
    es.update(index=index, id=IDS[0], doc={"title": "mine"})
    assert recognized(seeing) == asked


def test_all_that_can_be_later_is_added_and_made_again(
    es: Elasticsearch, es_url: str, index: str, bound: str, seeing: Service
) -> None:
    """In turn: to what was stored before, to what was stored with it as pending, and to what an older model made."""

    later = {name: feature.maker_field for name, feature in all_features().items() if feature.later}
    assert later.keys() == {"embedding", "faces", "labels", "plates", "text"}
    recipe: dict[str, Any] = {"operations": [{"convert": {"format": "jpeg"}}]}
    data = b64(encoded(everything()))
    hidden: dict[str, Any] = {
        "operations": [{"redact": {"what": ["plates"]}}],
        "properties": ["labels"],
        "later": ["plates"],
    }
    with pytest.raises(BadRequestError, match="hides before anything is stored, so it can never be later"):
        put(es, bound, **hidden)
    put(es, bound, **recipe, properties=["statistics"])
    es.index(index=index, id="old", document={"image": {"data": data}})
    put(es, bound, **recipe, properties=["statistics", *later], later=[*later])
    es.index(index=index, id="new", document={"image": {"data": data}}, refresh=True)
    old = source(es, index, "old")["image"]
    assert source(es, index, "new")["image"]["pending"] == sorted(later)
    assert "2 documents enriched" in enriched(es_url, "--add", ",".join(later), index)
    added, new = (source(es, index, id)["image"] for id in ("old", "new"))
    for name, maker in later.items():
        # Elasticsearch may return no vector.
        assert added[maker] and (name == "embedding" or added[name]), name
        assert added.get(name) == new.get(name) and added[maker] == new[maker], name
    assert added["data"] == old["data"] == new["data"]
    es.update(index=index, id="new", doc={"image": dict.fromkeys(later.values(), "older-0")}, refresh=True)
    assert "1 document enriched" in enriched(es_url, "--stale", index)
    assert source(es, index, "new")["image"] == new


def test_a_person_is_named_when_faces_are_added_or_made_again(
    es: Elasticsearch, es_url: str, index: str, bound: str, seeing: Service
) -> None:
    """Labels use what faces find, so they are made again, too."""
    recipe: dict[str, Any] = {"operations": [{"convert": {"format": "jpeg"}}]}
    put(es, bound, **recipe, properties=["labels"])
    es.index(index=index, id="1", document={"image": {"data": b64(FACE)}}, refresh=True)
    old = source(es, index)["image"]
    assert "person" not in old.get("labels", []) and "faces_model" not in old
    put(es, bound, **recipe, properties=["labels", "faces"], later=["faces", "labels"])
    assert "1 document enriched" in enriched(es_url, "--add", "faces", index)
    new = source(es, index)["image"]
    assert (new["face_count"], new["data"]) == (1, old["data"]) and "person" in new["labels"]
    es.update(index=index, id="1", doc={"image": {"faces_model": "older-0", "labels": ["wrong"]}}, refresh=True)
    assert "1 document enriched" in enriched(es_url, "--stale", index)
    assert source(es, index)["image"] == new
