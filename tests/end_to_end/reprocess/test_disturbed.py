"""`ingest-image reprocess` on real nodes, disturbed: by other writers, a kill, a service that is down."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from ingest_image.reprocess.documents import Reader
from ingest_image.reprocess.writer import ReprocessReport, Writer
from pipelines.cluster.bulks import BulkStopped
from tests.helpers.enrichers import index_with_lost_shard, waiting
from tests.helpers.nodes import set_hosts, source
from tests.helpers.ports import free_port
from tests.helpers.processes import wait_until
from tests.helpers.service import Service, calls

from .documents import PHOTO, Run, put, versions


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
    report = ReprocessReport()
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
    before = calls(own_service)
    started = subprocess.Popen([*command, "--max-bulk-bytes", bulk], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_until(lambda: calls(own_service) >= before + 8, pause=0.01)
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
    assert calls(own_service) == before + 60
    hits = es.search(index=index, size=100, source_includes=["n", "title", "image.width"])["hits"]["hits"]
    assert sorted(hit["_source"]["n"] for hit in hits) == list(range(60))
    assert all(hit["_source"]["image"]["width"] == 128 for hit in hits)
    assert bulk == "4mb" or source(es, index, "59")["title"] == "newer"
    assert list((folder / "ingest-image").glob("*")) == []


def test_a_service_that_is_down_ends_the_run(es: Elasticsearch, es_version: str, index: str, service: Service) -> None:
    for id in ("1", "2"):
        put(es, index, id, pipeline="_none")
    es.indices.refresh(index=index)
    name, report = f"impatient-{index}", ReprocessReport()
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


def test_a_shard_that_is_missing_is_not_left_out_without_a_word(
    es: Elasticsearch, index: str, run: Run, folder: Path
) -> None:
    with index_with_lost_shard(es, index, "abcdef") as found_again:
        result = run("--pending")
        assert result.exit_code == 1, result.output
        assert f"1 of 2 shards of {index} cannot be read now, so documents would be left out" in result.output
        # Nothing was begun.
        assert list((folder / "ingest-image").glob("*")) == []
        found_again()
        number = len(waiting(es, index))
        assert number and run("--pending").output == f"{number} of {number} written\n" and waiting(es, index) == []
