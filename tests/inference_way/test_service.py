"""What Elasticsearch sends, byte for byte as the contract says, to a real service.

`custom` replaces `${input}` in the endpoint's template by the input as a JSON string, `openai` writes the body itself.
"""

from __future__ import annotations

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from pipelines.cluster.simulate import TINY_PNG
from processor_service.keys import api_token, first_mark_key, mark_key
from processor_service.wire.fields import top_level_names
from processor_service.wire.marks import mark
from tests.helpers.documented import the_block
from tests.helpers.pictures import b64, opened, picture
from tests.helpers.processes import with_pid
from tests.helpers.service import DEFAULT_OPERATIONS, TOKEN, Service, running_service

from .way import OTHER_TOKEN, taken_by

RECIPE: dict[str, Any] = {"operations": DEFAULT_OPERATIONS, "properties": ["colors", {"thumbnail": {"size": 64}}]}
PHOTO = picture("exif-orientation/Landscape_6.jpg")
DEEP = "[" * 300 + "]" * 300
HEADERS = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}


def custom(service: Service, text: str, template: str | None = None, **headers: str) -> requests.Response:
    template = template or '{"input": ${input}, ' + json.dumps(RECIPE)[1:]
    body = template.replace("${input}", json.dumps(text)).encode()
    return requests.post(
        f"{service.url}/v1/inference/completion",
        data=body,
        headers=HEADERS | headers,
        timeout=60,
        allow_redirects=False,
    )


def openai(service: Service, content: Any, model: str | None = None, **more: Any) -> requests.Response:
    body = {"messages": [{"role": "user", "content": content}], "model": model or json.dumps(RECIPE), "n": 1, **more}
    return requests.post(f"{service.url}/v1/chat/completions", json=body, headers=HEADERS, timeout=60)


def fields(answer: requests.Response) -> dict[str, Any]:
    """The map in an answer, read as Elasticsearch reads it."""
    assert answer.status_code == 200, answer.text[:300]
    body = answer.json()
    text = body["choices"][0]["message"]["content"] if "choices" in body else body["result"]
    assert isinstance(text, str)
    return dict(json.loads(text))


def test_a_picture_has_the_map_of_the_plugin_way_without_its_nulls(service: Service) -> None:
    plugin_way = service.process_picture(PHOTO, **RECIPE).json()["fields"]
    expected = {name: value for name, value in plugin_way.items() if value is not None}
    assert fields(custom(service, b64(PHOTO))) == expected
    assert fields(openai(service, b64(PHOTO))) == expected
    assert set(expected) < set(top_level_names())
    assert opened(expected["data"]).size == (1800, 1200)


class OpenAI:
    """Of OpenAI's client what the page uses: the body has the arguments, the answer is read as objects."""

    def __init__(self, base_url: str, api_key: str) -> None:
        def create(**body: Any) -> Any:
            headers = {"Authorization": f"Bearer {api_key}"}
            answer = requests.post(f"{base_url}/chat/completions", json=body, headers=headers, timeout=60)
            answer.raise_for_status()
            return json.loads(answer.text, object_hook=lambda found: SimpleNamespace(**found))

        self.chat = SimpleNamespace(completions=SimpleNamespace(create=create))


def test_the_program_of_the_page_gets_the_fields(service: Service) -> None:
    """docs/inference-way.md, with this service, its token and a picture in the place of what stands for them."""
    program = the_block("docs/inference-way.md", "client = ").text
    meant = {
        "http://service:8090": service.url,
        "ingest-image-api-...": api_token(TOKEN),
        "base64,...": f"base64,{b64(PHOTO)}",
    }
    for stands, value in meant.items():
        assert program.count(stands) == 1
        program = program.replace(stands, value)
    names: dict[str, Any] = {"openai": SimpleNamespace(OpenAI=OpenAI), "json": json}
    exec(compile(program, "docs/inference-way.md", "exec"), names)
    assert (names["fields"]["width"], names["fields"]["height"]) == (512, 768) and names["fields"]["colors"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("how big", "not_an_image"),
        ("", "empty_image"),
        ("!", "invalid_base64"),
        ("bm8gcGljdHVyZQ==", "not_an_image"),
        ("${token}", "invalid_base64"),
        ("AAAA;mark=" + "0" * 64, "not_an_image"),
        ("AAAA;mark=ä", "not_an_image"),
    ],
)
def test_what_is_no_picture_is_answered_with_a_string_that_carries_the_error(
    service: Service, text: str, code: str
) -> None:
    for answer in (custom(service, text), openai(service, text)):
        assert len(answer.content) < 600
        error = fields(answer)["error"]
        assert list(error) == ["code", "reason", "request_id"]
        assert error["code"] == code
        assert error["request_id"] == answer.headers["X-Request-Id"]
        assert "token" not in error["reason"]


def test_a_refused_picture_comes_back_without_its_metadata(service: Service) -> None:
    cut_off = taken_by("Somebody")[:-2000]
    for answer in (custom(service, b64(cut_off)), openai(service, b64(cut_off))):
        text = fields(answer)
        assert list(text) == ["error", "data"]
        assert text["error"]["code"] == "truncated_image"
        stored = base64.b64decode(text["data"])
        assert b"Somebody" in cut_off and b"Somebody" not in stored and len(stored) > 2000


def test_no_string_as_input_is_answered_too(service: Service) -> None:
    for template in ('{"input": 5}', '{"input": null}', '{"input": ["a"]}'):
        assert fields(custom(service, "", template))["error"]["code"] == "invalid_base64"


def test_a_picture_with_too_many_bytes_is_heard_out_and_answered(service: Service) -> None:
    for answer in (custom(service, "A" * 64_000_000), openai(service, "A" * 64_000_000)):
        assert fields(answer)["error"]["code"] == "image_too_large"


def test_a_result_that_could_not_come_in_again_is_refused_at_once(tmp_path: Any) -> None:
    with running_service(tmp_path / "log", max_image_bytes="1000000") as service:
        error = fields(
            custom(service, b64(PHOTO), '{"input": ${input}, "operations": [{"convert": {"format": "png"}}]}')
        )
        assert error.keys() == {"error"}
        assert error["error"]["code"] == "image_too_large"
        assert fields(custom(service, b64(PHOTO)))["format"] == "jpeg"


def test_a_normalized_picture_with_its_mark_is_left_alone(service: Service) -> None:
    made = fields(custom(service, b64(PHOTO)))
    marked = f"{made['data']};mark={made['mark']}"
    assert fields(custom(service, marked)) == {"unchanged": True}
    assert fields(openai(service, marked)) == {"unchanged": True}


def test_a_vector_that_is_lacking_is_made_from_the_picture_that_stays(service: Service) -> None:
    recipe = {**RECIPE, "properties": ["perceptual_hash", "embedding", "colors"]}
    template = '{"input": ${input}, ' + json.dumps(recipe)[1:]
    made = fields(custom(service, b64(PHOTO), template))
    marked = f"{made['data']};mark={made['mark']}"
    assert fields(custom(service, marked, template)) == {"unchanged": True}
    again = fields(custom(service, f"{marked}:lacking", template))
    assert again.keys() == {"unchanged", "embedding", "embedder"} and again["embedder"] == made["embedder"]
    # From the encoded picture, which is nearly the one that was encoded.
    assert sum(a * b for a, b in zip(again["embedding"], made["embedding"], strict=True)) > 0.99
    assert fields(custom(service, f"{marked[:-1]}:lacking", template)).keys() >= {"data", "embedding"}


def test_a_mark_of_the_other_token_or_of_the_first_kind_is_believed_and_renewed(service: Service) -> None:
    made = fields(custom(service, b64(PHOTO)))
    for key in (mark_key(OTHER_TOKEN), first_mark_key(OTHER_TOKEN), first_mark_key(TOKEN)):
        other = mark(key, made["recipe"], made["sha256"])
        for ask in (custom, openai):
            assert fields(ask(service, f"{made['data']};mark={other}")) == {"unchanged": True, "mark": made["mark"]}
    unknown = mark(mark_key("unknown"), made["recipe"], made["sha256"])
    assert "unchanged" not in fields(custom(service, f"{made['data']};mark={unknown}"))


def test_the_request_of_the_page_is_answered(service: Service) -> None:
    """As docs/inference-way.md prints it, for a picture and for what became of it."""
    printed = the_block("docs/inference-way.md", r'\{"input"').text
    assert "<base64>;mark=<mark>" in printed
    first = fields(custom(service, b64(PHOTO), printed.replace('"<base64>;mark=<mark>"', "${input}")))
    again = printed.replace("<base64>", first["data"]).replace("<mark>", first["mark"])
    answer = requests.post(f"{service.url}/v1/inference/completion", data=again, headers=HEADERS, timeout=60)
    assert fields(answer) == {"unchanged": True}


def test_a_data_url_is_a_picture_whatever_it_says_of_itself(service: Service) -> None:
    expected = fields(custom(service, b64(PHOTO)))
    assert fields(custom(service, f"data:image/jpeg;mark=1;base64,{b64(PHOTO)}")) == expected
    # What it says does not stay in the document.
    for prefix in ("data:image/jpeg;base64,", 'data:image/jpeg;name="a;mark=b.jpg";base64,', "\n"):
        marked = f"{prefix}{expected['data']};mark={expected['mark']}"
        assert fields(custom(service, marked)) == {"unchanged": True, "data": expected["data"]}


def test_a_mark_of_something_else_is_not_believed(service: Service) -> None:
    made = fields(custom(service, b64(PHOTO)))
    other = fields(custom(service, b64(picture("pillow/hopper.jpg"))))
    assert fields(custom(service, f"{b64(PHOTO)};mark={made['mark']}"))["sha256"] == made["sha256"]
    assert "unchanged" not in fields(custom(service, f"{made['data']};mark={other['mark']}"))
    # Another recipe: the picture is processed again.
    marked = f"{made['data']};mark={made['mark']}"
    assert (
        fields(custom(service, marked, '{"input": ${input}, "operations": ["grayscale"]}'))["recipe"] != made["recipe"]
    )


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ('{"input": ${input}, "operations": ["rotat"]}', "invalid_recipe"),
        ('{"input": ${input}, "properties": ["colours"]}', "invalid_recipe"),
        ('{"input": ${input}, "operation": []}', "invalid_request"),
        ('{"text": ${input}}', "invalid_request"),
        ("[${input}]", "invalid_request"),
        ("{", "invalid_request"),
        # Deeper than what writes JSON goes.
        ('{"input": ${input}, "operations": ' + DEEP + "}", "invalid_request"),
        ('{"input": ' + DEEP + "}", "invalid_request"),
    ],
)
def test_a_wrong_endpoint_is_refused_so_that_it_cannot_be_created(service: Service, template: str, code: str) -> None:
    answer = custom(service, "how big", template)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code


def test_the_token_is_needed_and_nothing_redirects(service: Service) -> None:
    assert custom(service, "how big", Authorization="Bearer wrong").status_code == 401
    body = {"model": "ingest-image", "messages": [{"role": "user", "content": "how big"}]}
    refused = requests.post(f"{service.url}/v1/chat/completions", json=body, timeout=60)
    assert refused.status_code == 401
    # Where OpenAI's clients, Elasticsearch among them, look for it.
    assert refused.json()["error"]["code"] == "unauthorized" and refused.json()["error"]["message"]
    assert requests.post(f"{service.url}/v1/inference/completion/", headers=HEADERS, timeout=60).status_code == 404
    assert requests.get(f"{service.url}/v1/inference/completion", headers=HEADERS, timeout=60).status_code == 405


def test_a_chat_may_send_the_picture_as_parts(service: Service) -> None:
    parts: list[dict[str, Any]] = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{b64(PHOTO)}"}},
    ]
    answer = openai(service, parts, "ingest-image", stream=False, user="someone")
    assert fields(answer)["format"] == "jpeg"
    assert fields(answer)["width"] == fields(answer)["original"]["width"]
    assert answer.json()["object"] == "chat.completion"
    parts[1]["image_url"] = {"url": "https://images.example.org/cat.jpg"}
    assert fields(openai(service, parts))["error"]["code"] == "url_not_allowed"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"model": "gpt-4o"}, "invalid_recipe"),
        ({"model": None}, "invalid_recipe"),
        ({"model": '{"operation": []}'}, "invalid_recipe"),
        ({"model": '{"operations": ["rotat"]}'}, "invalid_recipe"),
        ({"model": '{"operations": ' + DEEP + "}"}, "invalid_recipe"),
        ({"messages": [{"role": "user", "content": json.loads(DEEP)}]}, "invalid_request"),
        ({"stream": True}, "invalid_request"),
        ({"messages": []}, "invalid_request"),
        ({"messages": [{"role": "system", "content": "AAAA"}]}, "invalid_request"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]}, "invalid_request"),
    ],
)
def test_a_wrong_chat_is_refused_with_a_message(service: Service, body: dict[str, Any], code: str) -> None:
    whole = {"model": "ingest-image", "messages": [{"role": "user", "content": "AAAA"}]} | body
    answer = requests.post(f"{service.url}/v1/chat/completions", json=whole, headers=HEADERS, timeout=60)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["message"].startswith(f"[{code}] ")


def test_busy_is_429_and_a_picture_that_hangs_is_answered_in_time(tmp_path: Any) -> None:
    with running_service(tmp_path / "log", workers="1", queue_size="0", picture_timeout="4") as service:
        (worker,) = service.workers()
        with_pid(worker, 19)
        with ThreadPoolExecutor(1) as other:
            # Small enough for the socket to take it: one that dies while sending has a second try.
            hanging = other.submit(custom, service, TINY_PNG)
            waited = threading.Event()
            while "image_pending_pictures 1.0" not in requests.get(f"{service.url}/metrics", timeout=60).text:
                waited.wait(0.02)
            for answer in (custom(service, b64(PHOTO)), openai(service, b64(PHOTO))):
                assert answer.status_code == 429
                assert answer.headers["Retry-After"] == "1"
                assert answer.json()["error"]["code"] == "busy"
                assert ("message" in answer.json()["error"]) == answer.url.endswith("/chat/completions")
                assert len(answer.content) < 300
            answer = hanging.result(120)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "interrupted")
