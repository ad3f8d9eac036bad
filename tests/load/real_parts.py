"""What most scripts of this folder run against: a node and its service on loopback."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded_node import EmbeddedNode, find_plugin_zip
from tests.helpers.service import TOKEN, Service, running_service

VERSION = "9.5.3"


def options(doc: str | None, heap: str | None = None) -> argparse.ArgumentParser:
    """A parser that prints a script's own words, with the options of the node."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--es-version", default=VERSION)
    if heap:
        parser.add_argument("--heap", default=heap)
    return parser


@contextmanager
def node_and_service(
    version: str = VERSION, heap: str = "1g", node_settings: dict[str, str] | None = None, **service_settings: str
) -> Iterator[tuple[EmbeddedNode, Service]]:
    """Both running, and the node asks that service; two workers if nothing else is said."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "service.log", **{"workers": "2"} | service_settings) as service,
        EmbeddedNode(
            es_version=version,
            plugin_zip=find_plugin_zip(version),
            token=TOKEN,
            heap=heap,
            quick_start=True,
            settings={"ingest.image.hosts": service.url} | (node_settings or {}),
        ) as node,
    ):
        yield node, service
