"""Print how many documents each client stored."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
from elasticsearch import Elasticsearch
from rich.console import Console
from rich.table import Table

from benchmarks.photographs import photographs
from embedded_node import EmbeddedNode, find_plugin_zip
from tests.helpers.nodes import bootstrap
from tests.helpers.service import TOKEN, running_service

HERE = Path(__file__).parent
IN_FLIGHT = 4
WAYS = ("default", "careful")
# Seconds that a client may take. One that repeats with growing pauses may never end.
PATIENCE = 300


def python(folder: Path) -> list[str]:
    """What starts the Python client's `helpers.bulk`."""
    return [sys.executable, str(HERE / "index.py")]


def javascript(folder: Path) -> list[str]:
    shutil.copy(HERE / "index.mjs", folder)
    quietly(folder, "npm", "install", "--no-audit", "--no-fund", "@elastic/elasticsearch@9")
    return ["node", str(folder / "index.mjs")]


def java(folder: Path) -> list[str]:
    shutil.copy(HERE / "pom.xml", folder)
    quietly(folder, "mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    return ["java", "-cp", f"{folder}/lib/*", str(HERE / "Index.java")]


def go(folder: Path) -> list[str]:
    for name in ("index.go", "go.mod"):
        shutil.copy(HERE / name, folder)
    quietly(folder, "go", "mod", "tidy")
    quietly(folder, "go", "build", "-o", "index", ".")
    return [str(folder / "index")]


# Each language with the program that has to be there.
LANGUAGES: dict[str, tuple[str, Callable[[Path], list[str]]]] = {
    "python": (sys.executable, python),
    "javascript": ("npm", javascript),
    "java": ("mvn", java),
    "go": ("go", go),
}


def quietly(folder: Path, *command: str) -> None:
    """Run a command in a folder; raises CalledProcessError with what it wrote."""
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)


@click.command()
@click.option("--documents", default=60, show_default=True, help="Photographs of 2.2 megapixels.")
@click.option("--queue", default=2, show_default=True, help="Pictures that may wait in the node.")
@click.option("--client", "chosen", multiple=True, type=click.Choice(list(LANGUAGES)), help="Default: all.")
@click.option("--es-version", default=None, help="Elasticsearch version.")
def main(documents: int, queue: int, chosen: tuple[str, ...], es_version: str | None) -> None:
    """Print how many documents each client stored, by its defaults and with careful settings."""
    table = Table(title=f"{documents} documents, {IN_FLIGHT} in work, a queue of {queue}")
    settings = {"ingest.image.queue_size": str(queue), "ingest.image.max_in_flight": str(IN_FLIGHT)}
    for column in ("client", "defaults: stored", "careful: stored", "seconds"):
        table.add_column(column)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pictures = folder / "pictures"
        pictures.mkdir()
        for i, picture in enumerate(photographs(documents)):
            (pictures / f"{i}.jpg").write_bytes(picture)
        version = EmbeddedNode(es_version=es_version).version
        with (
            running_service(folder / "service.log") as service,
            EmbeddedNode(
                es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN, settings=settings
            ) as node,
            Elasticsearch(node.url, request_timeout=60) as es,
        ):
            bootstrap("--url", node.url, "--service-url", service.url)
            template = {"index.default_pipeline": "images"}
            es.indices.put_index_template(
                name="clients", index_patterns=[f"{name}-*" for name in LANGUAGES], template={"settings": template}
            )
            for name in chosen or LANGUAGES:
                program, prepare = LANGUAGES[name]
                if not shutil.which(program):
                    table.add_row(name, f"{program} is missing", "", "")
                    continue
                (folder / name).mkdir()
                command = prepare(folder / name)
                stored, seconds = [], []
                for how in WAYS:
                    start = time.perf_counter()
                    try:
                        subprocess.run([*command, node.url, str(pictures), how], check=False, timeout=PATIENCE)
                        seconds.append(f"{time.perf_counter() - start:.0f}")
                    except subprocess.TimeoutExpired:
                        seconds.append(f"ended after {PATIENCE}")
                    es.indices.refresh(index=f"{name}-{how}", ignore_unavailable=True)
                    stored.append(str(es.count(index=f"{name}-{how}", ignore_unavailable=True)["count"]))
                table.add_row(name, *stored, ", ".join(seconds))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
