"""What tests do with nodes of their own."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode, jars
from embedded_node.launch import node_input

HEAP = "512m"
# Its heap grows as it is needed: without that, each of a dozen nodes soon holds all of it.
SMALL = ("-Xms128m",)
# With each change of what is in the cluster, a node writes down which indices were deleted: by default the last 500. After
# some hundred tests that is a sixth of the processor time of making an index and deleting it. And each change is written
# beside each index once more, for an administrator who has lost the cluster's state.
FORGETS_DELETED = {"cluster.indices.tombstones.size": "0", "gateway.write_dangling_indices_info": "false"}


def set_hosts(es: Elasticsearch, *urls: str) -> None:
    es.cluster.put_settings(persistent={"ingest.image.hosts": list(urls)})


def set_token(node: EmbeddedNode, token: str | None, previous_token: str | None = None) -> None:
    """Write another keystore; the node reads it at `POST _nodes/reload_secure_settings`, and when it starts again."""
    version, jdk, folder = node.choice.version, node.choice.jdk, node._folder
    assert folder
    both = {"ingest.image.token": token, "ingest.image.previous_token": previous_token}
    ours = jars.our_jars(version, jdk, jars.elasticsearch_jars(version, jdk))
    node_input(folder, jdk, ours, {name: value for name, value in both.items() if value})
    folder.seal()
    node._token = token


def bootstrap(*arguments: str) -> str:
    """Run the command as users do; returns what it prints."""
    command = [sys.executable, "-m", "ingest_image", "bootstrap", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def source(es: Elasticsearch, index: str, id: str = "1") -> dict[str, Any]:
    """A document as it is stored."""
    return dict(es.get(index=index, id=id)["_source"])
