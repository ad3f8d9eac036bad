"""The service proves its answers to signed requests, so that nobody else can refuse a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from processor_service.keys import api_token, transport_key
from processor_service.settings import Settings
from processor_service.web.callers.authentication import Access
from processor_service.web.callers.proofs import HEADER, proof
from processor_service.web.callers.signed_requests import Signed
from tests.helpers.pictures import b64, picture
from tests.helpers.service import TOKEN, Service, authorization, running_service
from tests.processor_service.wire.test_recipe import VECTORS

PICTURE = {"data": b64(picture("imgproxy/orientation-0.png"))}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("proofs") / "service.log"
    with running_service(log, workers="1", previous_token="the-other", max_image_bytes="100000") as running:
        yield running


@pytest.mark.parametrize("vector", VECTORS["answer_proofs"])
def test_node_and_service_prove_answers_in_the_same_way(vector: dict[str, Any]) -> None:
    header = authorization("http://127.0.0.1:8090", vector["body"].encode(), vector["token"], nonce=vector["nonce"])
    caller = Access(Settings(token=vector["token"])).caller(header, "POST", "/v1/process")
    assert caller.signed and caller.key
    answer = vector["answer"].replace("%s", "QUFB" * vector.get("pictures", 0)).encode()
    assert proof(caller.key, caller.signed, vector["status"], answer) == vector["proof"]
    assert caller.key.hex() not in repr(caller)


def asked(
    service: Service, body: bytes, token: str = TOKEN, path: str = "/v1/process"
) -> tuple[requests.Response, str]:
    """An answer, and the proof that it should have."""
    header = authorization(service.url, body, token, path)
    headers = {"Content-Type": "application/json", "Authorization": header}
    answer = requests.post(service.url + path, body, headers=headers, timeout=60)
    signed = Signed.parse(header.partition(" ")[2])
    assert signed
    return answer, proof(transport_key(token), signed, answer.status_code, answer.content)


@pytest.mark.parametrize("token", [TOKEN, "the-other"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (PICTURE, 200, None),
        ({"data": b64(b"no picture")}, 422, "not_an_image"),
        ({**PICTURE, "operations": ["paint"]}, 400, "invalid_recipe"),
        ({"data": "A" * 400_000}, 413, "image_too_large"),
        ({"data": "A" * 140_000}, 413, "image_too_large"),
        ([], 400, "invalid_request"),
    ],
    ids=["a result", "no picture", "a wrong recipe", "a body too large", "a picture too large", "another body"],
)
def test_each_answer_to_a_signed_request_is_proved(
    service: Service, token: str, body: Any, status: int, code: str | None
) -> None:
    answer, expected = asked(service, json.dumps(body).encode(), token)
    assert (answer.status_code, answer.json().get("error", {}).get("code")) == (status, code)
    assert answer.headers[HEADER] == expected


def test_a_question_that_is_refused_is_proved_too(service: Service) -> None:
    answer, expected = asked(service, json.dumps({"data": b64(b"no picture")}).encode(), path="/v1/embed")
    assert answer.status_code == 422 and answer.headers[HEADER] == expected


def test_who_does_not_sign_gets_no_proof(service: Service) -> None:
    headers = {"Authorization": f"Bearer {api_token(TOKEN)}"}
    for answer in (
        requests.post(f"{service.url}/v1/embed", json={"data": "AAAA"}, headers=headers, timeout=60),
        requests.post(f"{service.url}/v1/process", json=PICTURE, timeout=60),
    ):
        assert answer.status_code in (401, 422) and HEADER not in answer.headers


def test_without_a_token_nothing_is_proved(tmp_path: Path) -> None:
    with running_service(tmp_path / "service.log", workers="1", token="") as service:
        answer, _ = asked(service, json.dumps({"data": b64(b"no picture")}).encode())
        assert answer.status_code == 422 and HEADER not in answer.headers
