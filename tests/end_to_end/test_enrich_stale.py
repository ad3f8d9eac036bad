"""`ingest-image enrich --stale` on real nodes: what an older model made is made again, and no stored byte changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from ingest_image.defaults import BULK_BYTES
from ingest_image.doctor.command import doctor
from ingest_image.enrich.command import enrich
from ingest_image.enrich.marking import mark
from ingest_image.reprocess.selection import Selection
from processor_service.recognition.labels import MADE_BY
from tests.helpers.enrichers import Heard, waiting
from tests.helpers.nodes import set_hosts, source
from tests.helpers.pictures import b64, picture
from tests.helpers.service import Service, calls

CAT = b64(picture("skimage/chelsea.png"))
OPERATIONS: list[dict[str, Any]] = [{"resize": {"width": 300, "height": 300}}, {"convert": {"format": "jpeg"}}]
OPTIONS: dict[str, Any] = {"operations": OPERATIONS, "properties": ["labels", "statistics"], "later": ["labels"]}
OLDER = {"labels": ["wrong"], "labels_model": "efficientnet-lite0-0"}


@pytest.fixture
def seeing(es: Elasticsearch, service: Service, recognizing: Service, index: str) -> Iterator[Service]:
    """The node's service recognizes things, and the index has a pipeline that adds labels later."""
    set_hosts(es, recognizing.url)
    es.ingest.put_pipeline(id=index, processors=[{"image": OPTIONS}])
    es.indices.create(index=index, settings={"index.default_pipeline": index})
    yield recognizing
    es.indices.delete(index=index)
    es.ingest.delete_pipeline(id=index)
    set_hosts(es, service.url)


def run(es_url: str, *arguments: str) -> str:
    result = CliRunner().invoke(enrich, ["--url", es_url, *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def doctors(es_url: str, index: str) -> str:
    return CliRunner().invoke(doctor, ["--url", es_url, "--index", index]).output


def test_what_an_older_model_made_is_made_again_and_pictures_stay(
    es: Elasticsearch, es_url: str, index: str, seeing: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for id_ in ("older", "silent", "current"):
        es.index(index=index, id=id_, document={"image": {"data": CAT}})
    es.index(index=index, id="list", document={"image": [{"data": CAT}, {"data": CAT}]})
    assert "4 documents enriched" in run(es_url, "--once", "--index", index)
    made = {id_: source(es, index, id_)["image"] for id_ in ("older", "silent", "current", "list")}
    assert made["current"]["labels_model"] == MADE_BY and "cat" in made["current"]["labels"]
    # As an older version left them; what was made before there was the field says nothing.
    es.update(index=index, id="older", doc={"image": OLDER})
    es.index(index=index, id="list", document={"image": [made["list"][0], made["list"][1] | OLDER]})
    es.index(
        index=index, id="silent", document={"image": {k: v for k, v in made["silent"].items() if k != "labels_model"}}
    )
    es.index(index=index, id="other", document={"image": {"data": CAT}}, pipeline="images")
    assert source(es, index, "older")["image"]["labels"] == ["wrong"]
    versions = {id_: es.get(index=index, id=id_)["_version"] for id_ in ("current", "other")}
    es.indices.refresh(index=index)
    assert f"warn  models: 3 documents of {index} with something that an older model" in doctors(es_url, index)
    # Killed when everything was marked: nothing is marked twice, and the rest is done.
    heard = Heard()
    for _ in range(2):
        mark(es, index, Selection(outdated=True), BULK_BYTES, heard)
    assert [facts["documents"] for event, facts in heard.said if event == "marked"] == [3, 0]
    assert waiting(es, index) == ["list", "older", "silent"]
    assert source(es, index, "list")["image"][0].get("pending") is None
    # What is marked is under way, so the doctor has nothing to say.
    assert "ok    models: what was recognized was found by the present models" in doctors(es_url, index)
    before = calls(seeing)
    said = run(es_url, "--stale", "--index", index)
    assert f"0 documents of {index} marked" in said and "3 documents enriched" in said, said
    assert f"1 document of {index} made by a recipe of another time" in said, said
    # And one tiny picture, twice, that tells what is current.
    assert calls(seeing) == before + 3 + 2
    for id_, image in made.items():
        assert source(es, index, id_)["image"] == image, id_
    assert {id_: es.get(index=index, id=id_)["_version"] for id_ in versions} == versions


def test_what_cannot_be_selected_is_said(es_url: str) -> None:
    result = CliRunner().invoke(enrich, ["--url", es_url, "--stale"])
    assert result.exit_code == 2 and "INDEX is for --add and --stale" in result.output
