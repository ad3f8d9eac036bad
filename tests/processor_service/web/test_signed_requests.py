"""Signed requests at a real service: one request, to one host, once, for a few minutes."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from processor_service.commands import api_token as api_token_command
from processor_service.commands import serve
from processor_service.errors import Code, ImageError
from processor_service.keys import api_token, first_mark_key, mark_key, transport_key
from processor_service.settings import Settings
from processor_service.web.callers.authentication import Access
from processor_service.web.callers.nonces import Nonces
from processor_service.web.callers.signed_requests import Freshness, Signed
from tests.helpers.pictures import b64, picture
from tests.helpers.ports import free_port
from tests.helpers.service import TOKEN, Service, authorization, running_service
from tests.processor_service.wire.test_recipe import VECTORS

BODY = json.dumps({"data": b64(picture("imgproxy/orientation-0.png"))}).encode()
LIMITS = "/v1/limits"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("signed") / "service.log"
    with running_service(log, workers="1", previous_token="the-other") as running:
        yield running


def code_of(answer: requests.Response) -> str:
    return "ok" if answer.ok else str(answer.json()["error"]["code"])


def post(service: Service, header: str, body: bytes = BODY, path: str = "/v1/process") -> requests.Response:
    headers = {"Content-Type": "application/json", "Authorization": header}
    return requests.post(f"{service.url}{path}", body, headers=headers, timeout=60)


@pytest.mark.parametrize("vector", VECTORS["signed_requests"])
def test_node_and_service_sign_requests_in_the_same_way(vector: dict[str, Any]) -> None:
    access = Access(Settings(token=vector["token"]))
    signed = access.caller(vector["authorization"], vector["method"], vector["path"]).signed
    assert signed and (signed.host, signed.time, signed.nonce) == (vector["host"], vector["time"], vector["nonce"])
    signed.check_body(vector["body"].encode())
    for method, path in (("GET", vector["path"]), (vector["method"], vector["path"] + "?")):
        with pytest.raises(ImageError, match="unauthorized"):
            access.caller(vector["authorization"], method, path)


@pytest.mark.parametrize("token", [TOKEN, "the-other"])
def test_a_signed_request_is_answered_while_tokens_are_rotated_too(service: Service, token: str) -> None:
    answer = service.post_signed(BODY, token=token)
    assert answer.ok and answer.json()["fields"]["width"]


def test_the_same_request_again_is_refused(service: Service) -> None:
    header = authorization(service.url, BODY)
    assert [code_of(post(service, header)) for _ in range(3)] == ["ok", "replayed", "replayed"]


def test_a_signature_is_for_one_body_path_host_and_time(service: Service) -> None:
    for changes, expected in (
        ({"token": "wrong"}, "unauthorized"),
        ({"path": "/v1/embed"}, "unauthorized"),
        ({"host": "http://evil.example:80"}, "wrong_host"),
        ({"host": f"http://127.0.0.1:{free_port()}"}, "wrong_host"),
        ({"time": str(int(time.time()) - 400)}, "clock_skew"),
        ({"time": str(int(time.time()) + 400)}, "clock_skew"),
        ({"time": "99999999999"}, "clock_skew"),
        ({"body": hashlib.sha256(BODY + b" ").hexdigest()}, "body_changed"),
    ):
        header = authorization(**{"host": service.url, "content": BODY} | changes)  # type: ignore[arg-type]
        answer = post(service, header)
        assert (answer.status_code, code_of(answer)) == (401, expected), changes
        assert TOKEN not in answer.text and header[-64:] not in answer.text
    longer = post(service, authorization(service.url, BODY), BODY + b" ")
    assert code_of(longer) == "body_changed"


def test_the_refusal_of_an_old_request_names_both_times(service: Service) -> None:
    signed, begin = int(time.time()) - 3600, datetime.now(UTC)
    reason = service.post_signed(BODY, time=str(signed)).json()["error"]["reason"]
    assert datetime.fromtimestamp(signed, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") in reason
    # Another hour may have begun.
    now = {moment.strftime("and it is %Y-%m-%dT%H:") for moment in (begin, datetime.now(UTC))}
    assert any(said in reason for said in now) and "NTP" in reason


def test_a_header_that_is_cut_off_or_changed_anywhere_is_refused(service: Service) -> None:
    header = authorization(service.url, BODY)
    access = Access(Settings(token=TOKEN))
    assert access.caller(header, "POST", "/v1/process").signed
    changed = [header[:end] for end in range(len(header))]
    changed += [header[:at] + ("0" if header[at] != "0" else "1") + header[at + 1 :] for at in range(13, len(header))]
    changed += [header + " ", header + ", x=1", header.replace(", ", ","), header.replace("time=", "time=0")]
    for wrong in changed:
        with pytest.raises(ImageError, match="unauthorized"):
            access.caller(wrong, "POST", "/v1/process")
    for wrong in (header[:-1], header[:60], "Ingest-Image", "Ingest-Image signature=x"):
        assert code_of(post(service, wrong)) == "unauthorized"


@pytest.mark.parametrize("changes", [{"token": "wrong"}, {"time": "1"}, {"host": "http://other:1"}])
def test_what_is_signed_wrongly_is_refused_before_its_body_comes(service: Service, changes: dict[str, str]) -> None:
    header = authorization(**{"host": service.url, "content": BODY} | changes)  # type: ignore[arg-type]
    head = f"POST /v1/process HTTP/1.1\r\nHost: x\r\nAuthorization: {header}\r\nContent-Length: {len(BODY)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), 10) as client:
        client.sendall(head.encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 401 ")


def test_the_api_token_opens_everything_but_the_address_where_the_node_is_taken_at_its_word(service: Service) -> None:
    bearer = {"Authorization": f"Bearer {api_token(TOKEN)}"}
    assert requests.get(f"{service.url}{LIMITS}", headers=bearer, timeout=60).ok
    completed = requests.post(
        f"{service.url}/v1/inference/completion", json={"input": json.loads(BODY)["data"]}, headers=bearer, timeout=60
    )
    assert json.loads(completed.json()["result"])["mark"]
    for body in (json.loads(BODY), json.loads(BODY) | {"normalized": True}):
        answer = requests.post(f"{service.url}/v1/process", json=body, headers=bearer, timeout=60)
        assert answer.status_code == 401 and "/v1/inference/completion" in answer.json()["error"]["reason"]
    for wrong in (api_token("wrong"), transport_key(TOKEN).hex(), mark_key(TOKEN).hex()):
        headers = {"Authorization": f"Bearer {wrong}"}
        assert requests.get(f"{service.url}{LIMITS}", headers=headers, timeout=60).status_code == 401


def test_the_token_itself_opens_everything_until_the_next_version_and_the_log_says_so_once(service: Service) -> None:
    for _ in range(3):
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert requests.get(f"{service.url}{LIMITS}", headers=headers, timeout=60).ok
    assert service.log.read_text().count("a client sent IMAGE_TOKEN itself") == 1
    assert TOKEN not in service.log.read_text()


def test_a_mark_of_the_older_key_is_believed_and_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMAGE_TOKEN", raising=False)
    settings = Settings(token="new", previous_token="old")
    keys = [mark_key("new"), first_mark_key("new"), mark_key("old"), first_mark_key("old")]
    assert settings.accepted_mark_keys() == keys and settings.mark_key() == keys[0]
    assert Settings().accepted_mark_keys() == [mark_key(""), first_mark_key("")]


def test_each_purpose_has_a_key_of_its_own() -> None:
    keys = {transport_key(TOKEN), mark_key(TOKEN), api_token(TOKEN).removeprefix("ingest-image-api-")}
    assert len(keys) == 3 and not any(TOKEN.encode() in key for key in keys if isinstance(key, bytes))
    assert api_token(api_token(TOKEN)) == api_token(TOKEN) != api_token("other")


def test_the_command_prints_the_api_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_TOKEN", TOKEN)
    assert CliRunner().invoke(api_token_command).output == f"{api_token(TOKEN)}\n"
    monkeypatch.setenv("IMAGE_TOKEN", "")
    result = CliRunner().invoke(api_token_command)
    assert result.exit_code == 1 and "IMAGE_TOKEN" in result.output


def test_an_api_token_is_not_the_service_s_token() -> None:
    result = CliRunner().invoke(serve, env={"IMAGE_TOKEN": api_token(TOKEN)})
    assert result.exit_code == 1 and "is an API token" in result.output and api_token(TOKEN) not in result.output


@pytest.mark.parametrize(
    ("settings", "host", "known"),
    [
        ({}, "http://127.0.0.1:8090", True),
        ({}, "http://LOCALHOST:8090", True),
        ({}, "http://[::1]:8090", True),
        ({}, "http://127.0.0.1:8091", False),
        ({}, "http://pictures:8090", False),
        ({}, "https://pictures.internal:8443", True),
        ({"host": "0.0.0.0"}, "http://pictures:8090", True),
        ({"known_as": "http://service:8090"}, "http://service:8090", True),
        ({"known_as": "http://service:8090"}, "http://127.0.0.1:8090", False),
        ({"known_as": "http://service:8090"}, "https://service:8090", False),
        ({"known_as": "http://service:8090"}, "http://service:80901", False),
        ({"known_as": "http://service"}, "http://service:80", True),
        ({"known_as": "https://a.example:443/, HTTPS://B.example"}, "https://b.example:443", True),
        ({"known_as": "http://ingest-image-service-*:8090"}, "http://ingest-image-service-12:8090", True),
        ({"known_as": "http://ingest-image-service-*:8090"}, "http://ingest-image-service-1.evil.example:8090", False),
    ],
)
def test_a_request_is_for_the_service_that_it_was_signed_for(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], host: str, known: bool
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"IMAGE_{name.upper()}", value)
    signed = Signed(host, 1000, "0" * 32, "", "")
    try:
        Freshness(Settings(), lambda: 1000).check(signed, 8090)
        assert known
    except ImageError as refusal:
        assert not known and refusal.code.code == "wrong_host"
        assert host in refusal.reason and "IMAGE_KNOWN_AS" in refusal.reason


@pytest.mark.parametrize(
    "wrong", ["service:8090", "http://service/x", "http://user@service", "ftp://x", "http://a_b?c"]
)
def test_what_is_no_address_of_a_service_is_refused_at_the_start(wrong: str) -> None:
    result = CliRunner().invoke(serve, env={"IMAGE_KNOWN_AS": wrong, "IMAGE_TOKEN": TOKEN})
    assert result.exit_code == 1 and "IMAGE_KNOWN_AS" in result.output and "http://service:8090" in result.output


def test_a_restarted_service_takes_nothing_that_the_one_before_it_may_have_seen() -> None:
    """By whole seconds, as those of signatures: nothing that was signed since is lost."""
    signed = Signed("http://127.0.0.1:8090", 1000, "0" * 32, "", "")
    Freshness(Settings(), lambda: 1000.9).check(signed, 8090)
    restarted = Freshness(Settings(), lambda: 1001.4)
    with pytest.raises(ImageError, match="before this service started") as refusal:
        restarted.check(signed, 8090)
    assert refusal.value.code is Code.REPLAYED and refusal.value.code.retryable
    restarted.check(replace(signed, time=1001), 8090)


def test_a_clock_that_is_set_back_keeps_nodes_out_for_a_few_minutes_at_most() -> None:
    now, uptime = 9000.0, 0.0
    freshness = Freshness(Settings(), lambda: now, lambda: uptime)
    now = 5000
    signed = Signed("http://127.0.0.1:8090", 5000, "0" * 32, "", "")
    with pytest.raises(ImageError, match="before this service started"):
        freshness.check(signed, 8090)
    uptime = Settings().clock_skew
    freshness.check(signed, 8090)


def test_what_was_seen_is_forgotten_when_its_time_is_over_and_no_sooner() -> None:
    nonces = Nonces(1000)
    assert nonces.take("aa", 100, 0) and not nonces.take("aa", 100, 0) and nonces.take("bb", 150, 100)
    assert not nonces.take("aa", 100, 100)
    assert nonces.take("cc", 160, 101) and len(nonces) == 2
    assert not nonces.take("bb", 150, 101)


def test_what_was_seen_takes_a_bounded_memory_and_what_was_forgotten_is_never_accepted_again() -> None:
    nonces, taken = Nonces(10), []
    for second in range(100):
        taken.append((f"{second:02x}", second))
        assert nonces.take(*taken[-1], 0)
        assert len(nonces) <= 10
    assert not any(nonces.take(*each, 0) for each in taken)
    assert not nonces.take("ff", 50, 0), "as old as what was forgotten"
    assert nonces.take("ff", 200, 0)


def test_workers_get_the_key_of_marks_and_no_token(service: Service) -> None:
    for pid in service.workers():
        assert TOKEN.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
