from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from generate.inference_console import FILE
from pipelines.inference.endpoints import Service, endpoint, endpoint_body, in_inference_form
from pipelines.inference.form import TEMPORARY, inference_pipeline
from pipelines.inference.options import NotExpressible, image_options
from pipelines.resources import Kind, Resource, bundled, fingerprint
from processor_service.document import absent_fields
from processor_service.keys import api_token
from processor_service.wire.recipe import recipe_hash
from tests.helpers.dev_tools import json_texts, parse

PIPELINES = [r for r in bundled() if r.kind is Kind.PIPELINE]
IMAGES = next(r for r in PIPELINES if r.name == "images")
URL = "http://service:8090"


def changed(**options: Any) -> dict[str, Any]:
    body = copy.deepcopy(IMAGES.body)
    body["processors"][0]["image"] |= options
    return body


@pytest.mark.parametrize("resource", PIPELINES, ids=lambda r: r.name)
def test_the_endpoint_has_the_recipe_of_the_pipeline(resource: Resource) -> None:
    image = resource.body["processors"][0]["image"]
    settings = endpoint_body(image_options(resource.body), "custom", URL, "secret")["service_settings"]
    sent = json.loads(settings["request"].replace("${input}", '"AAAA"'))
    assert sent == {"input": "AAAA", "operations": image["operations"], "properties": image["properties"]}
    named = endpoint_body(image_options(resource.body), "openai", URL, "secret")["service_settings"]["model_id"]
    recipe = json.loads(named)
    # So marks of one way are believed by the other.
    assert recipe_hash(recipe["operations"], recipe["properties"]) == recipe_hash(
        image["operations"], image["properties"]
    )


def test_what_is_sent_to_create_an_endpoint_byte_for_byte() -> None:
    """As Elasticsearch's `custom` (8.19, 9.1 and newer) and `openai` (8.14 and newer) take it; an unknown key is refused."""
    options = image_options(changed(operations=["grayscale"], properties=["colors"]))
    assert endpoint_body(options, "custom", f"{URL}/", "secret") == {
        "service": "custom",
        "service_settings": {
            "secret_parameters": {"token": "secret"},
            "url": f"{URL}/v1/inference/completion",
            "headers": {"Authorization": "Bearer ${token}", "Content-Type": "application/json"},
            "request": '{"input": ${input}, "operations": ["grayscale"], "properties": ["colors"]}',
            "response": {"json_parser": {"completion_result": "$.result"}},
            "rate_limit": {"requests_per_minute": 10_000},
        },
    }
    assert endpoint_body(options, "openai", URL, "secret") == {
        "service": "openai",
        "service_settings": {
            "api_key": "secret",
            "url": f"{URL}/v1/chat/completions",
            "model_id": '{"operations": ["grayscale"], "properties": ["colors"]}',
            "rate_limit": {"requests_per_minute": 10_000},
        },
    }


@pytest.mark.parametrize("service", ["custom", "openai"])
def test_the_api_token_is_a_secret_parameter_and_the_token_is_nowhere(service: Service) -> None:
    sent = api_token("secret-token")
    asked, *rest = in_inference_form([IMAGES], service, URL, "secret-token")
    assert in_inference_form([IMAGES], service, URL, sent) == [asked, *rest]
    assert "secret-token" not in json.dumps(asked.body)
    settings = asked.body["service_settings"]
    assert (settings.pop("api_key", None) or settings.pop("secret_parameters")["token"]) == sent
    assert sent not in json.dumps([asked.name, asked.body, [r.body for r in rest]])


def test_the_id_of_an_endpoint_tells_all_that_it_consists_of() -> None:
    options = image_options(IMAGES.body)
    ids = {
        endpoint("images", options, "custom", URL, "a").name,
        endpoint("images", options, "custom", URL, "b").name,
        endpoint("images", options, "custom", URL + "0", "a").name,
        endpoint("images", options, "openai", URL, "a").name,
        endpoint("images", image_options(changed(operations=[])), "custom", URL, "a").name,
        endpoint("other", options, "custom", URL, "a").name,
    }
    assert len(ids) == 6
    assert endpoint("images", options, "custom", URL + "/", "a") == endpoint("images", options, "custom", URL, "a")


def test_every_field_of_the_service_is_cleared() -> None:
    steps = inference_pipeline(IMAGES.body, "x")["processors"]
    read, cleared = [step["script"]["params"]["names"] for step in steps if "script" in step]
    assert set(cleared) == set(absent_fields())
    assert set(read) == {*cleared, "data", "url"}


def test_the_scripts_know_the_temporary_field_by_its_name() -> None:
    for step in inference_pipeline(IMAGES.body, "x")["processors"]:
        assert f"ctx.{TEMPORARY}." in step.get("script", {}).get("source", f"ctx.{TEMPORARY}.")


def test_other_processors_stay_where_they_are() -> None:
    body = copy.deepcopy(IMAGES.body)
    body["processors"] = [{"set": {"field": "a", "value": 1}}, *body["processors"], {"set": {"field": "b", "value": 2}}]
    steps = inference_pipeline(body, "x")["processors"]
    assert (steps[0], steps[-1]) == (body["processors"][0], body["processors"][-1])


def test_the_fingerprint_is_that_of_the_form() -> None:
    body = inference_pipeline(IMAGES.body, "x")
    assert body["_meta"]["fingerprint"] == fingerprint(body) != IMAGES.body["_meta"]["fingerprint"]
    assert body["version"] == IMAGES.body["version"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"target_field": "small"}, r"\[target_field\] of the processor image needs the plugin"),
        ({"remove_binary": True}, r"\[remove_binary\]"),
        ({"timeout": "5s"}, r"\[timeout\]"),
        ({"if": "true"}, r"\[if\]"),
        ({"field": "a.b"}, r"field \[a.b\]"),
        ({"operations": [{"redact": {"what": ["faces"]}}], "keep_invalid": True}, r"\[redact\] goes with neither"),
        ({"operations": [{"watermark": {"text": "${token}"}}]}, r"\$\{"),
    ],
)
def test_what_only_the_plugin_can_do_is_said(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotExpressible, match=reason):
        inference_pipeline(changed(**options), "x")


def test_a_pipeline_that_goes_on_with_what_failed_hides_nothing() -> None:
    definition = changed(operations=[{"redact": {"what": ["faces"]}}])
    inference_pipeline(definition, "x")
    with pytest.raises(NotExpressible, match="on_failure"):
        inference_pipeline(definition | {"on_failure": [{"set": {"field": "failed", "value": True}}]}, "x")


def test_one_processor_image_is_expected() -> None:
    with pytest.raises(NotExpressible, match="there are 0"):
        inference_pipeline({"processors": [{"set": {}}]}, "x")


def test_what_can_be_pasted_is_what_bootstrap_sends() -> None:
    requests = parse(FILE.read_text())
    assert [request.method for request in requests] == ["PUT"] * 10
    for endpoint_, pipeline in zip(requests[::2], requests[1::2], strict=True):
        name = pipeline.path.rpartition("/")[2]
        resource = next(r for r in PIPELINES if r.name == name)
        id_ = endpoint_.path.rpartition("/")[2]
        assert json_texts(pipeline.body) == [inference_pipeline(resource.body, id_)]
        assert json.loads(endpoint_.body) == endpoint_body(image_options(resource.body), "custom", URL, "<API token>")
