"""`ingest-image reprocess` on real nodes: what is selected, what is kept, and what a kill costs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from elastic_transport import Transport
from elasticsearch import Elasticsearch

from ingest_image.doctor.command import doctor
from ingest_image.reprocess.command import reprocess
from ingest_image.reprocess.documents import Reader
from ingest_image.reprocess.writer import Report, Writer
from ingest_image.search import Engine, Question
from ingest_image.search.sampling import find_sample
from pipelines.cluster.bulks import BulkStopped
from tests.helpers.nodes import set_hosts, source
from tests.helpers.pictures import b64, picture
from tests.helpers.ports import free_port
from tests.helpers.processes import wait_until
from tests.helpers.service import Service, calls

PHOTO = b64(picture("pillow/hopper.jpg"))
LARGE = b64(picture("pdq/bridge-mods/aaa-orig.jpg"))
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the state of a run is kept."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def run(es_url: str, index: str) -> Run:
    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(reprocess, [index, "--url", es_url, *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert PHOTO not in result.output
        return result

    return run


def put(es: Elasticsearch, index: str, id: str, pipeline: str | None = None, data: str = PHOTO, **fields: Any) -> None:
    es.index(index=index, id=id, document={"image": {"data": data}, **fields}, pipeline=pipeline)


def versions(es: Elasticsearch, index: str) -> dict[str, int]:
    es.indices.refresh(index=index)
    hits = es.search(index=index, size=1000, source=False, version=True)["hits"]["hits"]
    return {hit["_id"]: hit["_version"] for hit in hits}


def test_stale_pictures_only(es: Elasticsearch, index: str, run: Run, service: Service) -> None:
    put(es, index, "current")
    put(es, index, "stale", pipeline="images-grayscale")
    es.index(index=index, id="none", document={"title": "no picture"})
    before = calls(service)
    result = run("--stale", "--dry-run")
    recipe = source(es, index, "current")["image"]["recipe"]
    assert result.output == f"{index}: 1 document would go through images; recipe of image now: {recipe}\n"
    told = {"index": index, "documents": 1, "pipelines": ["images"], "recipes": {"image": recipe}}
    dry = json.loads(run("--stale", "--dry-run", "--json").stdout)
    assert dry == {"documents": 1, "indices": [told]}
    assert versions(es, index) == {"current": 1, "stale": 1, "none": 1}
    result = run("--stale")
    assert (result.exit_code, result.output) == (0, "1 of 1 written\n")
    assert versions(es, index) == {"current": 1, "stale": 2, "none": 1}
    # Three tiny pictures told the recipe.
    assert calls(service) == before + 4
    assert source(es, index, "stale")["image"]["recipe"] == recipe
    assert run("--stale").output == "0 of 0 written\n"
    assert json.loads(run("--stale", "--json").stdout)["written"] == 0
    # In a list of pictures, one is enough.
    mixed = [source(es, index, "current")["image"], {"data": LARGE}]
    es.index(index=index, id="list", document={"image": mixed}, pipeline="images-grayscale")
    es.index(
        index=index, id="list", document={"image": [mixed[0], source(es, index, "list")["image"][1]]}, pipeline="_none"
    )
    assert run("--stale").output == "1 of 1 written\n"
    assert {image["recipe"] for image in source(es, index, "list")["image"]} == {recipe}


def test_vectors_of_another_embedder_are_made_anew(
    es: Elasticsearch, es_url: str, index: str, run: Run, service: Service
) -> None:
    """Seen by the doctor, not found by likeness, and mended without touching the picture."""
    put(es, index, "now", data=LARGE)
    image = {**source(es, index, "now")["image"], "embedding": [1.0, *[0.0] * 281], "embedder": "builtin-v0"}
    es.index(index=index, id="before", document={"image": image}, pipeline="_none")
    es.index(index=index, id="list", document={"image": [image, {"data": PHOTO}]}, pipeline="_none", refresh=True)

    def alike() -> set[str]:
        engine = Engine(es, index)
        sample = replace(find_sample(engine, "now"), sha256=frozenset(), hashes=())
        return {hit.id for hit in engine.search(Question(sample=sample)).hits}

    def said() -> str:
        return CliRunner().invoke(doctor, ["--url", es_url, "--index", index]).output

    assert alike() == set()
    assert (
        f"warn  embedder: {index} holds vectors 2 of builtin-v0, 1 of builtin-v1; the service's embedder is " in said()
    )
    assert f"ingest-image reprocess {index} --stale" in said()
    assert run("--stale").output == "2 of 2 written\n"
    es.indices.refresh(index=index)
    assert alike() == {"before", "list"}
    assert source(es, index, "before")["image"]["data"] == image["data"]
    assert "ok    embedder: all vectors are of the service's embedder" in said()
    assert run("--stale").output == "0 of 0 written\n"


def test_errors_whose_cause_is_gone(es: Elasticsearch, index: str, run: Run) -> None:
    # A refused picture is there to be processed again where the pipeline keeps it.
    es.ingest.put_pipeline(
        id=f"keeping-{index}", processors=[{"image": {"on_invalid": "record", "keep_invalid": True}}]
    )
    es.cluster.put_settings(persistent={"ingest.image.max_image_bytes": "1kb"})
    try:
        put(es, index, "large", pipeline=f"keeping-{index}")
    finally:
        es.cluster.put_settings(persistent={"ingest.image.max_image_bytes": None})
    put(es, index, "broken", data=b64(b"no picture"), pipeline=f"keeping-{index}")
    es.ingest.delete_pipeline(id=f"keeping-{index}")
    put(es, index, "refused", data=b64(b"no picture"))
    es.index(index=index, id="none", document={"title": "no picture"})
    assert source(es, index, "large")["image"]["error"]["code"] == "image_too_large"
    assert run("--errors").output.splitlines() == [
        "2 of 3 written",
        "1 hold no picture to process again, and were left alone",
        "1 have an error instead of fields: 1 not_an_image",
    ]
    assert source(es, index, "large")["image"]["width"] == 128
    assert versions(es, index)["none"] == 1


def test_a_query_as_words_or_json(es: Elasticsearch, index: str, run: Run) -> None:
    put(es, index, "1", title="a red boat")
    put(es, index, "2", title="a lake")
    unchanged = "1 of 1 written\n1 of these unchanged\n"
    assert run("--query", "title:boat").output == unchanged
    assert run("--query", json.dumps({"match": {"title": "lake"}})).output == unchanged
    assert versions(es, index) == {"1": 2, "2": 2}
    assert run("--query", "{").exit_code == 2
    assert run("--pipeline", "images-grayscale", "--query", "boat").exit_code == 0
    assert source(es, index, "1")["image"]["recipe"] != source(es, index, "2")["image"]["recipe"]


def test_vectors_routing_and_marked_pictures_are_kept(
    es: Elasticsearch, es_version: str, index: str, run: Run, service: Service
) -> None:
    """Newer versions leave vectors out of `_source`: written back as it is read, a document would lose them."""
    es.indices.create(index=index, settings={"number_of_shards": 3})
    es.indices.put_mapping(index=index, properties={"embedding": {"type": "dense_vector", "dims": 3}})
    # One that has enough structure for a hash.
    for id in ("1", "2", "3", "4"):
        document = {"embedding": [float(id), 2.0, 3.0], "image": {"data": LARGE}}
        es.index(index=index, id=id, document=document, routing=f"route {id}" if id != "1" else None)
    es.indices.refresh(index=index)

    def everything() -> dict[str, Any]:
        wanted = ["embedding", "image.perceptual_hash", "image.perceptual_hashes.bits"]
        return {
            hit["_id"]: hit
            for hit in es.search(index=index, fields=[{"field": name} for name in wanted])["hits"]["hits"]
        }

    before, counted = everything(), calls(service)
    if es_version.startswith("9"):
        assert "embedding" not in before["1"]["_source"] and before["1"]["fields"]["image.perceptual_hash"]
    assert run("--max-bulk-bytes", "1kb").output == "4 of 4 written\n4 of these unchanged\n"
    assert set(versions(es, index).values()) == {2}
    for id, hit in everything().items():
        # Elasticsearch keeps vectors normalized and their length apart: what it gives back may differ in the last digit.
        assert hit["fields"].pop("embedding") == pytest.approx(before[id]["fields"].pop("embedding"))
        hit["_source"].pop("embedding", None), before[id]["_source"].pop("embedding", None)
        assert (hit["_source"], hit["fields"], hit.get("_routing")) == (
            before[id]["_source"],
            before[id]["fields"],
            before[id].get("_routing"),
        )
    assert calls(service) == counted


def test_what_is_read_and_sent_at_a_time_is_bounded_by_bytes(
    es: Elasticsearch, index: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        put(es, index, f"{number}", data=LARGE)
    for id in ("broken", "also broken"):
        put(es, index, id, data=b64(b"no picture" * 1000))
    es.indices.refresh(index=index)
    size = len(json.dumps(source(es, index, "0"))) + 100
    read: list[int] = []
    sent: list[int] = []
    perform = Transport.perform_request

    def recorded(self: Transport, method: str, target: str, **more: Any) -> Any:
        answer = perform(self, method, target, **more)
        if "/_mget?_source_exclude_vectors" in target or target == f"/{index}/_mget":
            read.append(len(json.dumps(answer.body)))
        elif "/_bulk" in target:
            sent.append(sum(len(line) for line in more["body"]))
        return answer

    monkeypatch.setattr(Transport, "perform_request", recorded)
    # What is estimated for a document is the picture as base64 and 64 KB beside it.
    most = 2 * (size + 64 * 1024)
    assert run("--max-bulk-bytes", f"{most}b").output.startswith("10 of 10 written\n")
    assert max(read) <= most and max(sent) <= most
    # Two at a time, and those whose size nobody knows alone.
    assert len(read) >= 4 + 2 and max(read) > size


def test_a_newer_write_wins(es: Elasticsearch, es_version: str, index: str) -> None:
    for id in ("1", "2", "3"):
        put(es, index, id, pipeline="_none")
    es.indices.refresh(index=index)
    reader = Reader(es, index, ["image"], 4 << 20, es_version.startswith("9"))
    assert reader.count("0", 2, {"match_all": {}}) == 3
    # Read before and after the write, which is after the beginning of the run.
    found = list(reader.scan("0", 2, {"match_all": {}}))
    first = list(reader.read(found[:1]))
    es.update(index=index, id="1", doc={"title": "newer"})
    es.update(index=index, id="2", doc={"title": "newer"})
    es.delete(index=index, id="3")
    report = Report()
    Writer(es, index, ["image"], report).write(iter([*first, *reader.read(found[1:])]), 2)
    assert (report.written, report.changed, report.failed) == (0, 3, [])
    assert [source(es, index, id)["title"] for id in ("1", "2")] == ["newer", "newer"]


@pytest.mark.parametrize("bulk", ["20kb", "4mb"])
def test_killed_in_the_middle_and_resumed(
    es: Elasticsearch, es_url: str, index: str, run: Run, own_service: Service, folder: Path, bulk: str
) -> None:
    """Every picture is processed once, whatever of it the first run did, and whatever others did meanwhile.

    With the large bulk everything is under way when the program is killed, and goes on in the node.
    """
    lines: list[dict[str, Any]] = []
    for n in range(60):
        lines += [{"index": {"_id": f"{n}"}}, {"n": n, "image": {"data": PHOTO}}]
    es.bulk(index=index, operations=lines, pipeline="_none", refresh=True)
    command = [sys.executable, "-m", "ingest_image", "reprocess", index, "--url", es_url, "--unprocessed"]
    started = subprocess.Popen([*command, "--max-bulk-bytes", bulk], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_until(lambda: calls(own_service) >= 8, pause=0.01)
    started.send_signal(signal.SIGKILL)
    started.communicate()
    assert started.returncode == -signal.SIGKILL
    assert len(list((folder / "ingest-image").glob("reprocess-*.json"))) == 1
    if bulk == "20kb":
        # Meanwhile somebody replaces one that was not done yet.
        put(es, index, "59", n=59, title="newer")
        done = sum(version > 1 for version in versions(es, index).values())
        assert 8 <= done < 60, done
    result = run("--unprocessed", "--max-bulk-bytes", bulk)
    print(result.output)
    assert result.exit_code == 0 and "continuing the run that began at" in result.output, result.output
    assert versions(es, index) == {str(n): 2 for n in range(60)}
    assert calls(own_service) == 60
    hits = es.search(index=index, size=100, source_includes=["n", "title", "image.width"])["hits"]["hits"]
    assert sorted(hit["_source"]["n"] for hit in hits) == list(range(60))
    assert all(hit["_source"]["image"]["width"] == 128 for hit in hits)
    assert bulk == "4mb" or source(es, index, "59")["title"] == "newer"
    assert list((folder / "ingest-image").glob("*")) == []


def test_a_service_that_is_down_ends_the_run(es: Elasticsearch, es_version: str, index: str, service: Service) -> None:
    for id in ("1", "2"):
        put(es, index, id, pipeline="_none")
    es.indices.refresh(index=index)
    name, report = f"impatient-{index}", Report()
    es.ingest.put_pipeline(id=name, processors=[{"image": {"timeout": "1s"}}])
    set_hosts(es, f"http://127.0.0.1:{free_port()}")
    reader = Reader(es, index, ["image"], 1, es_version.startswith("9"))
    try:
        with pytest.raises(BulkStopped, match=r"503 .*service_unavailable"):
            Writer(es, index, ["image"], report, name, 1, max_retries=0).write(
                reader.read(reader.scan("0", 1, {"match_all": {}})), 1
            )
    finally:
        set_hosts(es, service.url)
        es.ingest.delete_pipeline(id=name)
    assert (report.written, len(report.failed)) == (0, 1)
    assert versions(es, index) == {"1": 1, "2": 1}


def test_what_cannot_be_done_is_said(es: Elasticsearch, es_url: str, index: str, run: Run, folder: Path) -> None:
    assert f"there is no index {index}" in run().output
    put(es, index, "1")
    (folder / "other.json").write_text("{}")
    assert "is not the state of a run" in run("--state", str(folder / "other.json")).output
    assert "there is no pipeline missing" in run("--pipeline", "missing").output
    es.indices.put_settings(index=index, settings={"index.default_pipeline": None})
    result = run()
    assert result.exit_code == 1 and "has no pipeline" in result.output
    assert versions(es, index) == {"1": 1}


def test_what_was_stored_unprocessed_in_whatever_form(es: Elasticsearch, index: str, run: Run) -> None:
    """By a bulk update, under a dotted name, in a list beside a processed one, without a mark."""
    put(es, index, "done", data=LARGE)
    done = source(es, index, "done")["image"]
    # Of all pictures of a document, one may have a vector.
    plain = {name: value for name, value in done.items() if name not in ("perceptual_hash", "embedding")}
    documents: dict[str, Any] = {
        "bulk update": {"image": {"data": PHOTO}},
        "one of a list": {"image": [done, {"data": PHOTO}]},
        "all of a list": {"image": [done, plain]},
        "no mark": {"image": {name: value for name, value in done.items() if name != "mark"}},
        "fields that are no fields": {"image": {"data": PHOTO, "sha256": ["x"], "mark": None}},
        "an error as text": {"image": {"data": PHOTO, "error": {"code": "mine"}}},
        "no picture": {"title": "no picture"},
        "null": {"image": None},
        "a removed picture": {"image": {"data": None, "caption": "gone"}},
        "surrogates \ufffd": {"title": "caf\udce9 \ud83d", "image": {"data": PHOTO}},
    }
    for id, document in documents.items():
        es.index(index=index, id=id, document=document, pipeline="_none")
    es.indices.refresh(index=index)
    dry = run("--unprocessed", "--dry-run").output
    assert dry == f"{index}: 8 documents would go through images, if they hold a picture\n"
    result = run("--unprocessed")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "5 of 8 written",
        "3 hold no picture to process again, and were left alone",
    ]
    mended = {id for id, version in versions(es, index).items() if version == 2}
    assert mended == {"bulk update", "one of a list", "no mark", "fields that are no fields", "surrogates \ufffd"}
    for id in mended:
        image = source(es, index, id)["image"]
        assert all(picture["mark"] and picture["sha256"] for picture in (image if isinstance(image, list) else [image]))
    assert source(es, index, "surrogates \ufffd")["title"] == "caf\ufffd \ufffd"
    assert run("--unprocessed").output.splitlines() == [
        "0 of 3 written",
        "3 hold no picture to process again, and were left alone",
    ]


def test_dotted_names_are_found_and_said_truthfully(es: Elasticsearch, index: str, run: Run) -> None:
    documents: dict[str, Any] = {
        "dotted": {"image.data": PHOTO},
        "also": {"image.data": PHOTO, "image.caption": "a"},
        "beside an object": {"image": {"caption": "a"}, "image.data": PHOTO},
        "beside a null": {"image": None, "image.data": PHOTO},
    }
    for id, document in documents.items():
        es.index(index=index, id=id, document=document, pipeline="_none", refresh=True)
    assert run("--unprocessed").output == "4 of 4 written\n"
    for id in documents:
        stored = source(es, index, id)
        assert set(stored) == {"image"} and stored["image"]["width"] == 128
        assert ("caption" in stored["image"]) is (id in ("also", "beside an object"))
    assert run("--unprocessed").output == "0 of 0 written\n"


def test_a_picture_that_was_written_twice_is_named(es: Elasticsearch, index: str, run: Run) -> None:
    """Nobody but its writer can tell which of them is meant."""
    put(es, index, "list")
    done = source(es, index, "list")["image"]
    documents: dict[str, Any] = {
        "object": {"image": {"data": LARGE}, "image.data": PHOTO},
        "removed": {"image": {"data": None}, "image.data": PHOTO},
        "list": {"image": [done], "image.data": PHOTO},
    }
    for id, document in documents.items():
        es.index(index=index, id=id, document=document, pipeline="_none", refresh=True)
    result = run("--unprocessed")
    assert result.exit_code == 1 and "0 of 3 written\n3 failed\n" in result.output
    assert all(f"  {id}: 400 [ambiguous_field] the key [image.data]" in result.output for id in documents)


def test_a_pipeline_that_does_not_process_is_noticed(es: Elasticsearch, index: str, run: Run) -> None:
    put(es, index, "1", pipeline="_none")
    es.ingest.put_pipeline(id=f"nothing-{index}", processors=[])
    try:
        output = run("--pipeline", f"nothing-{index}").output
    finally:
        es.ingest.delete_pipeline(id=f"nothing-{index}")
    assert "1 of these unchanged\n1 still hold a picture that was not processed" in output


def test_an_error_without_a_picture_is_not_taken_up_for_ever(es: Elasticsearch, index: str, run: Run) -> None:
    error = {"code": "too_many_pixels", "reason": "too many"}
    es.index(index=index, id="gone", document={"image": {"error": error}}, pipeline="_none")
    es.index(index=index, id="also gone", document={"image": [{"error": error, "data": None}]}, pipeline="_none")
    es.index(index=index, id="kept", document={"image": {"error": error, "data": PHOTO}}, pipeline="_none")
    es.indices.refresh(index=index)
    expected = ["1 of 3 written", "2 hold no picture to process again, and were left alone"]
    assert run("--errors").output.splitlines() == expected
    assert versions(es, index) == {"gone": 1, "also gone": 1, "kept": 2}
    assert source(es, index, "kept")["image"]["width"] == 128


def test_an_index_without_our_mapping(es: Elasticsearch, es_url: str, tmp_path: Path) -> None:
    """Pictures as bare strings, sizes as texts."""
    es.indices.create(index="guessed", settings={"index.default_pipeline": "images"})
    documents: dict[str, dict[str, Any]] = {
        "size": {"image": {"data": PHOTO[:1000], "bytes": "30 kB", "error": {"code": "x"}}},
        "whole": {"image": {"data": PHOTO}},
    }
    es.indices.create(index="bare", settings={"index.default_pipeline": "images"}, mappings={"dynamic": False})
    try:
        for id, document in documents.items():
            es.index(index="guessed", id=id, document=document, pipeline="_none", refresh=True)
        es.index(index="bare", id="1", document={"image": PHOTO}, pipeline="_none")
        es.index(index="bare", id="2", document={"image": [PHOTO, "no picture"]}, pipeline="_none", refresh=True)
        for name, said in (("guessed", "1 of 1 written\n"), ("bare", "2 of 2 written\n1 have an error")):
            result = CliRunner().invoke(reprocess, [name, "--url", es_url, "--unprocessed"])
            assert said in result.output, result.output
            assert PHOTO[:100] not in result.output
        assert source(es, "bare", "1")["image"]["width"] == 128
        assert [image.get("width") for image in source(es, "bare", "2")["image"]] == [128, None]
    finally:
        es.indices.delete(index="guessed,bare")
