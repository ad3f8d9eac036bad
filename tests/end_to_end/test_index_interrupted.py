"""A real Ctrl-C while `ingest-image index` sends pictures."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from tests.helpers.nodes import set_hosts
from tests.helpers.paths import PICTURES
from tests.helpers.ports import free_port
from tests.helpers.processes import AS_BACKGROUND_JOB, wait_until

COUNT = 300


@pytest.mark.parametrize("before", [(), AS_BACKGROUND_JOB], ids=["in front", "in the background"])
def test_ctrl_c_says_how_to_continue_and_that_command_does(
    before: tuple[str, ...], es: Elasticsearch, es_url: str, index: str, tmp_path: Path
) -> None:
    for number in range(COUNT):
        shutil.copy(PICTURES / "pillow" / "flower.jpg", tmp_path / f"{number}.jpg")
    es.indices.create(index=index)
    command = [sys.executable, "-m", "ingest_image", "index", str(tmp_path), "--index", index, "--url", es_url]
    # Small requests, one at a time: it is not done before the signal is there.
    command += ["--max-bulk-bytes", "300kb", "--concurrency", "1"]

    def stored() -> int:
        es.indices.refresh(index=index)
        return int(es.count(index=index)["count"])

    with subprocess.Popen([*before, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: stored() > 0 or process.poll() is not None, 120)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 1, out + err
    assert "stopped; the same command with --skip-existing continues" in err and "Traceback" not in err
    before_the_signal = stored()
    assert 0 < before_the_signal < COUNT and f" of {COUNT} indexed" in out
    done = subprocess.run([*command, "--skip-existing"], capture_output=True, text=True, timeout=300, check=True)
    assert stored() == COUNT, done.stdout


def test_ctrl_c_ends_it_while_it_waits_for_a_service_that_is_away(
    es: Elasticsearch, es_url: str, service_url: str, index: str
) -> None:
    """At once: its pauses add up to a minute, after which the file would have failed."""
    es.ingest.put_pipeline(id=index, processors=[{"image": {"timeout": "2s"}}])
    set_hosts(es, f"http://127.0.0.1:{free_port()}")
    command = [sys.executable, "-m", "ingest_image", "index", str(PICTURES / "pillow" / "flower.jpg")]
    command += ["--index", index, "--pipeline", index, "--url", es_url, "--service-url", "http://127.0.0.1:9"]
    try:
        with subprocess.Popen(
            [*AS_BACKGROUND_JOB, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr and process.stdout
            said = process.stderr.readline()
            process.send_signal(signal.SIGINT)
            err, out = process.stderr.read(), process.stdout.read()
    finally:
        set_hosts(es, service_url)
        es.ingest.delete_pipeline(id=index)
    assert said.startswith("waiting for the processor service: [service_unavailable] ")
    assert "stopped; the same command with --skip-existing continues" in err and "Traceback" not in err, err
    assert (process.returncode, out) == (1, "0 of 1 indexed\n")
