"""A node of these tests' own, for `ingest-image bootstrap` takes everything away again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode, find_plugin_zip
from pipelines.install.bootstrap import bootstrap
from pipelines.resources import Kind
from tests.helpers.nodes import HEAP, SMALL
from tests.helpers.service import TOKEN

from .installed import RESOURCES, Run


class Node:
    """A node that has the plugin or, with the same data, has lost it. It starts when it is asked for, and again to change."""

    def __init__(self, es_version: str, data: Path) -> None:
        self._version, self._data = es_version, data
        self._node: EmbeddedNode | None = None
        self._plugin = False

    def url(self, plugin: bool) -> str:
        if self._node is None or self._plugin != plugin:
            self.stop()
            options: dict[str, Any] = {"plugin_zip": find_plugin_zip(self._version), "token": TOKEN} if plugin else {}
            node = EmbeddedNode(
                es_version=self._version,
                data=self._data,
                heap=HEAP,
                jvm_options=SMALL,
                quick_start=True,
                **options,
            )
            self._node, self._plugin = node.start(), plugin
        return self._node.url

    def has_lost_the_plugin(self) -> bool:
        return self._node is not None and not self._plugin

    def stop(self) -> None:
        if self._node:
            self._node.stop()
            self._node = None


@pytest.fixture(scope="package")
def node_of_its_own(es_version: str) -> Iterator[Node]:
    """A node for the tests of this folder alone."""
    with tempfile.TemporaryDirectory() as folder:
        # The node's own user has to get to it.
        Path(folder).chmod(0o755)
        node = Node(es_version, Path(folder) / "node")
        yield node
        node.stop()


@pytest.fixture
def bootstrap_url(node_of_its_own: Node) -> str:
    """That node with the plugin."""
    return node_of_its_own.url(plugin=True)


@pytest.fixture
def bare_url(node_of_its_own: Node) -> str:
    """That node without the plugin, which it had before: with the cluster setting in its archive."""
    if not node_of_its_own.has_lost_the_plugin():
        with Elasticsearch(node_of_its_own.url(plugin=True), request_timeout=120) as client:
            client.cluster.put_settings(persistent={"ingest.image.hosts": ["http://127.0.0.1:1"]})
    return node_of_its_own.url(plugin=False)


@pytest.fixture
def es(bootstrap_url: str) -> Iterator[Elasticsearch]:
    """A client on a node where nothing of ours is installed."""
    with Elasticsearch(bootstrap_url, request_timeout=120) as client:
        wipe(client)
        yield client
        wipe(client)


@pytest.fixture
def run(es: Elasticsearch, bootstrap_url: str) -> Run:
    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(bootstrap, ["--url", bootstrap_url, *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def wipe(client: Elasticsearch) -> None:
    for index in client.indices.get(index="*").body:
        client.indices.delete(index=index)
    for template in client.indices.get_index_template().body["index_templates"]:
        client.indices.delete_index_template(name=template["name"])
    client.options(ignore_status=404).cluster.delete_component_template(name="ingest-image")
    for resource in RESOURCES:
        if resource.kind is Kind.PIPELINE:
            client.options(ignore_status=404).ingest.delete_pipeline(id=resource.name)
    client.cluster.put_settings(persistent={"ingest.image.*": None})
