"""What a client, an administrator and a plugin find on a running node of either version."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode
from embedded_node.run_as import other_account


def test_the_official_client_knows_it(node: EmbeddedNode) -> None:
    with Elasticsearch(node.url, request_timeout=120) as client:
        info = client.info()
        assert client.ping()
    assert info.meta.headers["x-elastic-product"] == "Elasticsearch"
    assert set(info) == {"name", "cluster_name", "cluster_uuid", "version", "tagline"}
    assert (info["name"], info["cluster_name"], info["tagline"]) == ("embedded", "ingest-image", "You Know, for Search")
    assert set(info["version"]) == {
        "number",
        "build_flavor",
        "build_type",
        "build_hash",
        "build_date",
        "build_snapshot",
        "lucene_version",
        "minimum_wire_compatibility_version",
        "minimum_index_compatibility_version",
    }
    assert info["version"]["number"] == node.version
    assert info["version"]["build_snapshot"] is False
    assert len(info["cluster_uuid"]) == 22


def test_it_indexes_and_finds(node: EmbeddedNode) -> None:
    with Elasticsearch(node.url, request_timeout=120) as client:
        client.index(index="things", id="1", document={"title": "a red boat"}, refresh=True)
        assert client.search(index="things", q="title:boat")["hits"]["hits"][0]["_id"] == "1"


def test_a_plugin_may_only_do_what_its_policy_says(node: EmbeddedNode) -> None:
    log = node.log_file.read_text()
    # The peer refused: the call went out, as the policy allows.
    assert "probe outbound: java.net.ConnectException: Connection refused" in log
    refused = next(line for line in log.splitlines() if "probe inbound: " in line)
    assert "NotEntitledException: component [probe]" in refused
    assert "inbound_network" in refused


def test_it_listens_on_loopback_only(node: EmbeddedNode) -> None:
    with Elasticsearch(node.url, request_timeout=120) as client:
        for running in client.nodes.info(metric="http,transport")["nodes"].values():
            addresses = [*running["http"]["bound_address"], *running["transport"]["bound_address"]]
            assert {address.rpartition(":")[0] for address in addresses} == {"127.0.0.1"}
    assert node.url.startswith("http://127.0.0.1:")


def test_a_full_disk_does_not_stop_it(node: EmbeddedNode) -> None:
    with Elasticsearch(node.url, request_timeout=120) as client:
        settings = client.cluster.get_settings(include_defaults=True, flat_settings=True)
    assert settings["defaults"]["cluster.routing.allocation.disk.threshold_enabled"] == "false"


def test_the_keystore_can_be_read_again(node: EmbeddedNode) -> None:
    node.set_token(None)
    with Elasticsearch(node.url, request_timeout=120) as client:
        answers = client.nodes.reload_secure_settings()["nodes"].values()
    assert answers
    assert not any("reload_exception" in answer for answer in answers)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_its_environment_holds_no_secret(node: EmbeddedNode) -> None:
    assert os.environ["IMAGE_TOKEN"] == "only-for-the-parent"
    assert b"only-for-the-parent" not in Path(f"/proc/{node.pid}/environ").read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the node to another user")
def test_root_hands_it_to_another_user(node: EmbeddedNode) -> None:
    account = other_account()
    assert account and account.uid != 0
    assert Path(f"/proc/{node.pid}").stat().st_uid == account.uid
    assert (node.folder / "data").stat().st_uid == account.uid
    # What root reads and writes itself cannot be swapped by the node's user.
    for kept in (node.folder, node.folder / "config", node.folder / "home", node.log_file):
        assert kept.stat().st_uid == 0
        assert kept.stat().st_mode & 0o022 == 0
    assert (node.folder / "config" / "elasticsearch.keystore").stat().st_mode & 0o007 == 0
