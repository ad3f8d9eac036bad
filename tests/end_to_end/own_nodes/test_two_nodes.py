"""Doctor and bootstrap on a real cluster of two nodes, where what one node lacks is said with that node's name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode, find_plugin_zip
from embedded_node.choice import choose
from ingest_image.doctor.command import doctor
from ingest_image.enrich.command import backlog_of
from ingest_image.enrich.enricher import Enricher
from pipelines.install.bootstrap import bootstrap
from tests.helpers.clusters import one_cluster
from tests.helpers.enrichers import Heard
from tests.helpers.nodes import set_token
from tests.helpers.service import TOKEN

Start = Callable[..., EmbeddedNode]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a node with a name and settings of its own; the second one joins the first."""
    with ExitStack() as nodes:
        nodes.enter_context(one_cluster("first"))

        def start(name: str, plugin: bool, **settings: str) -> EmbeddedNode:
            dotted = {key.replace("__", "."): value for key, value in settings.items()}
            version = choose(None).version.number
            return nodes.enter_context(
                EmbeddedNode(
                    es_version=version,
                    plugin_zip=find_plugin_zip(version) if plugin else None,
                    token=TOKEN if plugin else None,
                    heap="512m",
                    quick_start=True,
                    settings={"node.name": name, **dotted},
                )
            )

        yield start


def examine(node: EmbeddedNode, *arguments: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """The exit code, and by check what is not well."""
    result = CliRunner().invoke(doctor, ["--url", node.url, "--json", *arguments], env={"IMAGE_TOKEN": TOKEN})
    found: dict[str, list[dict[str, str]]] = {}
    for one in json.loads(result.output)["findings"]:
        if one["level"] != "ok":
            found.setdefault(one["check"], []).append(one)
    return result.exit_code, found


def wait_for(client: Elasticsearch, nodes: int) -> None:
    client.cluster.health(wait_for_nodes=str(nodes), timeout="100s")


def run(command: Any, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, arguments)
    return result.exit_code, result.output


def test_what_one_of_two_nodes_lacks(start: Start, service_url: str) -> None:
    first = start("first", plugin=True)
    second = start("second", plugin=False)
    with Elasticsearch(first.url, request_timeout=120) as client:
        wait_for(client, 2)
        # Without the plugin on one of them nothing is installed, whichever way it was wished for.
        for wish in ("auto", "plugin"):
            code, said = run(bootstrap, "--url", first.url, "--service-url", service_url, "--bridge", wish)
            assert code == 1 and "the plugin ingest-image is missing on second (" in said, said
            assert client.options(ignore_status=404).ingest.get_pipeline().body == {}
            # An enricher waits for what is installed later.
            assert Enricher(client, backlog_of(client, (), ()), Heard()).round() is None
        code, found = examine(first)
        assert code == 1
        (missing,) = found["plugin"]
        assert (
            missing["level"] == "error" and "missing on second (" in missing["what"] and "first" not in missing["what"]
        )
        second.stop()
        wait_for(client, 1)
        # It comes back with the plugin, and with a line in its own file that the other one does not have.
        third = start("third", plugin=True, ingest__image__max_image_bytes="5mb")
        wait_for(client, 2)
        assert run(bootstrap, "--url", first.url, "--service-url", service_url)[0] == 0
        for node in (first, third):
            code, found = examine(node, "--service-url", service_url)
            assert (code, set(found)) == (0, {"sizes"}), found
            (differing,) = found["sizes"]
            assert "5mb, the default" in differing["what"] and "PUT _cluster/settings" in differing["advice"]
        client.cluster.put_settings(persistent={"ingest.image.max_image_bytes": "5mb"})
        assert examine(third, "--service-url", service_url) == (0, {})
        # Both count for what the service has to take at a time.
        client.cluster.put_settings(persistent={"ingest.image.max_in_flight": 60})
        code, found = examine(first, "--service-url", service_url)
        assert "up to 120 pictures at a time" in found["in_flight"][0]["what"]
        # Each node has a token of its own keeping: one that is wrong shows on that node.
        set_token(third, "another")
        client.nodes.reload_secure_settings()
        assert "picture" not in examine(first)[1]
        code, found = examine(third)
        assert code == 1 and "IMAGE_TOKEN" in found["picture"][0]["advice"]
