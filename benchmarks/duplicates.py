"""How long `ingest-image duplicates` takes with some thousand pictures, and how much memory it needs.

    python -m benchmarks.duplicates [--counts 1000,3000] [--pictures ../shared/images]

Every photograph is stored with crops of it (60 to 95 % of each side), as many as are needed, in 320 pixels: so nearly all
pictures have others that they must be laid over, which costs far more than pictures that resemble nothing. The documents
are made in this process and indexed without a pipeline; the program runs as users run it, by itself.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from elasticsearch import Elasticsearch, helpers
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.changed_copies import photographs
from embedded_node import EmbeddedNode, find_plugin_zip
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.nodes import bootstrap
from tests.helpers.paths import CORPUS
from tests.helpers.pictures import b64, encoded
from tests.helpers.service import TOKEN, running_service

INDEX = "images-many"
SIDE = 320
PROPERTIES = ["thumbnail", "embedding", "perceptual_hash"]


def crops(originals: dict[str, Image.Image], count: int) -> Iterator[dict[str, Any]]:
    """Actions that index `count` pictures, the originals first."""
    chance = random.Random(3)
    names = list(originals)
    for number in range(count):
        name = names[number % len(names)]
        image = originals[name]
        if number >= len(names):
            across, down = (round(side * chance.uniform(0.6, 0.95)) for side in image.size)
            left, top = chance.randint(0, image.width - across), chance.randint(0, image.height - down)
            image = image.crop((left, top, left + across, top + down))
        data = b64(encoded(image, "JPEG", quality=90))
        request = Request.parse({"data": data, "operations": [], "properties": PROPERTIES})
        fields = process(request, Settings(), Stopwatch())
        source = {"image": {key: value for key, value in fields.items() if value is not None}}
        yield {"_index": INDEX, "_id": f"{name}|{number}", "_source": source}


def measured(url: str, nearest: int) -> tuple[float, float, int, list[dict[str, Any]]]:
    """Seconds by the clock, seconds of the program's processor, MB resident at most, and the clusters it printed."""
    start = time.perf_counter()
    arguments = ["duplicates", INDEX, "--url", url, "--nearest", str(nearest), "--json"]
    most = 0
    with tempfile.TemporaryFile() as printed:
        program = subprocess.Popen([str(Path(sys.executable).with_name("ingest-image")), *arguments], stdout=printed)
        while not (ended := os.wait4(program.pid, os.WNOHANG))[0]:
            most = max(most, resident(program.pid))
            time.sleep(0.05)
        seconds = time.perf_counter() - start
        printed.seek(0)
        clusters = [json.loads(line) for line in printed.read().splitlines()]
    _, status, used = ended
    program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode:
        raise click.ClickException("ingest-image duplicates failed")
    return seconds, used.ru_utime + used.ru_stime, most, clusters


def resident(pid: int) -> int:
    """MB that a process has had resident at most. What `wait4` says may be the memory of this process, before `exec`."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) // 1024 if found else 0


@click.command(help=__doc__.splitlines()[0])
@click.option("--counts", default="1000,3000", show_default=True, help="Pictures, ascending.")
@click.option("--pictures", type=click.Path(path_type=Path, exists=True), default=CORPUS, show_default=True)
def main(counts: str, pictures: Path) -> None:
    """Print a row for each count and for hashes alone and with pixels."""
    originals = {
        name: image.resize((SIDE, max(1, round(SIDE * image.height / image.width))))
        for name, image in photographs(pictures).items()
    }
    table = Table("pictures", "nearest", "clock s", "processor s", "memory MB", "clusters", "in them")
    version = EmbeddedNode().version
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "service.log", workers="1", recognizers="0") as service,
        EmbeddedNode(es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN) as node,
        Elasticsearch(node.url, request_timeout=120) as es,
    ):
        bootstrap("--url", node.url, "--service-url", service.url)
        for count in map(int, counts.split(",")):
            es.indices.delete(index=INDEX, ignore_unavailable=True)
            helpers.bulk(es, crops(originals, count), chunk_size=100, pipeline="_none", refresh=True)
            for nearest in (0, 4):
                clock, processor, memory, clusters = measured(node.url, nearest)
                pictures_in = sum(cluster["count"] for cluster in clusters)
                row = (count, nearest, f"{clock:.1f}", f"{processor:.1f}", memory, len(clusters), pictures_in)
                table.add_row(*map(str, row))
                print(*row, flush=True)
    Console(width=120).print(f"{len(originals)} photographs", table)


if __name__ == "__main__":
    main()
