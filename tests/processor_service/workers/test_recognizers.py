"""Recipes that recognize something are done by workers of their own, in a running service."""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from processor_service import pipeline
from processor_service.extras import installing
from processor_service.pipeline import process
from processor_service.recognition import identity, ocr, runtime
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from processor_service.workers import lack, recognizers
from processor_service.workers.jobs import handle
from processor_service.workers.protocol import HAND_ON
from tests.helpers.pictures import b64, picture
from tests.helpers.processes import children, command_of, wait_until, with_pid
from tests.helpers.service import TOKEN, Service, running_service

MB = 1024**2
CAT, HOPPER = picture("skimage/chelsea.png"), picture("pillow/hopper.jpg")
LABELS: dict[str, Any] = {"operations": [], "properties": ["labels"]}
REDACT: dict[str, Any] = {"operations": [{"redact": {"what": ["faces"]}}], "properties": []}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("recognizers") / "log"
    memory = {"worker_memory": str(1024 * MB), "recognizer_memory": str(1536 * MB)}
    with running_service(log, workers="1", recognizers="1", picture_timeout="10", **memory) as running:
        wait_until(lambda: recognition(running) == "ready", 120)
        yield running


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("without") / "log", workers="1", recognizers="0") as running:
        yield running


def recognition(service: Service) -> str:
    return str(requests.get(f"{service.url}/readyz", timeout=60).json()["recognition"])


def get(service: Service, path: str) -> requests.Response:
    return requests.get(f"{service.url}{path}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)


def metric(service: Service, name: str) -> float:
    lines = get(service, "/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name) and not line.startswith("#"))


def test_a_recipe_with_recognition_is_done_by_a_recognizer_and_a_plain_one_by_a_worker(service: Service) -> None:
    before = metric(service, "image_recognized_pictures_total")
    assert "cat" in service.process_picture(CAT, **LABELS).json()["fields"]["labels"]
    assert service.process_picture(HOPPER).status_code == 200
    assert metric(service, "image_recognized_pictures_total") == before + 1
    assert len(service.workers()) == len(service.recognizers()) == 1


def test_recognizers_are_forks_of_a_process_that_has_the_models_and_have_one_thread(service: Service) -> None:
    seen = service.process_picture(HOPPER, operations=[], properties=["text", "plates", "faces", "labels"])
    assert seen.json()["fields"]["face_count"] == 1
    (pid,) = service.recognizers()
    assert len(list(Path(f"/proc/{pid}/task").iterdir())) == 1
    (template,) = [one for one in children(service.web()) if pid in children(one)]
    assert "processor_service.workers.recognizers" in command_of(template)


def test_models_are_loaded_and_used_before_there_are_forks_which_share_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a fork loaded itself, it would have for itself alone."""
    for loaded in (runtime.session, ocr._engine, identity._models):
        loaded.cache_clear()
    monkeypatch.setattr(recognizers, "load_jobs", lambda *_, **__: None)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    recognizers.load("")
    for loaded in (runtime.session, ocr._engine, identity._models):
        assert loaded.cache_info().currsize > 0

    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("another model is loaded")

    monkeypatch.setattr("onnxruntime.InferenceSession", refused)
    monkeypatch.setattr("dlib.face_recognition_model_v1", refused)
    properties = ["text", "plates", {"faces": {"identity": True}}, "labels"]
    fields = process(Request.parse({"data": b64(HOPPER), "properties": properties}), Settings(), Stopwatch())
    assert fields["face_vectors"] and "person" in fields["labels"] and fields["text_model"]


def test_a_worker_decodes_nothing_that_it_hands_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the picture is decoded once, by the recognizer."""
    monkeypatch.setattr(pipeline, "decode", None)
    summary, _ = handle(json.dumps({"data": b64(CAT), **LABELS}).encode(), Settings(recognizers=1))
    assert summary["code"] == HAND_ON


def test_a_recognizer_has_a_bound_of_memory_of_its_own(service: Service) -> None:
    def bounds(pids: list[int]) -> list[tuple[int, int]]:
        return [resource.prlimit(pid, resource.RLIMIT_DATA) for pid in pids]

    assert bounds(service.workers()) == [(1024 * MB, 1024 * MB)]
    assert bounds(service.recognizers()) == [(1536 * MB, 1536 * MB)]


def test_plain_pictures_come_first_where_both_want_the_same_core(service: Service) -> None:
    ((worker,), (recognizer,)) = (
        [os.getpriority(os.PRIO_PROCESS, pid) for pid in pids] for pids in (service.workers(), service.recognizers())
    )
    # 19 is the lowest priority.
    assert recognizer == min(worker + 10, 19)


def test_the_service_says_how_many_recognizers_it_has(service: Service, without: Service) -> None:
    assert get(service, "/v1/limits").json()["recognition"]["recognizers"] == 1
    assert get(without, "/v1/limits").json()["recognition"] == {"recognizers": 0}
    assert recognition(without) == "off"


def test_a_plain_picture_is_not_kept_waiting_by_a_recognizer_that_hangs(service: Service) -> None:
    (pid,) = service.recognizers()
    with_pid(pid, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor() as others:
            asked = others.submit(service.process_picture, CAT, **LABELS)
            wait_until(lambda: metric(service, "image_pending_recognitions") == 1)
            assert service.process_picture(HOPPER).status_code == 200
            assert not asked.done()
            with_pid(pid, signal.SIGCONT)
            assert asked.result().status_code == 200
    finally:
        with_pid(pid, signal.SIGCONT)


def test_recognizers_that_were_stopped_are_seen_and_their_pictures_may_go_to_another_host(service: Service) -> None:
    wait_until(lambda: recognition(service) == "ready", 120)
    (pid,) = service.recognizers()
    with_pid(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: recognition(service) == "stalled")
        # Plain pictures go on.
        assert requests.get(f"{service.url}/readyz", timeout=60).status_code == 200
        assert service.process_picture(HOPPER).status_code == 200
        answer = service.process_picture(CAT, **LABELS)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["retryable"]) == (503, "no_worker", True)
        # It waits for nothing. Another one takes its place.
        wait_until(lambda: recognition(service) == "ready", 120)
        assert "cat" in service.process_picture(CAT, **LABELS).json()["fields"]["labels"]
    finally:
        with_pid(pid, signal.SIGCONT)
    assert service.recognizers() not in ([], [pid])


def test_a_recognizer_that_was_killed_is_replaced_and_the_picture_tried_again(service: Service) -> None:
    (pid,) = service.recognizers()
    with_pid(pid, signal.SIGSTOP)
    with ThreadPoolExecutor() as others:
        asked = others.submit(service.process_picture, CAT, **LABELS)
        wait_until(lambda: metric(service, "image_pending_recognitions") == 1)
        time.sleep(0.5)
        with_pid(pid, signal.SIGKILL)
        assert "cat" in asked.result().json()["fields"]["labels"]
    assert service.recognizers() not in ([], [pid])
    assert metric(service, "image_recognizers_replaced_total") >= 1


def test_a_picture_that_must_be_redacted_is_not_handed_back_when_its_recognizer_hangs(service: Service) -> None:
    wait_until(lambda: len(service.recognizers()) == 1)
    (pid,) = service.recognizers()
    with_pid(pid, signal.SIGSTOP)
    try:
        answer = service.process_picture(HOPPER, timeout=120, **REDACT)
    finally:
        with_pid(pid, signal.SIGCONT)
    # On a busy machine it may be seen to stand still before it has the picture.
    assert answer.status_code == 503 and answer.json()["error"]["code"] in ("interrupted", "no_worker")
    assert b64(HOPPER)[:200] not in answer.text


@pytest.mark.parametrize("bad", [b"no picture", HOPPER[:2000], b"GIF89a"], ids=["no picture", "cut off", "no pixels"])
def test_a_refused_picture_that_must_be_redacted_is_not_handed_back(service: Service, bad: bytes) -> None:
    plain = service.process_picture(HOPPER[:2000], operations=[])
    assert plain.status_code == 422 and plain.json()["fields"]["data"]
    answer = service.process_picture(bad, **REDACT)
    assert answer.status_code == 422
    assert answer.json()["fields"]["data"] is None


def test_without_recognizers_a_recipe_is_refused_by_name(without: Service) -> None:
    for recipe, name in ((LABELS, "property [labels]"), (REDACT, "operation [redact]")):
        answer = without.process_picture(CAT, **recipe)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["retryable"]) == (400, "recognition_off", False)
        assert error["reason"].startswith(
            f"{name} needs recognition, which this service does not have: IMAGE_RECOGNIZERS"
        )
        assert "fields" not in answer.json()
    assert without.process_picture(HOPPER).status_code == 200


def test_the_catalogue_says_what_is_to_be_had_and_how(service: Service, without: Service) -> None:
    def unavailable(service: Service) -> dict[str, str]:
        found = get(service, "/v1/operations").json()
        return {one["name"]: one["lacks"] for kind in found.values() for one in kind if not one["available"]}

    assert unavailable(service) == {}
    assert set(unavailable(without)) == {"text", "plates", "faces", "labels", "redact"}


def test_the_log_says_at_start_that_nothing_is_recognized(service: Service, without: Service) -> None:
    assert "nothing is recognized" in without.log.read_text()
    assert "nothing is recognized" not in service.log.read_text()


def test_without_the_packages_there_are_no_recognizers_and_it_is_said_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("processor_service.recognition.runtime._PACKAGES", ("no_such_package",))
    assert lack.number(Settings()) == lack.number(Settings(recognizers=2)) == 0
    reason = lack.lack(Settings())
    assert reason == f"the package no_such_package is missing: {installing('recognition')}"


def test_no_recognized_text_and_no_picture_is_logged(service: Service) -> None:
    for line in service.log.read_text().splitlines():
        assert len(line) < 2000
        if line.startswith("{"):
            assert not {"text", "labels", "plates", "data"} & set(json.loads(line))
