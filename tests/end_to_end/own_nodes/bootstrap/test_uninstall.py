"""`ingest-image bootstrap --uninstall` on real nodes: what goes, and what stays."""

from __future__ import annotations

import threading
from collections import Counter

from elasticsearch import Elasticsearch

from pipelines.install.kinds import read
from tests.helpers.fake_kibana import Server

from .installed import TEMPLATE, Run, installed, lines


def test_uninstall_leaves_nothing(run: Run, es: Elasticsearch, service_url: str) -> None:
    before = installed(es)
    run("--service-url", service_url)
    complete = installed(es)
    result = run("--uninstall", "--dry-run")
    assert Counter(line.split(":")[0] for line in lines(result)) == {"would be removed": 6, "absent": 2}
    assert installed(es) == complete
    result = run("--uninstall")
    assert result.exit_code == 0, result.output
    assert Counter(line.split(":")[0] for line in lines(result)) == {"removed": 6, "absent": 2}
    assert installed(es) == before
    result = run("--uninstall")
    assert result.exit_code == 0
    assert [line.split(":")[0] for line in lines(result)] == ["absent"] * 8


def test_uninstall_leaves_what_is_somebody_elses(run: Run, es: Elasticsearch) -> None:
    es.indices.put_index_template(name="images", index_patterns=["images-of-theirs"])
    result = run("--uninstall")
    assert result.exit_code == 0
    assert "somebody else's: left alone: index template images" in result.output
    assert read(es, TEMPLATE)


def test_a_component_template_that_a_template_is_composed_of_stays(
    run: Run, es: Elasticsearch, service_url: str
) -> None:
    run("--service-url", service_url)
    es.indices.put_index_template(name="people", index_patterns=["people"], composed_of=["ingest-image"])
    result = run("--uninstall")
    assert result.exit_code == 0, result.output
    assert "still in use: left alone: component template ingest-image (by the index template people)" in result.output
    assert Counter(line.split(":")[0] for line in lines(result)) == {"removed": 5, "absent": 2, "still in use": 1}
    es.indices.delete_index_template(name="people")
    assert "removed: component template ingest-image" in run("--uninstall").output


def test_uninstall_while_an_index_needs_a_pipeline(run: Run, es: Elasticsearch, service_url: str) -> None:
    run("--service-url", service_url)
    es.index(index="images", document={"title": "no picture"})
    before = installed(es)
    result = run("--uninstall")
    assert result.exit_code == 1
    assert 'PUT images/_settings {"index.default_pipeline": null}' in result.output
    assert installed(es) == before
    es.indices.put_settings(index="images", settings={"index.default_pipeline": None})
    assert run("--uninstall").exit_code == 0
    assert es.count(index="images")["count"] is not None


def test_kibana_is_filled_after_elasticsearch_and_emptied_too(run: Run, es: Elasticsearch, service_url: str) -> None:
    with Server() as kibana:
        threading.Thread(target=kibana.serve_forever, daemon=True).start()
        kibana_url = ("--kibana-url", kibana.url)
        assert "would be written: Kibana dashboard" in run(*kibana_url, "--dry-run").output
        assert kibana.objects == {}
        result = run("--service-url", service_url, "--index-pattern", "photos-*", *kibana_url)
        assert result.exit_code == 0, result.output
        assert lines(result)[-1] == "created: Kibana dashboard ingest-image-dashboard"
        assert kibana.objects["index-pattern", "ingest-image-pictures"]["attributes"]["title"] == "photos-*"
        assert "updated: Kibana dashboard" in run(*kibana_url).output
        # An index in the way of uninstalling keeps Kibana's objects too.
        es.indices.create(index="photos-1")
        assert run("--uninstall", *kibana_url).exit_code == 1
        assert kibana.objects
        es.indices.delete(index="photos-1")
        result = run("--uninstall", *kibana_url)
        assert result.exit_code == 0, result.output
        assert kibana.objects == {}
        kibana.shutdown()
    result = run("--service-url", service_url, "--kibana-url", "http://127.0.0.1:1", "--dry-run")
    assert result.exit_code == 0, result.output
