"""Runs documents through pipelines with OpenSearch's processors (java/StockProcessors.java), without a node."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cbor2

from embedded_node.jars import once
from embedded_node.jdk import Jdk, find_jdk
from embedded_node.places import cache_folder
from pipelines.resources import Resource

# The newest that runs on Java 17.
OPENSEARCH = "2.19.6"
SOURCES = Path(__file__).parent / "java"


class PipelineFailed(Exception):
    """The document was refused; the message is the innermost one."""


class StockProcessors:
    """A running Java process; `run` sends one document through one pipeline."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(
        self,
        pipeline: dict[str, Any],
        endpoints: list[Resource],
        document: dict[str, Any],
        index: str | None = "images",
    ) -> dict[str, Any]:
        """What would be stored; `index`: None for a part of a document, of an update in a bulk. Raises PipelineFailed."""
        # OpenSearch's pipelines have no `_meta`.
        pipeline = {key: value for key, value in pipeline.items() if key != "_meta"}
        request: dict[str, Any] = {"pipeline": pipeline, "endpoints": {e.name: e.body for e in endpoints}}
        request |= {"index": index} | _written(document)
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise PipelineFailed(answer["error"])
        return dict(answer["document"])


def _written(document: dict[str, Any]) -> dict[str, Any]:
    """As JSON, or as CBOR where it has bytes."""
    try:
        json.dumps(document)
    except TypeError:
        return {"cbor": base64.b64encode(cbor2.dumps(document)).decode()}
    return {"document": document}


@contextmanager
def stock_processors() -> Iterator[StockProcessors]:
    jdk = find_jdk(17)
    jars = _jars(jdk)
    classes = _classes(jdk, jars)
    # For what the process keeps on its disk.
    with tempfile.TemporaryDirectory() as folder:
        command = [str(jdk.java), "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        process = subprocess.Popen(
            [*command, "-cp", f"{classes}{os.pathsep}{jars}/*", "StockProcessors", folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Log4j complains that it has nobody to write to.
            stderr=subprocess.DEVNULL,
            text=True,
        )
        with process:
            yield StockProcessors(process)
            assert process.stdin
            process.stdin.close()


def _jars(jdk: Jdk) -> Path:
    """A folder with the jars, from Maven Central once."""
    command = ["mvn", "--quiet", "--batch-mode", "--file", str(SOURCES / "pom.xml")]
    command += [f"-Dopensearch.version={OPENSEARCH}", "dependency:copy-dependencies"]

    def download(folder: Path) -> None:
        environment = {**os.environ, "JAVA_HOME": str(jdk.home)}
        subprocess.run([*command, f"-DoutputDirectory={folder}"], env=environment, check=True)

    return once(cache_folder() / f"opensearch-{OPENSEARCH}", download)


def _classes(jdk: Jdk, jars: Path) -> Path:
    """A folder with StockProcessors, compiled once: javac takes longer than the process takes to start."""
    source = SOURCES / "StockProcessors.java"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]

    def compile_into(folder: Path) -> None:
        # For 17, as another JDK may run it next time.
        options = ["--release", "17", "-proc:none", "-nowarn", "-d", str(folder), "-cp", f"{jars}/*"]
        subprocess.run([str(jdk.javac), *options, str(source)], check=True)

    return once(jars.with_name(f"{jars.name}-classes-{digest}"), compile_into)
