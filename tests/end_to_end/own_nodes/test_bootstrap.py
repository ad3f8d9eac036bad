"""`ingest-image bootstrap` on real nodes in every state. The nodes are its own, for it takes everything away again."""

from __future__ import annotations

import json
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode, find_plugin_zip
from ingest_image.doctor.command import doctor
from pipelines.cluster.simulate import TINY_PNG
from pipelines.install.bootstrap import bootstrap
from pipelines.install.kinds import read, write
from pipelines.recipes import recipes_of
from pipelines.resources import Kind, Resource, bundled
from tests.helpers.fake_kibana import Server
from tests.helpers.nodes import HEAP
from tests.helpers.pictures import b64, picture
from tests.helpers.ports import free_port
from tests.helpers.resources import at_version
from tests.helpers.service import TOKEN, Service

RESOURCES = bundled()
TEMPLATE = next(r for r in RESOURCES if r.kind is Kind.TEMPLATE)
PIPELINE, RECOGNIZED = (
    next(r for r in RESOURCES if r.kind is Kind.PIPELINE and r.name == name) for name in ("images", "images-recognized")
)
Run = Callable[..., Result]


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
            node = EmbeddedNode(es_version=self._version, data=self._data, heap=HEAP, quick_start=True, **options)
            self._node, self._plugin = node.start(), plugin
        return self._node.url

    def has_lost_the_plugin(self) -> bool:
        return self._node is not None and not self._plugin

    def stop(self) -> None:
        if self._node:
            self._node.stop()
            self._node = None


@pytest.fixture(scope="module")
def node_of_its_own(es_version: str) -> Iterator[Node]:
    """A node for the tests of this module alone."""
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
        with Elasticsearch(node_of_its_own.url(plugin=True)) as client:
            client.cluster.put_settings(persistent={"ingest.image.hosts": ["http://127.0.0.1:1"]})
    return node_of_its_own.url(plugin=False)


@pytest.fixture
def es(bootstrap_url: str) -> Iterator[Elasticsearch]:
    """A client on a node where nothing of ours is installed."""
    with Elasticsearch(bootstrap_url) as client:
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


def installed(client: Elasticsearch) -> dict[str, Any]:
    """Everything that bootstrap could have changed."""
    return {
        "pipelines": client.options(ignore_status=404).ingest.get_pipeline().body,
        "templates": client.indices.get_index_template().body["index_templates"],
        "components": client.cluster.get_component_template().body["component_templates"],
        "settings": client.cluster.get_settings(flat_settings=True).body["persistent"],
    }


def lines(result: Result) -> list[str]:
    """What became of each resource, after the line about the bridge."""
    bridge, *rest = [line.split(" (")[0] for line in result.output.splitlines()]
    return rest if bridge == "bridge: plugin" else [bridge, *rest]


def stored(es: Elasticsearch, resource: Resource) -> dict[str, Any]:
    """What is installed under its name."""
    body = read(es, resource)
    assert body
    return body


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


def test_index_patterns_are_chosen_changed_and_kept(run: Run, es: Elasticsearch, service_url: str) -> None:
    run("--service-url", service_url, "--index-pattern", "photos*")
    assert stored(es, TEMPLATE)["index_patterns"] == ["photos*"]
    assert "current: index template" in run().output
    result = run("--index-pattern", "photos*", "--index-pattern", "scans")
    assert "updated: index template" in result.output
    assert stored(es, TEMPLATE)["index_patterns"] == ["photos*", "scans"]


def test_the_codec_is_chosen_and_kept(run: Run, es: Elasticsearch, service_url: str, es_version: str) -> None:
    run("--service-url", service_url)
    result = run("--codec", "best_compression")
    if es_version.startswith("9."):
        # The embedded node of this line has no native zstd, and would refuse every document.
        assert result.exit_code == 1 and "has no native zstd" in result.output
        assert "codec" not in stored(es, TEMPLATE)["template"]["settings"]["index"]
        return
    assert result.exit_code == 0 and "updated: index template" in result.output, result.output
    assert "current: index template" in run().output
    es.index(index="images-codec", document={"title": "a"}, refresh=True)
    assert es.indices.get_settings(index="images-codec").body["images-codec"]["settings"]["index"]["codec"] == (
        "best_compression"
    )
    assert "updated: index template" in run("--codec", "default").output
    assert "codec" not in stored(es, TEMPLATE)["template"]["settings"]["index"]


def test_the_place_of_vectors_is_chosen_and_kept(
    run: Run, es: Elasticsearch, service_url: str, es_version: str
) -> None:
    run("--service-url", service_url)
    result = run("--vectors", "in-source")
    if es_version.startswith("8."):
        assert result.exit_code == 1 and "in _source in any case" in result.output
        assert "mapping" not in stored(es, TEMPLATE)["template"]["settings"]["index"]
        assert vectors_in_hits(es, "images-as-always")
        return
    assert result.exit_code == 0 and "updated: index template" in result.output, result.output
    assert "current: index template" in run().output
    assert vectors_in_hits(es, "images-in-source")
    assert "updated: index template" in run("--vectors", "apart").output
    assert "mapping" not in stored(es, TEMPLATE)["template"]["settings"]["index"]
    assert not vectors_in_hits(es, "images-apart")


def vectors_in_hits(es: Elasticsearch, index: str) -> bool:
    """Whether a hit of a new index shows its vectors; a picture that is updated keeps them, wherever they are."""
    es.index(index=index, id="1", document={"image": {"data": b64(picture("pillow/hopper.jpg"))}}, refresh=True)
    es.update(index=index, id="1", doc={"title": "a title"}, refresh=True)
    (hit,) = es.search(index=index, fields=[{"field": "image.embedding"}], source_excludes=["image.data"])["hits"][
        "hits"
    ]
    assert hit["_source"]["title"] == "a title" and hit["fields"]["image.embedding"]
    wanted: dict[str, Any] = {"field": "image.embedding", "query_vector": hit["fields"]["image.embedding"], "k": 1}
    assert [one["_id"] for one in es.search(index=index, knn=wanted, source=False)["hits"]["hits"]] == ["1"]
    return "embedding" in hit["_source"]["image"]


def test_a_template_of_the_same_priority_in_the_way(run: Run, es: Elasticsearch, service_url: str) -> None:
    es.indices.put_index_template(name="theirs", index_patterns=["images-*"], priority=501)
    result = run("--service-url", service_url)
    assert result.exit_code == 1
    assert "priority" in result.output
    assert "theirs" in result.output


def test_a_template_that_wins_is_noted(run: Run, es: Elasticsearch, service_url: str) -> None:
    es.indices.put_index_template(name="theirs", index_patterns=["images"], priority=600)
    result = run("--service-url", service_url)
    assert result.exit_code == 0
    assert "note: a new index images would not get the pipeline" in result.output


def test_indices_older_than_the_template_are_noted(run: Run, es: Elasticsearch, service_url: str) -> None:
    es.indices.create(index="images-old")
    result = run("--service-url", service_url)
    assert result.exit_code == 0
    assert "note: already there before the template, so without pipeline and mapping: images-old" in result.output
    es.indices.put_settings(index="images-old", settings={"index.default_pipeline": "images"})
    assert "note" not in run().output


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
    assert "note: the pipeline images leaves what is recognized (faces,labels,plates,text) to" in result.output
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


def test_a_node_without_the_plugin(bare_url: str) -> None:
    with Elasticsearch(bare_url) as client:
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
    with Elasticsearch(bare_url) as client:
        assert "archived.ingest.image.hosts" in installed(client)["settings"]
        result = CliRunner().invoke(bootstrap, ["--url", bare_url, "--uninstall"])
        assert result.exit_code == 0, result.output
        assert "removed: cluster setting ingest.image.hosts (was http://127.0.0.1:1)" in result.output
        assert installed(client)["settings"] == {}
