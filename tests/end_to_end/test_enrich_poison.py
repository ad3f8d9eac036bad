"""A service that fails for one picture, and one that fails for all: only the first is the fault of a picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from ingest_image.enrich import attempts, follow, rests, soundness
from ingest_image.enrich.writer import EnrichingWriter
from ingest_image.reprocess.command import reprocess
from ingest_image.reprocess.documents import Document
from tests.helpers.enrichers import LATER, Heard, enricher, index_with_later, let_wait, waiting
from tests.helpers.nodes import set_hosts, source
from tests.helpers.pictures import b64, picture
from tests.helpers.processes import wait_until
from tests.helpers.service import Service

POISON = b64(picture("pdq/bridge-mods/aaa-orig.jpg"))
# Read by Python before anything else: the vector of a picture that is not as wide as PHOTO is a defect, or takes for
# ever, and of any picture what the file says.
BROKEN_EMBEDDER = """
import time
from pathlib import Path
from processor_service.errors import Code, ImageError
from processor_service.features import embedding
embedded = embedding.embedded
def fails(picture):
    for_all = Path({file!r}).read_text()
    is_poison = picture.image.width > 128
    if for_all == "SLOW" and is_poison or for_all == "SLOW_FOR_ALL":
        time.sleep(240)
    elif for_all != "SLOW" and for_all:
        raise ImageError(Code[for_all], "for all pictures")
    if is_poison:
        raise RuntimeError("for this picture")
    return embedded(picture)
embedding.embedded = fails
"""


@pytest.fixture(autouse=True)
def later(es: Elasticsearch, index: str) -> Iterator[None]:
    with index_with_later(es, index):
        yield


@pytest.fixture
def fails_for_all(start_service: Callable[..., Service], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The node has a service with a defect; the file names the error that it has for all pictures, or is empty."""
    file = tmp_path / "for all"
    file.touch()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text(BROKEN_EMBEDDER.format(file=str(file)))
    with monkeypatch.context() as patched:
        patched.setenv("PYTHONPATH", str(tmp_path / "broken"))
        start_service(workers="1")
    return file


def test_a_picture_that_a_sound_service_always_fails_for_is_recorded_and_a_sick_service_is_waited_for(
    es: Elasticsearch,
    es_url: str,
    index: str,
    service: Service,
    fails_for_all: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_wait(es, index, "sound")
    es.index(index=index, id="poison", document={"image": {"data": POISON}}, refresh=True)
    monkeypatch.setattr(rests, "PAUSE", 0.0)
    monkeypatch.setattr(follow, "_PATIENCE", 0.0)
    with monkeypatch.context() as at_once:
        at_once.setattr(attempts, "_LONGEST", 0.0)
        # A model that cannot be loaded, a service that is older than the pipeline, and one that is too small.
        for code in ("EMBEDDER_FAILED", "INVALID_RECIPE", "INVALID_REQUEST", "OUT_OF_MEMORY"):
            fails_for_all.write_text(code)
            sick = enricher(es, index)
            with pytest.raises(follow.GivenUp, match=code.lower()):
                follow.follow(sick, threading.Event(), once=True)
            assert (sick.total.enriched, sick.total.failed, sick.total.recorded) == (0, 0, 0), code
            assert isinstance(sick.log, Heard)
            assert any(event == "waiting" and code.lower() in facts["reason"] for event, facts in sick.log.said)
    fails_for_all.write_text("")
    working = enricher(es, index)
    done = working.round()
    assert done and (done.enriched, done.failed, done.waits) == (1, 1, ""), done
    # What is alone with it is not waited for either, and delays nobody.
    monkeypatch.setattr(attempts, "PAUSES", (0.0, 0.0, 0.0))
    done = enricher(es, index).round()
    assert done and (done.enriched, done.failed, done.waits) == (0, 1, ""), done
    assert working.rests.indices == []
    monkeypatch.undo()
    let_wait(es, index, "new")
    done = working.round()
    assert done and done.enriched == 1
    monkeypatch.setattr(attempts, "PAUSES", (0.0, 0.0, 0.0))
    follow.follow(enricher(es, index), threading.Event(), once=True)
    assert waiting(es, index) == []
    error = source(es, index, "poison")["image"]["error"]
    assert error["code"] == "enrich_failed" and "[internal_error]" in error["reason"], error
    for id in ("sound", "new"):
        assert source(es, index, id)["image"]["embedder"] == "builtin-v1"
    set_hosts(es, service.url)
    arguments = [index, "--url", es_url, "--errors", "--state", str(tmp_path / "state")]
    result = CliRunner().invoke(reprocess, arguments)
    assert result.output == "1 of 1 written\n", result.output
    assert source(es, index, "poison")["image"]["embedder"] == "builtin-v1"


def test_a_picture_that_always_takes_too_long_is_recorded_and_a_slow_service_is_waited_for(
    es: Elasticsearch, index: str, fails_for_all: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    es.ingest.put_pipeline(id=index, processors=[{"image": {**LATER, "timeout": "2s"}}])
    let_wait(es, index, "sound")
    poisons = ["poison", "other poison"]
    for id in poisons:
        es.index(index=index, id=id, document={"image": {"data": POISON}}, refresh=True)
    before = [source(es, index, id)["image"]["data"] for id in poisons]
    for where, name, value in ((attempts, "_LONGEST", 0.0), (rests, "PAUSE", 0.0), (soundness, "_TIMEOUT", "1s")):
        monkeypatch.setattr(where, name, value)
    # What counts is recorded at once.
    monkeypatch.setattr(attempts, "PAUSES", ())
    working = enricher(es, index)
    fails_for_all.write_text("SLOW_FOR_ALL")
    done = working.round()
    assert done and done.waits and (done.enriched, done.failed, done.recorded) == (0, 0, 0), done
    fails_for_all.write_text("SLOW")
    # As if the service had much to do, and took long for a tiny picture, too. Nobody waits with what is slow.
    with monkeypatch.context() as busy:
        busy.setattr(soundness, "_QUICK", 0.0)
        wait_until(lambda: bool(working.round()) and working.total.enriched == 1)
    assert (working.total.failed, working.total.recorded) == (0, 0)
    # Others may have been in its way: after the first failure it is alone in its request.
    monkeypatch.setattr(attempts, "PAUSES", (0.0,))
    sizes: list[int] = []
    write = EnrichingWriter.write

    def written(self: EnrichingWriter, documents: Iterable[Document], limit: int | None) -> None:
        found = list(documents)
        sizes.append(len(found))
        write(self, found, limit)

    monkeypatch.setattr(EnrichingWriter, "write", written)
    follow.follow(working, threading.Event(), once=True)
    assert (working.total.enriched, working.total.failed, working.total.recorded) == (1, 2, 2)
    assert waiting(es, index) == []
    # Each was sent once more, and then to be recorded.
    assert 2 in sizes and sizes.count(1) >= 4
    for id, data in zip(poisons, before, strict=True):
        image = source(es, index, id)["image"]
        assert image["error"]["code"] == "enrich_failed" and image["data"] == data
        assert image["error"]["reason"].startswith("[service_timeout]")


def test_an_index_that_has_to_wait_delays_no_other_one(
    es: Elasticsearch, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than the test waits.
    monkeypatch.setattr(rests, "PAUSE", 600.0)
    monkeypatch.setattr(rests, "LONGEST_PAUSE", 600.0)
    other, stop = f"{index}-other", threading.Event()
    with index_with_later(es, other):
        let_wait(es, other, "1")
        es.indices.add_block(index=other, block="write")
        working = enricher(es, index, other)
        thread = threading.Thread(target=follow.follow, args=(working, stop))
        thread.start()
        try:
            wait_until(lambda: working.rests.indices == [other])
            let_wait(es, index, "new")
            wait_until(lambda: working.total.enriched == 1)
        finally:
            stop.set()
            thread.join()
            es.indices.put_settings(index=other, settings={"index.blocks.write": False})
        # It is not even searched meanwhile.
        es.indices.refresh(index=index)
        found = [[one.index for one in working.backlog.oldest(without)] for without in ([], working.rests.indices)]
        assert found == [[other], []]
    assert source(es, index, "new")["image"]["embedder"] == "builtin-v1"
