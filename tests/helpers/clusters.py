"""Embedded nodes that form one cluster. An embedded node alone never talks to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest.mock import patch

from embedded_node import node as embedded
from embedded_node.distribution import write_config
from embedded_node.folder import NodeFolder
from tests.helpers.ports import free_port


@contextmanager
def one_cluster(first: str) -> Iterator[None]:
    """Nodes that are started meanwhile join the node of this name (setting `node.name`), which is the first one's."""
    port = free_port()

    def write(folder: NodeFolder, http_port: int, settings: Mapping[str, str]) -> None:
        write_config(folder, http_port, settings)
        file = folder.config / "elasticsearch.yml"
        lines = [
            one for one in file.read_text().splitlines() if not one.startswith(("discovery.type", "transport.port"))
        ]
        is_first = settings["node.name"] == first
        lines.append(f"transport.port: {port if is_first else 0}")
        lines.append(
            f'cluster.initial_master_nodes: ["{first}"]' if is_first else f'discovery.seed_hosts: ["127.0.0.1:{port}"]'
        )
        file.write_text("\n".join(lines) + "\n")

    with patch.object(embedded, "write_config", write):
        yield
