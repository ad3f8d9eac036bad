"""`ingest-image bootstrap` and `doctor` on nodes without the plugin. They come last: the node starts again for them."""

from __future__ import annotations

from click.testing import CliRunner
from elasticsearch import Elasticsearch

from ingest_image.doctor.command import doctor
from pipelines.install.bootstrap import bootstrap

from .installed import installed


def test_a_node_without_the_plugin(bare_url: str) -> None:
    with Elasticsearch(bare_url, request_timeout=120) as client:
        before = installed(client)
        result = CliRunner().invoke(bootstrap, ["--url", bare_url, "--service-url", "http://127.0.0.1:1"])
        assert result.exit_code == 1
        assert "the plugin ingest-image is missing on" in result.output
        assert "elasticsearch-plugin install" in result.output
        assert installed(client) == before


def test_the_doctor_on_a_node_without_the_plugin(bare_url: str) -> None:
    result = CliRunner().invoke(doctor, ["--url", bare_url])
    assert result.exit_code == 1
    assert "error plugin: the plugin ingest-image is missing on embedded" in result.output
    assert "elasticsearch-plugin install" in result.output
    assert "error definitions: missing: ingest pipeline images" in result.output


def test_uninstall_on_a_node_that_lost_the_plugin(bare_url: str) -> None:
    with Elasticsearch(bare_url, request_timeout=120) as client:
        assert "archived.ingest.image.hosts" in installed(client)["settings"]
        result = CliRunner().invoke(bootstrap, ["--url", bare_url, "--uninstall"])
        assert result.exit_code == 0, result.output
        assert "removed: cluster setting ingest.image.hosts (was http://127.0.0.1:1)" in result.output
        assert installed(client)["settings"] == {}
