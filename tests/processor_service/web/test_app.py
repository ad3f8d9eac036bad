from __future__ import annotations

import base64
import json
import re
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from PIL import Image

from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.png_chunks import chunk
from tests.helpers.processes import wait_until
from tests.helpers.service import DEFAULT_OPERATIONS, PATIENT, TOKEN, Service, calls, running_service
from tests.helpers.workers import ENDLESS, signal_at_work

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


def test_a_photograph_comes_back_normalized_with_its_fields(service: Service) -> None:
    answer = service.process_picture(picture("exif-orientation/Landscape_6.jpg"), operations=DEFAULT_OPERATIONS)
    assert answer.status_code == 200
    fields = answer.json()["fields"]
    assert (fields["format"], fields["width"], fields["height"]) == ("jpeg", 1800, 1200)
    assert (fields["orientation"], fields["size_class"], fields["has_alpha"]) == ("landscape", "large", False)
    assert fields["original"]["width"] == 1200
    assert fields["error"] is None
    assert opened(fields["data"]).size == (1800, 1200)
    assert max(opened(fields["thumbnail"]).size) == 256
    assert sum(color["share"] for color in fields["colors"]) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}])
def test_without_the_token_nothing_is_done(service: Service, header: dict[str, str]) -> None:
    for method, path in (("POST", "/v1/process"), ("GET", "/v1/operations"), ("GET", "/v1/limits")):
        answer = requests.request(method, service.url + path, json={"data": "AAAA"}, headers=header, timeout=60)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "unauthorized"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_request"),
        (b"[]", 400, "invalid_request"),
        (b"{}", 400, "invalid_request"),
        (b'{"data": "AAAA", "operation": []}', 400, "invalid_request"),
        (b'{"data": "AAAA", "operations": ["rotat"]}', 400, "invalid_recipe"),
        (b'{"data": "AAAA", "properties": ["colours"]}', 400, "invalid_recipe"),
        (b'{"data": "AAAA", "operations": ' + 900 * b"[" + 900 * b"]" + b"}", 400, "invalid_recipe"),
        (b'{"data": "AAAA"}', 422, "not_an_image"),
        (b'{"data": "!!"}', 422, "invalid_base64"),
        (b'{"data": 5}', 422, "invalid_base64"),
        (b'{"data": "AAAA", "url": 5}', 400, "invalid_request"),
        (b'{"data": "AAAA", "truncated": "maybe"}', 400, "invalid_request"),
        (b'{"url": "https://images.example.org/cat.jpg"}', 422, "url_not_allowed"),
        (b'{"data": "JVBERi0xLjQ="}', 422, "unsupported_format"),
    ],
)
def test_bad_requests_have_a_code_and_a_sentence(service: Service, body: bytes, status: int, code: str) -> None:
    answer = requests.post(f"{service.url}/v1/process", data=body, headers=AUTHORIZED, timeout=60)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["code"], error["retryable"]) == (code, False)
    assert len(error["reason"]) > 15
    assert ("fields" in answer.json()) == (status == 422)


def test_unknown_addresses_and_methods_answer_json(service: Service) -> None:
    assert requests.get(f"{service.url}/x", timeout=60).json()["error"]["code"] == "not_found"
    answer = requests.get(f"{service.url}/v1/process", headers=AUTHORIZED, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")


def test_operations_are_listed_with_parameters_and_examples(service: Service) -> None:
    limits = requests.get(f"{service.url}/v1/limits", headers=AUTHORIZED, timeout=60).json()
    assert limits["picture_timeout"] > 0 and limits["workers"] >= 1 and limits["max_image_bytes"] == 45 * 1024**2
    catalogue = requests.get(f"{service.url}/v1/operations", headers=AUTHORIZED, timeout=60).json()
    resize = next(entry for entry in catalogue["operations"] if entry["name"] == "resize")
    assert resize["parameters"]["properties"]["fit"]["enum"] == ["inside", "cover", "fill", "pad"]
    assert {entry["name"] for entry in catalogue["properties"]} >= {"colors", "thumbnail"}


def test_the_request_id_reaches_the_log_and_no_picture_does(tmp_path: Path) -> None:
    with running_service(tmp_path / "log", workers="1") as service:
        data = b64(picture("pillow/hopper.jpg"))
        for payload in (data, "AAAA" * 1000, {"data": data}):
            requests.post(
                f"{service.url}/v1/process",
                json={"data": payload},
                headers={**AUTHORIZED, "X-Opaque-Id": "my request\t7"},
                timeout=10,
            )
    log = service.log.read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    logged = [line for line in lines if line["event"] == "picture"]
    assert [line["request_id"] for line in logged] == ["myrequest7"] * 3
    assert [line["code"] for line in logged] == ["ok", "not_an_image", "invalid_base64"]
    assert data[:40] not in log and "AAAAAAAA" not in log and TOKEN not in log


def test_a_refusal_and_its_line_in_the_log_share_an_id_and_the_log_says_what_it_was_raised_from(tmp_path: Path) -> None:
    with running_service(tmp_path / "log", workers="1", log_level="debug") as service:
        broken = service.process_picture(encoded(opened(picture("pillow/hopper.jpg")))[:10_000])
        unknown = requests.post(
            f"{service.url}/v1/inference/completion",
            data=b"{",
            headers={**AUTHORIZED, "X-Opaque-Id": 'say "7\\'},
            timeout=10,
        )
        unsigned = requests.post(f"{service.url}/v1/process", data=b"{}", headers={"X-Opaque-Id": "8"}, timeout=60)
    lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    for answer, event in ((broken, "picture"), (unknown, "refused"), (unsigned, "refused")):
        error = answer.json()["error"]
        assert answer.headers["X-Request-Id"] == error["request_id"]
        (line,) = [line for line in lines if line["event"] == event and line["request_id"] == error["request_id"]]
        assert (line["code"], line["reason"]) == (error["code"], error["reason"])
    assert [answer.json()["error"]["request_id"] for answer in (unknown, unsigned)] == ['say"7\\', "8"]
    causes = {line["request_id"]: line["causes"] for line in lines if line["event"] == "cause"}
    cause = causes[broken.json()["error"]["request_id"]][0]
    assert cause.startswith("OSError at ") and "ImageFile.py" in cause
    assert causes[unknown.json()["error"]["request_id"]][0].startswith("JSONDecodeError at ")


def test_metrics_count_what_all_workers_did(tmp_path: Path) -> None:
    with running_service(tmp_path / "log", workers="2") as service:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda _: service.process_picture(picture("pillow/hopper.jpg")), range(8)))
        service.process_picture("AAAA")
        metrics = requests.get(f"{service.url}/metrics", timeout=60).text
    assert 'image_pictures_total{code="ok"} 8.0' in metrics
    assert 'image_pictures_total{code="not_an_image"} 1.0' in metrics
    assert "image_picture_seconds_count 9.0" in metrics


def test_a_body_beyond_the_limit_is_refused_unread(tmp_path: Path) -> None:
    with running_service(tmp_path / "log", workers="1", max_image_bytes="1000") as service:
        assert service.process_picture(b"x" * 1001).json()["error"]["code"] == "image_too_large"
        answer = service.process_picture(b"x" * 1_000_000)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "image_too_large")


SLOW = {"operations": [{"resize": {"width": 9000, "enlarge": True}}, {"resize": {"width": 100}}]}


@pytest.mark.parametrize(("signals", "timeout"), [((signal.SIGSTOP,), "3"), ((signal.SIGKILL, signal.SIGKILL), "60")])
def test_a_worker_that_is_stopped_or_killed_is_replaced_and_its_picture_not_at_fault(
    tmp_path: Path, signals: tuple[signal.Signals, ...], timeout: str
) -> None:
    """Real processes, really stopped and killed in the middle of a picture: nobody may store that as its error."""
    big = encoded(Image.effect_noise((4000, 3000), 80), compress_level=1)
    with (
        running_service(tmp_path / "log", workers="1", picture_timeout=timeout, max_pixels="100000000") as service,
        ThreadPoolExecutor(2) as threads,
    ):
        future = threads.submit(service.process_picture, big, operations=ENDLESS)
        signal_at_work(service, signals)
        answer = future.result()
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "interrupted")
        assert answer.json()["error"]["retryable"] and "fields" not in answer.json()
        assert answer.headers["Retry-After"] == "1"
        assert service.process_picture(picture("pillow/hopper.jpg")).status_code == 200


def _with_a_text() -> tuple[bytes, bytes]:
    """A large PNG without and with a text."""
    plain = encoded(Image.effect_noise((4000, 3000), 80), compress_level=1)
    # 8 + 25 bytes of signature and header, then a text.
    return plain, plain[:33] + chunk(b"tEXt", b"Author\0Zebedee Quirk") + plain[33:]


def _assert_alone(service: Service, answer: requests.Response, code: str, plain: bytes) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    # What may be stored beside the error has no metadata, though nobody could decode it.
    assert base64.b64decode(answer.json()["fields"]["data"]) == plain
    assert service.process_picture(picture("pillow/hopper.jpg")).status_code == 200


def test_a_picture_that_uses_up_its_processor_time_fails_alone(tmp_path: Path) -> None:
    plain, big = _with_a_text()
    settings = {"workers": "1", "picture_timeout": "2", "max_pixels": "100000000"}
    with running_service(tmp_path / "log", PATIENT, **settings) as service:
        answer = service.process_picture(big, timeout=280, operations=ENDLESS)
        _assert_alone(service, answer, "picture_timeout", plain)


def test_a_picture_that_crashes_its_worker_twice_fails_alone(tmp_path: Path) -> None:
    plain, big = _with_a_text()
    with (
        running_service(tmp_path / "log", workers="1", max_pixels="100000000") as service,
        ThreadPoolExecutor(1) as threads,
    ):
        future = threads.submit(service.process_picture, big, operations=ENDLESS)
        # What a decoder gets that reads beyond its memory.
        signal_at_work(service, (signal.SIGSEGV, signal.SIGSEGV))
        _assert_alone(service, future.result(), "picture_crashed", plain)


def test_memory_of_a_picture_is_bounded(tmp_path: Path) -> None:
    with running_service(
        tmp_path / "log", workers="1", worker_memory=str(200 * 1024**2), max_pixels="400000000"
    ) as service:
        answer = service.process_picture(encoded(Image.new("RGB", (9000, 9000))))
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "out_of_memory")
        assert service.process_picture(picture("pillow/hopper.jpg")).status_code == 200


def test_sigterm_finishes_pictures_under_way_and_leaves_no_process(tmp_path: Path) -> None:
    with running_service(tmp_path / "log", workers="2") as service, ThreadPoolExecutor(4) as threads:
        futures = [
            threads.submit(service.process_picture, picture("exif-orientation/Landscape_1.jpg")) for _ in range(4)
        ]

        def taken() -> float:
            metrics = requests.get(f"{service.url}/metrics", timeout=60).text
            return float(re.findall(r"^image_pending_pictures (\S+)", metrics, re.M)[0]) + calls(service)

        wait_until(lambda: taken() >= 4)
        children = service.descendants()
        service.stop()
        assert [future.result().status_code for future in futures] == [200] * 4
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))


def test_sigterm_tells_the_clients_of_pictures_that_are_not_done_in_time(tmp_path: Path) -> None:
    with (
        running_service(tmp_path / "log", workers="1", picture_timeout="5") as service,
        ThreadPoolExecutor(6) as threads,
    ):
        big = encoded(Image.new("RGB", (3000, 2000)), "JPEG")
        futures = [threads.submit(service.process_picture, big, timeout=200, operations=ENDLESS) for _ in range(6)]
        pending = f"{service.url}/metrics"
        while "image_pending_pictures 6.0" not in requests.get(pending, timeout=60).text:
            time.sleep(0.1)
        service.process.terminate()
        codes = [future.result().json()["error"]["code"] for future in futures]
        # 5 s of processor time each: some may have had it.
        assert "shutting_down" in codes
        assert set(codes) <= {"shutting_down", "picture_timeout", "interrupted"}
        assert service.process.wait(100) == 0


def test_without_a_token_only_loopback(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from processor_service.commands import serve

    result = CliRunner().invoke(serve, ["--host", "0.0.0.0"], env={"IMAGE_TOKEN": ""})
    assert result.exit_code == 1
    assert "set IMAGE_TOKEN" in result.output


@pytest.mark.parametrize("size", [3_000_000, 30_000_000])
def test_who_is_refused_reads_why_although_the_body_was_not_wanted(service: Service, size: int) -> None:
    """A client that only writes until it is done, as the JDK's does: the server must not hang up meanwhile."""
    head = f"POST /v1/process HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as client:
        client.sendall(head.encode())
        for _ in range(size // 100_000):
            client.sendall(b"x" * 100_000)
        assert client.recv(100).startswith(b"HTTP/1.1 401")
