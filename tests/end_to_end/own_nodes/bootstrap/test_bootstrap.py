"""`ingest-image bootstrap` on real nodes in every state."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from elasticsearch import Elasticsearch

from pipelines.cluster.simulate import TINY_PNG
from pipelines.install.kinds import read, write
from pipelines.recipes import recipes_of
from pipelines.resources import Kind, Resource
from tests.helpers.ports import free_port
from tests.helpers.resources import at_version
from tests.helpers.service import Service

from .installed import PIPELINE, RECOGNIZED, RESOURCES, TEMPLATE, Run, installed, lines, stored


def test_an_empty_node(run: Run, es: Elasticsearch, service_url: str) -> None:
    result = run("--service-url", service_url)
    assert result.exit_code == 0, result.output
    assert lines(result) == [
        "created: cluster setting ingest.image.hosts",
        "created: ingest pipeline images-grayscale",
        "left out: ingest pipeline images-private",
        "left out: ingest pipeline images-recognized",
        "created: ingest pipeline images-thumbnail",
        "created: ingest pipeline images",
        "created: component template ingest-image",
        "created: index template images",
        "checked: the pipeline images turned a test picture of 4 x 3 pixels into jpeg",
    ]
    es.index(index="images", id="1", document={"title": "no picture"})
    assert es.indices.get_settings(index="images", flat_settings=True)["images"]["settings"]["index.default_pipeline"]


def test_again_everything_is_current(run: Run, es: Elasticsearch, service_url: str) -> None:
    run("--service-url", service_url)
    before = installed(es)
    result = run("--service-url", service_url)
    assert result.exit_code == 0, result.output
    # The service of these tests has no recognition.
    assert Counter(line.split(":")[0] for line in lines(result)) == {"current": 6, "left out": 2, "checked": 1}
    assert installed(es) == before


def test_without_service_url_the_setting_stays(run: Run, es: Elasticsearch, service_url: str) -> None:
    run("--service-url", service_url)
    result = run()
    assert result.exit_code == 0, result.output
    assert "cluster setting" not in result.output
    assert installed(es)["settings"]["ingest.image.hosts"] == [service_url]


def test_an_older_version_is_updated(run: Run, es: Elasticsearch, service_url: str) -> None:
    for resource in RESOURCES:
        write(es, resource, at_version(resource, 0))
    result = run("--service-url", service_url)
    assert result.exit_code == 0, result.output
    assert "updated: ingest pipeline images (version 0 to 1)" in result.output
    assert f"updated: index template images (version 0 to {TEMPLATE.body['version']})" in result.output
    assert stored(es, PIPELINE)["version"] == 1


@pytest.mark.parametrize("resource", [PIPELINE, TEMPLATE], ids=["pipeline", "template"])
def test_a_newer_version_is_left_alone_and_nothing_else_is_changed(
    run: Run, es: Elasticsearch, service_url: str, resource: Resource
) -> None:
    write(es, resource, at_version(resource, 99))
    before = installed(es)
    result = run("--service-url", service_url)
    assert result.exit_code == 1
    assert f"newer: left alone: {resource.kind.value} images (installed is version 99" in result.output
    assert "nothing was changed" in result.output
    assert installed(es) == before
    assert run("--service-url", service_url, "--force").exit_code == 0
    assert stored(es, resource)["version"] == resource.body["version"]


def test_what_was_changed_by_hand_is_left_alone(run: Run, es: Elasticsearch, service_url: str) -> None:
    run("--service-url", service_url)
    edited = stored(es, PIPELINE)
    edited["processors"][0]["image"]["operations"][1]["resize"]["width"] = 1000
    write(es, PIPELINE, {k: v for k, v in edited.items() if not k.endswith("_millis")})
    result = run()
    assert result.exit_code == 0, result.output
    assert "changed by hand: left alone: ingest pipeline images (--force" in result.output
    assert stored(es, PIPELINE)["processors"] == edited["processors"]
    assert "updated: ingest pipeline images" in run("--force").output
    assert stored(es, PIPELINE)["processors"] == PIPELINE.body["processors"]


@pytest.mark.parametrize("there", [PIPELINE, TEMPLATE], ids=["pipeline", "template"])
def test_half_an_installation_is_completed(run: Run, es: Elasticsearch, service_url: str, there: Resource) -> None:
    write(es, there, there.body)
    result = run("--service-url", service_url)
    assert result.exit_code == 0, result.output
    assert [line for line in lines(result) if line.startswith("current")] == [f"current: {there.kind.value} images"]
    # The setting is created, too; two pipelines need recognition.
    assert sum(line.startswith("created") for line in lines(result)) == len(RESOURCES) - 2
    assert {line.split(":")[0] for line in lines(run())} == {"current", "left out", "checked"}


def test_what_was_pasted_is_taken_over(run: Run, es: Elasticsearch, service_url: str) -> None:
    paths = {
        Kind.PIPELINE: "_ingest/pipeline",
        Kind.COMPONENT: "_component_template",
        Kind.TEMPLATE: "_index_template",
    }
    for resource in RESOURCES:
        es.perform_request(
            "PUT",
            f"/{paths[resource.kind]}/{resource.name}",
            headers={"content-type": "application/json", "accept": "application/json"},
            body=resource.body,
        )
    assert "current: index template images" in run("--service-url", service_url).output


@pytest.mark.parametrize("force", [(), ("--force",)], ids=["", "force"])
def test_somebody_elses_template_is_left_alone_and_nothing_else_is_changed(
    run: Run, es: Elasticsearch, service_url: str, force: tuple[str, ...]
) -> None:
    es.indices.put_index_template(name="images", index_patterns=["images-of-theirs"], version=7)
    before = installed(es)
    result = run("--service-url", service_url, *force)
    assert result.exit_code == 1
    assert "somebody else's: left alone: index template images" in result.output
    assert installed(es) == before


def test_dry_run_says_what_it_would_do_and_changes_nothing(run: Run, es: Elasticsearch, service_url: str) -> None:
    write(es, PIPELINE, at_version(PIPELINE, 0))
    before = installed(es)
    result = run("--service-url", service_url, "--dry-run")
    assert result.exit_code == 0
    assert lines(result) == [
        "would be created: cluster setting ingest.image.hosts",
        "would be created: ingest pipeline images-grayscale",
        "would be created: ingest pipeline images-private",
        "would be created: ingest pipeline images-recognized",
        "would be created: ingest pipeline images-thumbnail",
        "would be updated: ingest pipeline images",
        "would be created: component template ingest-image",
        "would be created: index template images",
    ]
    assert installed(es) == before


def test_recognition_comes_later_where_the_service_can(run: Run, es: Elasticsearch, recognizing: Service) -> None:
    # A service that is still starting decides nothing.
    es.cluster.put_settings(persistent={"ingest.image.timeout": "1s"})
    assert run("--service-url", f"http://127.0.0.1:{free_port()}").exit_code == 1
    assert recipes_of(stored(es, PIPELINE)) == recipes_of(PIPELINE.body)
    es.cluster.put_settings(persistent={"ingest.image.timeout": None})
    result = run("--service-url", recognizing.url)
    assert result.exit_code == 0, result.output
    assert "note: the pipeline images leaves what is recognized (faces, labels, plates, text) to" in result.output
    made = stored(es, PIPELINE)
    assert recipes_of(made) == recipes_of(stored(es, RECOGNIZED))
    es.index(index="images", id="1", document={"image": {"data": TINY_PNG}})
    image = es.get(index="images", id="1")["_source"]["image"]
    assert image["pending"] == ["faces", "labels", "plates", "text"] and image["sha256"]
    # It stays as it is, whatever services can do, until somebody says otherwise.
    assert "current: ingest pipeline images\n" in run().output and stored(es, PIPELINE) == made
    said = run("--no-recognize").output
    assert "updated: ingest pipeline images\n" in said and "note" not in said
    assert recipes_of(stored(es, PIPELINE)) == recipes_of(PIPELINE.body)
    said = run().output
    assert "current: ingest pipeline images\n" in said and "note: the pipeline images recognizes nothing, as" in said
    said = run("--recognize").output
    assert "older documents get it by ingest-image enrich --add faces,labels,plates,text INDEX" in said
    assert recipes_of(stored(es, PIPELINE)) == recipes_of(stored(es, RECOGNIZED))


def test_programs_read_what_became_of_each(run: Run, es: Elasticsearch, service_url: str) -> None:
    would = json.loads(run("--service-url", service_url, "--dry-run", "--json").stdout)
    assert not any(step["done"] for step in would["steps"]) and would["checked"] is None
    told = json.loads(run("--service-url", service_url, "--json").stdout)
    assert (told["bridge"], told["error"], told["notes"]) == ("plugin", None, [])
    assert told["checked"].startswith("the pipeline images turned a test picture")
    assert [step["fate"] for step in would["steps"]] == ["created"] * 8
    fates = {step["name"]: (step["fate"], step["done"]) for step in told["steps"]}
    assert fates["images-recognized"] == ("lacking", False) and fates["ingest-image"] == ("created", True)
    write(es, PIPELINE, at_version(PIPELINE, 99))
    refused = run("--json")
    assert refused.exit_code == 1 and "nothing was changed" in refused.stderr
    told = json.loads(refused.stdout)
    assert "nothing was changed" in told["error"] and "newer" in {step["fate"] for step in told["steps"]}
    gone = json.loads(run("--uninstall", "--json").stdout)
    assert Counter(step["fate"] for step in gone["steps"] if step["done"]) == {"removed": 6}


def test_a_service_that_is_down(run: Run, es: Elasticsearch) -> None:
    es.cluster.put_settings(persistent={"ingest.image.timeout": "2s"})
    result = run("--service-url", f"http://127.0.0.1:{free_port()}")
    assert result.exit_code == 1
    assert "cannot reach the processor service: start it (ingest-image serve)" in result.output
    # What was installed stays: the next run only has to check.
    assert read(es, TEMPLATE)


def test_a_service_with_another_token(run: Run, refusing_url: str) -> None:
    result = run("--service-url", refusing_url)
    assert result.exit_code == 1
    assert "IMAGE_TOKEN of the service and ingest.image.token" in result.output


def test_a_service_url_that_is_none(run: Run, es: Elasticsearch) -> None:
    before = installed(es)
    result = run("--service-url", "localhost:8090")
    assert result.exit_code == 1
    assert "must start with http:// or https://" in result.output
    assert installed(es) == before
