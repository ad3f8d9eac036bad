"""`ingest-image bootstrap --bridge` against a cluster that has Elastic's own parts (cluster.py) and a real service."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from pipelines.install.bootstrap import bootstrap
from pipelines.resources import Kind, bundled
from tests.helpers.ports import free_port
from tests.helpers.service import TOKEN, Service

from .cluster import Cluster, node
from .stock import StockProcessors
from .way import OTHER_TOKEN

Run = Callable[..., Result]
PIPELINES = [r.name for r in bundled() if r.kind is Kind.PIPELINE]


@pytest.fixture
def cluster(stock: StockProcessors) -> Iterator[Cluster]:
    running = Cluster(stock)
    yield running
    running.stop()


@pytest.fixture
def run(cluster: Cluster, service: Service) -> Run:
    """The command; unless the test says something else, with the right token and the address of the service."""

    def run(*arguments: str, token: str = TOKEN, url: str | None = service.url) -> Result:
        where = ["--service-url", url] if url else []
        environment = {"IMAGE_TOKEN": token}
        result = CliRunner().invoke(bootstrap, ["--url", cluster.url, *where, *arguments], env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert TOKEN not in result.output
        assert OTHER_TOKEN not in result.output
        return result

    return run


def fates(result: Result) -> list[str]:
    """What became of each resource, and of which kind it is."""
    return [" ".join(line.split()[:3]) for line in result.output.splitlines()[1:]]


def endpoint_named_by(cluster: Cluster, pipeline: str) -> str:
    (step,) = [step["inference"] for step in cluster.pipelines[pipeline]["processors"] if "inference" in step]
    return str(step["model_id"])


def test_without_the_plugin_and_with_a_licence_endpoints_and_pipelines_are_installed(
    run: Run, cluster: Cluster
) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    first, *_, last = result.output.splitlines()
    assert first == ("bridge: inference (the plugin ingest-image is missing on node-1 (9.5.3); licence: trial)")
    created = ["created: inference endpoint"] * 5 + ["created: ingest pipeline"] * 5
    created += ["created: component template", "created: index template"]
    assert fates(result)[:-1] == created
    assert last == "checked: the pipeline images turned a test picture of 4 x 3 pixels into jpeg"
    assert {endpoint_named_by(cluster, name) for name in PIPELINES} == set(cluster.endpoints)
    assert TOKEN not in json.dumps([cluster.pipelines, cluster.templates])
    assert cluster.settings == {}


def test_again_everything_is_current(run: Run, cluster: Cluster, service: Service) -> None:
    run()
    before, cluster.log = cluster.state(), []
    for url in (None, service.url, service.url + "/"):
        result = run(url=url)
        assert result.exit_code == 0, result.output
        assert {fate.split(":")[0] for fate in fates(result)[:-1]} == {"current"}
    assert (cluster.state(), cluster.log) == (before, [])


@pytest.mark.parametrize("change", ["address", "token", "recipe"])
def test_an_endpoint_that_changes_is_there_before_the_pipeline_names_it_and_the_old_one_goes_last(
    run: Run, cluster: Cluster, service: Service, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    old, cluster.log = set(cluster.endpoints), []
    token = OTHER_TOKEN if change == "token" else TOKEN
    if change == "recipe":
        changed = bundled()
        for resource in changed:
            if resource.kind is Kind.PIPELINE:
                resource.body["processors"][0]["image"]["properties"] = ["colors"]
        monkeypatch.setattr("pipelines.install.bootstrap.bundled", lambda: changed)
        result = run(url=None)
    else:
        url = service.url.replace("127.0.0.1", "localhost") if change == "address" else None
        result = run(url=url, token=token)
    assert result.exit_code == 0, result.output
    verbs = [(line.split()[0], line.split("/")[1]) for line in cluster.log]
    expected = [("PUT", "_inference")] * 5 + [("PUT", "_ingest")] * 5 + [("DELETE", "_inference")] * 5
    assert verbs == expected
    assert not old & set(cluster.endpoints)
    assert {endpoint_named_by(cluster, name) for name in PIPELINES} == set(cluster.endpoints)


@pytest.mark.parametrize(
    ("token", "url", "hint"),
    [
        ("wrong-token", None, "set IMAGE_TOKEN, here too, to the one of the service"),
        ("", None, "set IMAGE_TOKEN, here too, to the one of the service"),
        (TOKEN, "http://127.0.0.1:{port}", "Elasticsearch cannot reach the processor service at http"),
    ],
)
def test_what_the_service_does_not_answer_is_not_created(
    run: Run, cluster: Cluster, service: Service, token: str, url: str | None, hint: str
) -> None:
    for installed in (False, True):
        if installed:
            run()
        before = cluster.state()
        result = run(token=token, url=url.format(port=free_port()) if url else service.url)
        assert result.exit_code == 1
        assert hint in result.output
        assert cluster.state() == before


def test_a_licence_that_does_not_suffice(run: Run, cluster: Cluster) -> None:
    cluster.licence = "basic"
    before = cluster.state()
    for wish in ("auto", "inference"):
        result = run("--bridge", wish)
        assert result.exit_code == 1
        assert "the licence is basic" in result.output
        assert "--start-trial" in result.output
        assert ("elasticsearch-plugin install" in result.output) == (wish == "auto")
        assert cluster.state() == before


def test_the_trial_is_started_when_it_is_asked_for_and_needed(run: Run, cluster: Cluster) -> None:
    cluster.licence = "basic"
    result = run("--start-trial", "--dry-run")
    assert "licence: a trial, which would be started" in result.output
    assert cluster.log == []
    result = run("--start-trial")
    assert result.exit_code == 0, result.output
    assert "licence: a trial, started now" in result.output
    assert cluster.log[0] == "POST /_license/start_trial"
    cluster.licence, cluster.log = "enterprise", []
    assert "licence: enterprise" in run("--start-trial").output
    cluster.licence = "basic"
    result = run("--start-trial")
    assert result.exit_code == 1
    assert "Trial was already activated" in result.output


@pytest.mark.parametrize(
    ("version", "service_kind"),
    [
        ("8.14.0", "openai"),
        ("8.18.8", "openai"),
        ("9.0.8", "openai"),
        ("8.19.0", "custom"),
        ("8.19.21", "custom"),
        ("9.1.0", "custom"),
        ("9.5.3", "custom"),
    ],
)
def test_each_version_has_the_endpoint_that_it_knows(
    run: Run, cluster: Cluster, version: str, service_kind: str
) -> None:
    cluster.version = version
    result = run()
    assert result.exit_code == 0, result.output
    assert {endpoint["service"] for endpoint in cluster.endpoints.values()} == {service_kind}
    assert "current: inference endpoint" in run(url=None).output


@pytest.mark.parametrize(
    ("version", "reason"),
    [("8.19.17", "crashes"), ("9.3.6", "crashes"), ("8.13.4", "too old"), ("7.17.29", "too old")],
)
def test_versions_that_cannot_go_this_way(run: Run, cluster: Cluster, version: str, reason: str) -> None:
    cluster.version = version
    before = cluster.state()
    for wish in ("auto", "inference"):
        result = run("--bridge", wish)
        assert result.exit_code == 1
        assert f"node-1 ({version})" in result.output
        assert reason in result.output
    assert cluster.state() == before


def test_with_the_plugin_that_is_the_way_unless_the_other_is_wanted(run: Run, cluster: Cluster) -> None:
    cluster.processors.append("image")
    result = run("--dry-run")
    assert result.output.startswith("bridge: plugin (every node with ingest role has the plugin)\n")
    assert "would be created: cluster setting ingest.image.hosts" in result.output
    result = run("--bridge", "inference")
    assert result.output.startswith("bridge: inference (chosen by --bridge; licence: trial)\n")
    assert len(cluster.endpoints) == len(PIPELINES)


def test_every_node_that_runs_pipelines_counts_and_no_other(run: Run, cluster: Cluster) -> None:
    cluster.processors.append("image")
    # It runs no pipelines, so it needs no plugin.
    cluster.others = [node("data-1", "9.3.6", ["set"], roles=("data",))]
    assert run("--dry-run").output.startswith("bridge: plugin (every node with ingest role has the plugin)\n")
    cluster.others.append(node("node-2", "9.5.3", ["set", "inference"]))
    said = run("--dry-run").output
    assert said.startswith("bridge: inference (the plugin ingest-image is missing on node-2 (9.5.3); licence: trial)\n")
    result = run("--bridge", "plugin")
    assert result.exit_code == 1 and "missing on node-2 (9.5.3): install" in result.output
    # In the middle of an upgrade: what all of them know is created.
    cluster.others.append(node("node-3", "9.0.8", ["set", "inference"]))
    assert run().exit_code == 0
    assert {endpoint["service"] for endpoint in cluster.endpoints.values()} == {"openai"}
    before = cluster.state()
    for version, reason in (("9.3.6", "crashes"), ("8.13.4", "too old")):
        cluster.others[-1] = node("node-3", version, ["set", "inference"])
        result = run()
        assert result.exit_code == 1 and f"node-3 ({version})" in result.output and reason in result.output
    assert cluster.state() == before


def test_from_one_way_to_the_other(run: Run, cluster: Cluster) -> None:
    run()
    cluster.processors.append("image")
    result = run("--dry-run")
    assert result.output.count("would be removed: inference endpoint") == 5
    assert result.output.count("would be updated: ingest pipeline") == 5


def test_a_pipeline_changed_by_hand_keeps_its_endpoint(run: Run, cluster: Cluster, service: Service) -> None:
    run()
    kept = endpoint_named_by(cluster, "images")
    cluster.pipelines["images"]["processors"].append({"set": {"field": "seen", "value": True}})
    result = run(url=service.url.replace("127.0.0.1", "localhost"))
    assert result.exit_code == 0, result.output
    assert "changed by hand: left alone: ingest pipeline images (" in result.output
    assert f"still in use: left alone: inference endpoint {kept} (by the pipeline images)" in result.output
    assert kept in cluster.endpoints
    assert len(cluster.endpoints) == 6


def test_dry_run_changes_nothing(run: Run, cluster: Cluster) -> None:
    before = cluster.state()
    result = run("--dry-run")
    assert result.exit_code == 0
    assert result.output.count("would be created: ") == 12
    assert (cluster.state(), cluster.log) == (before, [])


def test_uninstall_leaves_nothing(run: Run, cluster: Cluster) -> None:
    before = cluster.state()
    run()
    result = run("--uninstall", url=None)
    assert result.exit_code == 0, result.output
    assert cluster.state() == before
    removed = [line.split("/")[1] for line in cluster.log if line.startswith("DELETE")]
    assert removed == ["_index_template", "_component_template"] + ["_ingest"] * 5 + ["_inference"] * 5


def test_several_addresses_are_for_the_plugin(run: Run, cluster: Cluster) -> None:
    result = run("--service-url", "http://other:8090")
    assert result.exit_code == 2
    assert "an inference endpoint has one address" in result.output
    assert cluster.log == []


def test_a_distribution_without_the_processor(run: Run, cluster: Cluster) -> None:
    cluster.processors = ["set"]
    result = run("--bridge", "inference")
    assert result.exit_code == 1
    assert "node-1 (9.5.3) has no inference processor" in result.output
    result = run()
    assert "the plugin ingest-image is missing on node-1 (9.5.3): install the zip" in result.output
    assert "There is no way without it: node-1 (9.5.3) has no inference processor" in result.output
    assert cluster.log == []


def test_what_the_user_may_not_look_at(run: Run, cluster: Cluster) -> None:
    cluster.forbidden = {"/_license"}
    assert "licence: unknown, the user may not read it" in run("--dry-run").output
    cluster.forbidden = {"/_nodes/ingest"}
    assert run("--dry-run").output.startswith("bridge: plugin (the user may not list the nodes)\n")
    planned = run("--dry-run", "--bridge", "inference").output
    assert planned.count("would be created: inference endpoint") == len(PIPELINES)
    cluster.forbidden = {"/_inference/completion/" + id_ for id_ in ids_to_be_created(run)}
    result = run("--bridge", "inference")
    assert result.exit_code == 1
    assert "the user does not have a privilege that is needed (docs/bootstrap.md lists them)" in result.output
    assert cluster.log == []


def ids_to_be_created(run: Run) -> list[str]:
    lines = run("--dry-run", "--bridge", "inference").output.splitlines()
    return [line.split()[-1] for line in lines if line.startswith("would be created: inference endpoint ")]
