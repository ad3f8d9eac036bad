"""A rolling upgrade from a commit whose service proves only how long a result is: what comes of a bulk on the way.

    .venv/bin/python -m tests.load.rolling_upgrade [--commit 43d06e0b]

The plugin and the service of that commit are taken from this repository's history; the plugin is built. For each plugin,
old and new, with two old services, with an old and a new one, with two new ones: a bulk of 40, 8 of them no pictures,
on 9.5.3. Ends with status 1 when a good picture is not stored, or when a bad one is not refused.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode, find_plugin_zip
from embedded_node.jdk import find_jdk
from tests.end_to_end.faults.test_faults import PHOTO
from tests.helpers.nodes import set_hosts
from tests.helpers.paths import ROOT
from tests.helpers.pictures import b64
from tests.helpers.service import TOKEN, Service, running_service
from tests.load.disturbed_bulks import outcome

VERSION, RELEASE, SOURCES = "9.5.3", "21", "es9"
RECIPE = {"image": {"operations": [{"resize": {"width": 300}}], "properties": [], "on_invalid": "fail"}}
DOCUMENTS, BAD = 40, 8


def taken(commit: str, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """The plugin's zip, and how the service is started."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    pom = folder / "elasticsearch_plugin/pom.xml"
    maven = ["mvn", "-q", "-B", "-ntp", "-f", str(pom), "package", "-Dmaven.test.skip=true", "-Drevision=0"]
    line = [f"-Des.version={VERSION}", f"-Djava.release={RELEASE}", f"-Dapi={SOURCES}"]
    home = f"JAVA_HOME={find_jdk(int(RELEASE)).home}"
    subprocess.run(["env", home, *maven, *line], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # Safe: the folder that the tests run in would come first, and is the new service.
    program = ("env", f"PYTHONPATH={folder}", "PYTHONSAFEPATH=1", sys.executable, "-m", "ingest_image")
    return pom.parent / f"target/{VERSION}/ingest-image-0-es{VERSION}.zip", program


def bulk(es: Elasticsearch, index: str) -> Counter[str]:
    operations: list[dict[str, object]] = []
    for number in range(DOCUMENTS):
        data = b64(b"no picture at all") if number % (DOCUMENTS // BAD) == 0 else PHOTO
        operations += [{"index": {"_id": str(number)}}, {"image": {"data": data}}]
    items = es.bulk(index=index, pipeline="plain", operations=operations)["items"]
    return Counter(outcome(item["index"]) for item in items)


def held(seen: Counter[str]) -> bool:
    return seen["201"] == DOCUMENTS - BAD and seen["400 not_an_image"] == BAD


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commit", default="43d06e0b", help="the last one that proves no whole result")
    good = True
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as running:
        folder = Path(temporary)
        old_zip, old_program = taken(parser.parse_args().commit, folder / "old")
        all_services: dict[str, list[Service]] = {"old": [], "new": []}
        for number in range(2):
            log = folder / f"log-{number}"
            all_services["old"].append(running.enter_context(running_service(log, old_program, workers="1")))
            log = folder / f"log-new-{number}"
            all_services["new"].append(running.enter_context(running_service(log, workers="1")))
        for plugin, zip_file in (("old", old_zip), ("new", find_plugin_zip(VERSION))):
            with EmbeddedNode(
                es_version=VERSION,
                plugin_zip=zip_file,
                token=TOKEN,
                heap="512m",
                quick_start=True,
                settings={"ingest.image.timeout": "20s"},
            ) as node:
                es = Elasticsearch(node.url, request_timeout=120, max_retries=0)
                es.ingest.put_pipeline(id="plain", processors=[RECIPE])
                for first, second in (("old", "old"), ("old", "new"), ("new", "new")):
                    set_hosts(es, all_services[first][0].url, all_services[second][1].url)
                    seen, services = bulk(es, f"images-{first}-{second}"), f"{first}, {second}"
                    good &= held(seen)
                    verdict = "held" if held(seen) else "did NOT hold"
                    print(f"{plugin} plugin, services {services}: {dict(seen)}; {verdict}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
