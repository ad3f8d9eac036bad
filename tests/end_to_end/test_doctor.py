"""`ingest-image doctor` on real nodes: all is well on a good one, and each planted fault is found, with what to do."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from ingest_image.doctor import check_indices
from ingest_image.doctor.checks import CHECKS
from ingest_image.doctor.command import doctor
from pipelines.install.kinds import write
from pipelines.resources import Kind, bundled
from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import b64, picture
from tests.helpers.ports import free_port
from tests.helpers.resources import at_version
from tests.helpers.service import TOKEN, Service

PHOTO = b64(picture("pillow/hopper.jpg"))
RESOURCES = {(resource.kind, resource.name): resource for resource in bundled()}
PIPELINE, TEMPLATE = RESOURCES[Kind.PIPELINE, "images"], RESOURCES[Kind.TEMPLATE, "images"]
Examine = Callable[..., "Report"]


class Report:
    def __init__(self, code: int, output: str) -> None:
        self.code, self.output = code, output
        self.findings: list[dict[str, str]] = json.loads(output)["findings"]

    def of(self, check: str) -> list[dict[str, str]]:
        return [finding for finding in self.findings if finding["check"] == check]

    def bad(self) -> dict[str, str]:
        """Level by check of what is not well."""
        return {finding["check"]: finding["level"] for finding in self.findings if finding["level"] != "ok"}

    def only(self, check: str, level: str, *words: str) -> None:
        """The one thing that is wrong, with these words in what is said and advised."""
        assert self.bad() == {check: level}, self.output
        assert self.code == (1 if level == "error" else 0)
        said = [finding for finding in self.of(check) if finding["level"] == level]
        assert all(finding["advice"] for finding in said)
        text = " ".join(f"{finding['what']} {finding['advice']}" for finding in said)
        assert all(word in text for word in words), text


def run(*arguments: str) -> Report:
    result = CliRunner().invoke(doctor, [*arguments, "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert TOKEN not in result.output
    return Report(result.exit_code, result.output)


@pytest.fixture
def examine(es: Elasticsearch, es_url: str, index: str) -> Examine:
    """The doctor looks at an index of the test's own, which has a picture."""
    es.index(index=index, id="1", document={"image": {"data": PHOTO}}, refresh=True)
    return lambda *arguments: run("--url", es_url, "--index", index, *arguments)


@contextmanager
def setting(es: Elasticsearch, name: str, value: Any) -> Iterator[None]:
    es.cluster.put_settings(persistent={name: value})
    try:
        yield
    finally:
        es.cluster.put_settings(persistent={name: None})


@contextmanager
def installed(es: Elasticsearch, resource: Any, body: dict[str, Any]) -> Iterator[None]:
    write(es, resource, body)
    try:
        yield
    finally:
        write(es, resource, resource.body)


def test_all_is_well(
    es: Elasticsearch, es_url: str, index: str, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    es.index(index=index, document={"image": {"data": PHOTO}}, refresh=True)
    monkeypatch.setenv("IMAGE_TOKEN", TOKEN)
    report = run("--url", es_url, "--service-url", service.url)
    assert (report.code, report.bad()) == (0, {}), report.output
    silent = {check.__name__ for check in CHECKS} - {finding["check"] for finding in report.findings}
    # They speak up only when something is wrong.
    assert silent == {"identity", "sizes", "timeouts", "rejections", "blocks", "codec", "models"}
    text = CliRunner().invoke(doctor, ["--url", es_url]).output
    assert "ok    plugin: plugin 0." in text and text.splitlines()[-1].startswith("0 errors, 0 warnings, ")


def test_nobody_there() -> None:
    report = run("--url", f"http://127.0.0.1:{free_port()}")
    assert (report.code, report.bad()) == (2, {"connection": "error"})
    assert "is it running" in report.output


def test_the_service_is_down(examine: Examine, es: Elasticsearch, service: Service) -> None:
    set_hosts(es, f"http://127.0.0.1:{free_port()}")
    try:
        with setting(es, "ingest.image.timeout", "3s"):
            examine().only("picture", "error", "cannot reach the processor service", "ingest-image serve")
    finally:
        set_hosts(es, service.url)


def test_another_token(examine: Examine, es: Elasticsearch, service: Service, refusing_url: str) -> None:
    set_hosts(es, refusing_url)
    try:
        examine().only("picture", "error", "IMAGE_TOKEN", "ingest.image.token", "reload_secure_settings")
    finally:
        set_hosts(es, service.url)


def test_a_pipeline_is_missing(examine: Examine, es: Elasticsearch) -> None:
    thumbnail = RESOURCES[Kind.PIPELINE, "images-thumbnail"]
    es.ingest.delete_pipeline(id=thumbnail.name)
    try:
        examine().only("definitions", "error", "missing: ingest pipeline images-thumbnail", "bootstrap")
    finally:
        write(es, thumbnail, thumbnail.body)


@pytest.mark.parametrize(
    "change, words",
    [
        pytest.param(lambda body: body | {"description": "mine"}, ("changed by hand", "--force"), id="edited"),
        pytest.param(lambda body: at_version(PIPELINE, 99), ("newer", "upgrade this program"), id="newer"),
        pytest.param(lambda body: at_version(PIPELINE, 0), ("older", "bootstrap"), id="older"),
    ],
)
def test_another_version_of_a_pipeline(
    examine: Examine, es: Elasticsearch, change: Callable[[dict[str, Any]], dict[str, Any]], words: tuple[str, ...]
) -> None:
    with installed(es, PIPELINE, change(copy.deepcopy(PIPELINE.body))):
        examine().only("definitions", "warn", *words)


def test_another_template_wins(es: Elasticsearch, es_url: str) -> None:
    es.indices.put_index_template(name="theirs", index_patterns=["images*"], priority=900)
    try:
        run("--url", es_url).only("template", "error", "another index template has a higher priority")
    finally:
        es.indices.delete_index_template(name="theirs")


def test_pictures_larger_than_a_request(examine: Examine, es: Elasticsearch) -> None:
    with setting(es, "ingest.image.max_image_bytes", "90mb"):
        examine().only("sizes", "warn", "120 MB as base64", "http.max_content_length", "max_response_bytes")


def test_limits_that_do_not_fit_the_service(
    examine: Examine, es: Elasticsearch, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGE_TOKEN", TOKEN)
    with setting(es, "ingest.image.timeout", "10s"):
        examine("--service-url", service.url).only("timeouts", "error", "10s", "IMAGE_PICTURE_TIMEOUT")
    with setting(es, "ingest.image.timeout", "30s"):
        examine("--service-url", service.url).only("timeouts", "warn", "30s", "50s", "ingest.image.timeout 60s")
    with setting(es, "ingest.image.max_in_flight", 500):
        examine("--service-url", service.url).only("in_flight", "warn", "500 pictures", "IMAGE_QUEUE_SIZE")
    with setting(es, "ingest.image.max_image_bytes", "46mb"):
        examine("--service-url", service.url).only("sizes", "warn", "45 MB", "IMAGE_MAX_IMAGE_BYTES")
    monkeypatch.setenv("IMAGE_TOKEN", "wrong")
    examine("--service-url", service.url).only("service", "error", "refuses the token", "IMAGE_TOKEN")
    examine("--service-url", f"http://127.0.0.1:{free_port()}").only("service", "error", "does not answer")


def test_an_index_without_pipeline_or_with_one_that_is_gone(examine: Examine, es: Elasticsearch, index: str) -> None:
    es.indices.put_settings(index=index, settings={"index.default_pipeline": None})
    examine().only("indices", "error", "stored unprocessed", f"PUT {index}/_settings", "reprocess")
    es.indices.put_settings(index=index, settings={"index.default_pipeline": "gone"})
    examine().only("indices", "error", "the pipeline gone, which does not exist")


def test_an_index_that_refuses_writes(examine: Examine, es: Elasticsearch, index: str) -> None:
    es.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": True})
    try:
        examine().only("blocks", "error", "refuses writes", "free disk space")
    finally:
        es.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": None})


def test_a_mapping_that_was_guessed(es: Elasticsearch, es_url: str) -> None:
    es.indices.create(index="guessed", settings={"index.default_pipeline": "images"})
    try:
        report = run("--url", es_url, "--index", "guessed")
        report.only("mapping", "warn", "fields not mapped: image, image.data", "PUT guessed/_mapping")
        es.index(index="guessed", document={"image": {"data": PHOTO}}, pipeline="images", refresh=True)
        report = run("--url", es_url, "--index", "guessed")
        assert report.bad()["mapping"] in ("warn", "error")
        assert any("image.data is mapped as text, not as binary" in finding["what"] for finding in report.of("mapping"))
        assert report.code == 1
    finally:
        es.indices.delete(index="guessed")


def test_documents_that_failed_or_passed_by(examine: Examine, es: Elasticsearch, index: str) -> None:
    es.index(index=index, document={"image": {"data": b64(b"no picture")}}, refresh=True)
    examine().only("errors", "warn", "1 document stored with an error: 1 not_an_image", f"reprocess {index} --errors")
    es.indices.delete(index=index)
    es.index(index=index, document={"image": {"data": PHOTO}}, pipeline="_none", refresh=True)
    examine().only("unprocessed", "warn", "1 of the 1 that were read", "--unprocessed")


def test_pictures_of_an_older_recipe(examine: Examine, es: Elasticsearch, index: str) -> None:
    es.index(index=index, document={"image": {"data": PHOTO}}, pipeline="images-grayscale", refresh=True)
    examine().only("stale", "warn", f"1 document of {index} made", f"reprocess {index} --stale")


def test_a_large_index_with_the_default_codec_is_a_hint_and_no_fault(
    examine: Examine, es: Elasticsearch, es_version: str, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_indices, "_MANY", 1)
    monkeypatch.setattr(check_indices, "_LARGE", 1000)
    (hint,) = examine().of("codec")
    assert hint["level"] == "ok" and index in hint["what"] and "--codec best_compression" in hint["advice"]
    if es_version.startswith("8."):
        # The embedded node of line 9 has no zstd.
        es.indices.delete(index=index)
        es.indices.create(index=index, settings={"codec": "best_compression"})
        es.index(index=index, document={"image": {"data": PHOTO}}, refresh=True)
        assert examine().of("codec") == []
