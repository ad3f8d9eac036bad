"""Checks of `ingest-image doctor` that need clusters we do not have: several nodes, other versions, licences."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from elasticsearch import AuthorizationException, Elasticsearch

from ingest_image.doctor import check_cluster, check_limits, check_service, checks
from ingest_image.doctor.checks import CHECKS
from ingest_image.doctor.finding import Finding, Level
from ingest_image.doctor.installation import Installation
from ingest_image.service import ServiceLimits
from pipelines.cluster.units import bytes_of, seconds_of, shown_bytes

HERE = importlib.metadata.version("ingest-image")
DEFAULTS = {
    "ingest.image.max_image_bytes": "20mb",
    "ingest.image.max_response_bytes": "64mb",
    "ingest.image.timeout": "60s",
    "ingest.image.connect_timeout": "2s",
    "ingest.image.max_in_flight": "16",
    "ingest.image.hosts": ["http://a:8090", "http://b:8090"],
    "http.max_content_length": "100mb",
}


def node(name: str, plugin: str | None = HERE, **settings: str) -> dict[str, Any]:
    plugins = [{"name": "ingest-image", "version": plugin}] if plugin else []
    return {"name": name, "version": "9.5.3", "roles": ["ingest"], "plugins": plugins, "settings": settings}


def installation(*nodes: dict[str, Any], service: ServiceLimits | None = None, **settings: Any) -> Installation:
    made = Installation(Mock(spec=Elasticsearch), service=service)
    layers = {"transient": {}, "persistent": settings, "defaults": DEFAULTS}
    vars(made).update(nodes=list(nodes), _cluster_settings=layers, installed={})
    return made


def one(findings: Any) -> Finding:
    (found,) = findings
    assert isinstance(found, Finding)
    return found


@pytest.mark.parametrize(
    "number, level",
    [
        ("8.19.21", "ok"),
        ("9.5.3", "ok"),
        ("9.1.0", "ok"),
        ("9.0.4", "warn"),
        ("8.15.0", "warn"),
        ("7.17.1", "error"),
        ("10.0.0", "warn"),
    ],
)
def test_versions(number: str, level: str) -> None:
    made = installation()
    made.client.info.return_value.body = {"version": {"number": number}}  # type: ignore[attr-defined]
    assert one(check_cluster.version(made)).level.value == level


def test_the_plugin_on_every_node() -> None:
    assert one(check_cluster.plugin(installation(node("a"), node("b")))).level is Level.OK
    lacking = one(check_cluster.plugin(installation(node("a"), node("b", None))))
    assert (
        lacking.level is Level.ERROR
        and "missing on b (9.5.3)" in lacking.what
        and "elasticsearch-plugin install" in lacking.advice
    )
    different = one(check_cluster.plugin(installation(node("a"), node("b", "9.9"))))
    assert different.level is Level.ERROR and "9.9 on b" in different.what
    other = one(check_cluster.plugin(installation(node("a", "9.9"))))
    assert other.level is Level.WARN and "9.9" in other.what


def test_nodes_with_settings_of_their_own() -> None:
    file = {"ingest.image.max_image_bytes": "5mb"}
    made = installation(node("a"), node("b", HERE, **file))
    assert "5mb" in one(check_limits.sizes(made)).what
    # A cluster setting holds on every node.
    assert (
        list(
            check_limits.sizes(
                installation(
                    node("a"), node("b", HERE, **file), service=None, **{"ingest.image.max_image_bytes": "5mb"}
                )
            )
        )
        == []
    )


def test_all_nodes_and_all_services_count() -> None:
    service = ServiceLimits("http://a", {"workers": 4, "queue_size": 10, "picture_timeout": 20.0})
    nodes = [node(name) for name in "abc"]
    found = one(check_limits.in_flight(installation(*nodes, service=service)))
    assert found.level is Level.WARN and "up to 48 pictures" in found.what and "take 28" in found.what
    assert one(check_limits.in_flight(installation(nodes[0], service=service))).level is Level.OK


@pytest.mark.parametrize(
    ("timeout", "level", "words"),
    [
        ("20s", Level.ERROR, "a slow picture is answered 503 and sent again forever"),
        ("50s", Level.WARN, "the service may work on a picture for 50s"),
        ("30s", Level.WARN, "a gives up after 30s"),
        ("51s", None, ""),
        ("60s", None, ""),
        ("2m", None, ""),
    ],
)
def test_a_node_waits_longer_than_the_service_works_on_a_picture(timeout: str, level: Level | None, words: str) -> None:
    limits = {"picture_timeout": 20.0, "most_seconds_per_picture": 50.0}
    made = installation(node("a"), service=ServiceLimits("http://a", limits), **{"ingest.image.timeout": timeout})
    found = list(check_limits.timeouts(made))
    assert [finding.level for finding in found] == ([level] if level else [])
    if found:
        assert words in found[0].what
        assert found[0].advice == "make ingest.image.timeout 60s, which is three times IMAGE_PICTURE_TIMEOUT, or longer"


def test_a_node_without_the_plugin_knows_none_of_its_settings() -> None:
    made = installation(node("a", None))
    vars(made)["_cluster_settings"] = {
        "transient": {},
        "persistent": {},
        "defaults": {"http.max_content_length": "100mb"},
    }
    assert [*check_limits.sizes(made), *check_limits.timeouts(made)] == []


def test_units() -> None:
    assert [bytes_of(text) for text in ("1", "20mb", "1.5gb", "7b", "2KB")] == [1, 20 << 20, 3 << 29, 7, 2048]
    assert [seconds_of(text) for text in ("60s", "1m", "500ms", "1.5h")] == [60, 60, 0.5, 5400]
    assert shown_bytes(20 << 20) == "20 MB"
    with pytest.raises(ValueError, match="units"):
        bytes_of("much")


def test_what_may_not_be_looked_at_is_said_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(installation: Installation) -> Iterator[Finding]:
        raise AuthorizationException("no", Mock(status=403), {"error": {"reason": "unauthorized for user [x]"}})
        yield

    def fine(installation: Installation) -> Iterator[Finding]:
        yield Finding(Level.OK, "fine")

    monkeypatch.setattr(checks, "CHECKS", (forbidden, fine))
    first, second = checks.examine(installation())
    assert (first.check, first.level, second.check, second.level) == ("forbidden", Level.WARN, "fine", Level.OK)
    assert "unauthorized for user [x]" in first.what and first.advice


def test_every_check_says_what_it_looks_at() -> None:
    assert all((check.__doc__ or "").strip() for check in CHECKS)
    assert len({check.__name__ for check in CHECKS}) == len(CHECKS)


def recipe(*operations: Any, **more: Any) -> dict[str, Any]:
    return {"processors": [{"set": {}}, {"image": {"operations": list(operations), **more}}]}


@pytest.mark.parametrize(
    ("pipeline", "recognizers", "level"),
    [
        (recipe({"redact": {"what": ["faces"]}}), 0, "error"),
        (recipe("auto_orient", properties=["colors", {"labels": {}}]), 0, "error"),
        (recipe("auto_orient", properties=["colors"]), 0, "ok"),
        (recipe("redact"), 2, "ok"),
    ],
)
def test_pipelines_that_need_recognition_are_named_where_there_is_none(
    pipeline: dict[str, Any], recognizers: int, level: str
) -> None:
    service = ServiceLimits("http://a:8090", {"workers": 2, "recognition": {"recognizers": recognizers}})
    asked = installation(service=service)
    vars(asked).update(pipelines=["seen"], installed={"seen": pipeline})
    found = one(check_service.recognition(asked))
    assert found.level == Level(level)
    if level == "error":
        assert "seen" in found.what and ".whl[recognition]" in found.advice
