"""What the doctor says of pipelines that need recognition, in both forms."""

from __future__ import annotations

from typing import Any, Literal
from unittest.mock import Mock

import pytest
from elasticsearch import Elasticsearch

from ingest_image.doctor import check_definitions, check_service
from ingest_image.doctor.finding import Finding, Level
from ingest_image.doctor.installation import Installation
from ingest_image.service import ServiceLimits
from pipelines.inference.endpoints import in_inference_form, recipe_of
from pipelines.install.plan import Fate, Step
from pipelines.recipes import recipes_of, recognizes
from pipelines.resources import Kind, Resource, bundled

PIPELINES = {resource.name: resource for resource in bundled() if resource.kind is Kind.PIPELINE}
RECOGNIZING = {"images-private", "images-recognized"}


def limits(recognizers: int) -> ServiceLimits:
    return ServiceLimits("http://a:8090", {"workers": 2, "recognition": {"recognizers": recognizers}})


def without_plugin(service: Literal["custom", "openai"]) -> tuple[Elasticsearch, dict[str, Any]]:
    """A cluster with our pipelines in inference form, as it gives back its endpoints: without their secrets."""
    resources = in_inference_form(bundled(), service, "http://a:8090", "secret")
    endpoints = [
        {"inference_id": one.name, "service_settings": {**one.body["service_settings"], "secret_parameters": {}}}
        for one in resources
        if one.kind is Kind.ENDPOINT
    ]
    client = Mock()
    client.inference.get.return_value.body = {"endpoints": endpoints}
    return client, {one.name: one.body for one in resources if one.kind is Kind.PIPELINE}


def test_bundled_pipelines_that_need_recognition() -> None:
    assert {name for name, one in PIPELINES.items() if any(map(recognizes, recipes_of(one.body)))} == RECOGNIZING


@pytest.mark.parametrize("service", ["custom", "openai"])
def test_the_recipe_of_the_inference_form_is_that_of_the_definition(service: Literal["custom", "openai"]) -> None:
    client, pipelines = without_plugin(service)
    for name, pipeline in pipelines.items():
        (options,) = recipes_of(PIPELINES[name].body)
        recipe = recipe_of(client, pipeline)
        assert {key: recipe[key] for key in ("operations", "properties")} == {
            key: options[key] for key in ("operations", "properties")
        }
    assert recipe_of(client, {"processors": []}) == {}


def test_pipelines_in_inference_form_are_named_too() -> None:
    client, pipelines = without_plugin("custom")
    asked = Installation(client, service=limits(0))
    vars(asked).update(installed=pipelines)
    for names, level in ((["images"], Level.OK), (["images", "images-recognized"], Level.ERROR)):
        vars(asked).update(pipelines=names)
        (found,) = check_service.recognition(asked)
        assert found.level == level
    assert "documents of images-recognized are refused" in found.what


def definitions(service: ServiceLimits | None, absent: set[str]) -> list[Finding]:
    asked = Installation(Mock(spec=Elasticsearch), service=service)
    steps = [Step(one, Fate.CREATED if one.name in absent else Fate.CURRENT) for one in PIPELINES.values()]
    vars(asked).update(steps=steps, installed={})
    return list(check_definitions.definitions(asked))


@pytest.mark.parametrize("service", [None, limits(0), ServiceLimits("http://a", problem="no answer")])
def test_what_bootstrap_leaves_out_is_no_fault(service: ServiceLimits | None) -> None:
    (found,) = definitions(service, RECOGNIZING)
    assert found.level == Level.OK
    assert "not installed, as they need recognition: ingest pipeline images-private" in found.what


@pytest.mark.parametrize(("absent", "looks"), [(RECOGNIZING, True), ({"images"}, False)], ids=["left out", "missing"])
def test_the_template_is_looked_at_unless_something_is_missing(
    monkeypatch: pytest.MonkeyPatch, absent: set[str], looks: bool
) -> None:
    monkeypatch.setattr(check_definitions, "other_template", lambda client, pattern: [f"another wins for {pattern}"])
    asked = Installation(Mock(spec=Elasticsearch))
    steps = [Step(one, Fate.CREATED if one.name in absent else Fate.CURRENT) for one in PIPELINES.values()]
    vars(asked).update(steps=steps, installed={}, patterns=["images*"])
    assert [one.what for one in check_definitions.template(asked)] == (["another wins for images*"] if looks else [])


def test_with_recognition_they_are_missing() -> None:
    (found,) = definitions(limits(1), {"images-private"})
    assert found.level == Level.ERROR and "missing: ingest pipeline images-private" in found.what


def test_others_are_missing_in_any_case() -> None:
    (found,) = definitions(None, {"images", "images-private"})
    assert found.level == Level.ERROR and found.what == "missing: ingest pipeline images"
    assert isinstance(PIPELINES["images"], Resource)


def test_pictures_that_only_wait_are_not_called_refused() -> None:
    later = {"later": ["text", "faces"]}
    recipes = {
        "waits": {"properties": ["text", {"faces": {}}]} | later,
        "lists-more": {"properties": ["text", "faces", "labels"]} | later,
        "hides": {"operations": [{"redact": {"plates": True}}], "properties": ["text"], "later": ["text"]},
    }
    asked = Installation(Mock(spec=Elasticsearch), service=limits(0))
    vars(asked).update(
        installed={name: {"processors": [{"image": recipe}]} for name, recipe in recipes.items()},
        pipelines=list(recipes),
    )
    refused, waiting = check_service.recognition(asked)
    assert refused.level == Level.ERROR and "documents of lists-more, hides are refused" in refused.what
    assert waiting.level == Level.WARN and "documents of waits are stored, and wait for it" in waiting.what
    assert refused.advice == waiting.advice
