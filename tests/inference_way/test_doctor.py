"""`ingest-image doctor` on a cluster without the plugin: one that is well, and faults that only this way has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner

from ingest_image.doctor.command import doctor
from pipelines.install.bootstrap import bootstrap
from tests.helpers.ports import free_port
from tests.helpers.service import TOKEN, Service

from .cluster import Cluster
from .stock import StockProcessors

Finding = dict[str, str]
Examine = Callable[..., tuple[int, dict[str, Finding]]]


@pytest.fixture
def cluster(stock: StockProcessors, service: Service) -> Iterator[Cluster]:
    """Bootstrapped."""
    running = Cluster(stock)
    arguments = ["--url", running.url, "--service-url", service.url]
    result = CliRunner().invoke(bootstrap, arguments, env={"IMAGE_TOKEN": TOKEN})
    assert result.exit_code == 0, result.output
    yield running
    running.stop()


@pytest.fixture
def examine(cluster: Cluster) -> Examine:
    """The exit code, and by check what is not well."""

    def examine(*arguments: str) -> tuple[int, dict[str, Finding]]:
        before = cluster.state()
        result = CliRunner().invoke(doctor, ["--url", cluster.url, "--json", *arguments], env={"IMAGE_TOKEN": TOKEN})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert TOKEN not in result.output
        assert cluster.state() == before
        findings = json.loads(result.output)["findings"]
        return result.exit_code, {one["check"]: one for one in findings if one["level"] != "ok"}

    return examine


def test_all_is_well(examine: Examine, service: Service, cluster: Cluster) -> None:
    assert examine("--service-url", service.url) == (0, {})
    text = CliRunner().invoke(doctor, ["--url", cluster.url]).output
    assert "ok    plugin: the pipelines need no plugin: they go through inference endpoints" in text
    assert "ok    definitions: 7 pipelines and templates are current" in text
    assert "ok    picture: the pipeline images turned a test picture of 4 x 3 pixels into jpeg" in text


@pytest.mark.parametrize("fault", ["gone", "down", "token"])
def test_an_endpoint_that_does_not_work(examine: Examine, cluster: Cluster, fault: str) -> None:
    url, advice = f"http://127.0.0.1:{free_port()}", ""
    for name, endpoint in list(cluster.endpoints.items()):
        if fault == "gone":
            del cluster.endpoints[name]
            advice = "the inference endpoint is gone: run ingest-image bootstrap"
        elif fault == "down":
            endpoint["service_settings"]["url"] = f"{url}/v1/inference/completion"
            advice = "cannot reach the processor service: start it"
        else:
            endpoint["service_settings"]["secret_parameters"]["token"] = "wrong"
            advice = "the service refuses the token: set IMAGE_TOKEN"
    code, found = examine()
    assert (code, set(found)) == (1, {"picture"}), found
    assert found["picture"]["level"] == "error"
    assert (
        f"through the pipeline images (the service of its inference endpoint: {url if fault == 'down' else ''}"
        in found["picture"]["what"]
    )
    assert advice in found["picture"]["advice"]


@pytest.mark.parametrize(("licence", "status"), [("basic", "active"), ("trial", "expired"), ("enterprise", "expired")])
def test_a_licence_that_does_not_suffice_any_more(
    examine: Examine, cluster: Cluster, licence: str, status: str
) -> None:
    cluster.licence, cluster.licence_status = licence, status
    code, found = examine()
    assert (code, found["licence"]["level"]) == (1, "error")
    assert licence in found["licence"]["what"]
    assert "--bridge plugin" in found["licence"]["advice"]


def test_a_pipeline_that_was_edited_or_is_gone(examine: Examine, cluster: Cluster) -> None:
    cluster.pipelines["images"]["description"] = "mine"
    code, found = examine()
    assert (code, found["definitions"]["level"]) == (0, "warn")
    assert "changed by hand: ingest pipeline images" in found["definitions"]["what"]
    del cluster.pipelines["images"]
    code, found = examine()
    assert (code, found["definitions"]["level"]) == (1, "error")
