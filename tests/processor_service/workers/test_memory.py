"""What the container gives, and how much the service holds."""

from __future__ import annotations

import base64
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
import requests
from PIL import Image

from processor_service.document import absent_fields, what_stays
from processor_service.settings import Settings
from processor_service.workers.jobs import handle
from processor_service.workers.memory import container_limit, in_memory, oom_kills, shortage, unbounded_store
from processor_service.workers.protocol import Job
from tests.helpers.pictures import b64, encoded, picture
from tests.helpers.processes import alive, memory, with_pid
from tests.helpers.service import TOKEN, Service, running_service

MB = 1024**2


def control_group(folder: Path, own: str, **files: str) -> tuple[Path, Path]:
    for name, text in files.items():
        file = folder / "cgroup" / name.replace("__", "/").replace("_max", ".max").replace("_events", ".events")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    (folder / "own").write_text(own)
    return folder / "cgroup", folder / "own"


def test_the_lowest_limit_of_the_control_groups_counts(tmp_path: Path) -> None:
    places = control_group(
        tmp_path, "0::/a/b\n", a__b__memory_max="max", a__memory_max=str(800 * MB), memory_max=str(900 * MB)
    )
    assert container_limit(*places) == 800 * MB


def test_a_container_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    places = control_group(tmp_path, "0::/\n", memory_max=str(700 * MB), memory_events="low 0\noom 3\noom_kill 2\n")
    assert container_limit(*places) == 700 * MB
    assert oom_kills(*places) == 2


def test_without_a_limit_there_is_none(tmp_path: Path) -> None:
    assert container_limit(*control_group(tmp_path, "0::/\n", memory_max="max")) is None
    assert container_limit(tmp_path / "none", tmp_path / "none") is None
    assert oom_kills(tmp_path / "none", tmp_path / "none") is None


def test_settings_that_need_more_than_the_container_has_are_said_with_what_would_be_right() -> None:
    settings = Settings(workers=2, worker_memory=2048 * MB, max_held_bytes=512 * MB, recognizers=0)
    assert shortage(settings, None) is None
    assert shortage(settings, 4864 * MB) is None
    sentence = shortage(settings, 3072 * MB)
    assert sentence and f"set IMAGE_WORKER_MEMORY to {1152 * MB}, or give it 4864 MB" in sentence
    assert shortage(Settings(workers=2, worker_memory=1152 * MB, recognizers=0), 3072 * MB) is None
    sentence = shortage(settings, 800 * MB)
    assert sentence and "lower IMAGE_WORKERS" in sentence


def test_the_memory_of_recognizers_counts() -> None:
    settings = Settings(workers=1, worker_memory=1024 * MB, recognizers=2, recognizer_memory=1024 * MB)
    assert shortage(settings, 3840 * MB) is None
    sentence = shortage(settings, 3072 * MB)
    assert sentence and "2 recognizers with 1024 MB each (IMAGE_RECOGNIZER_MEMORY) and the web" in sentence
    assert f"set IMAGE_WORKER_MEMORY to {256 * MB}, or give it 3840 MB" in sentence


def test_files_in_memory_count(tmp_path: Path) -> None:
    """Rendered pictures, or a store, in a /tmp that is memory; not what lies on a disk."""
    size = os.statvfs(tmp_path).f_blocks * os.statvfs(tmp_path).f_frsize
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "20 1 0:1 / / rw - ext4 /dev/sda rw\n"
        f"21 20 0:2 / {tmp_path} rw shared:1 - tmpfs none rw,size=1g\n"
        f"22 21 0:3 / {tmp_path}/on\\040disk rw - ext4 /dev/sdb rw\n"
    )
    folder, disk = str(tmp_path / "rendered"), str(tmp_path / "on disk" / "rendered")
    assert in_memory(Settings(cache_dir="", store_url="s3://pictures"), mounts) == 0
    assert in_memory(Settings(cache_dir=folder, cache_bytes=300 * MB), mounts) == 300 * MB
    assert in_memory(Settings(cache_dir=folder, cache_bytes=2 * size), mounts) == size
    assert in_memory(Settings(cache_dir=disk, cache_bytes=300 * MB, store_url=disk), mounts) == 0
    assert in_memory(Settings(cache_dir=folder, store_url=f"file://{tmp_path}/store"), mounts) == size
    assert unbounded_store(Settings(store_url=f"file://{tmp_path}/store"), mounts) is None
    settings = Settings(workers=2, worker_memory=1152 * MB, recognizers=0)
    sentence = shortage(settings, 3072 * MB, 300 * MB)
    assert sentence and "and files in memory with 300 MB (IMAGE_CACHE_DIR, IMAGE_STORE_URL) may need" in sentence
    assert f"set IMAGE_WORKER_MEMORY to {1002 * MB}, or give it 3372 MB" in sentence


def test_what_other_mounts_are_called_does_not_matter(tmp_path: Path) -> None:
    """All that a name may have: bytes that are no text, line breaks and spaces of Unicode. What is hidden has no size."""
    mounts, folder = tmp_path / "mountinfo", tmp_path / "a\x85b\u3000c"
    folder.mkdir()
    size = os.statvfs(folder).f_blocks * os.statvfs(folder).f_frsize
    mounts.write_bytes(
        b"20 1 0:1 / / rw - ext4 /dev/sda rw\n21 20 0:2 / /media/M\xfcller rw - vfat /dev/sdb1 rw\n"
        + f"22 20 0:3 / {folder} rw - tmpfs none rw\n23 20 0:4 / {tmp_path}/hidden rw - tmpfs none rw\n".encode()
    )
    assert in_memory(Settings(cache_dir=str(folder / "rendered"), cache_bytes=2 * size), mounts) == size
    hidden = Settings(store_url=f"file://{tmp_path}/hidden/store")
    assert in_memory(hidden, mounts) == 0 and unbounded_store(hidden, mounts) is None
    assert container_limit(*control_group(tmp_path, "0::/a\x85b\n", memory_max=str(700 * MB))) == 700 * MB


def test_files_in_memory_without_a_bound_count_as_far_as_they_have_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A tmpfs of size 0, or a ramfs: the system says no size. Mounting one takes privileges."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text("20 1 0:1 / / rw - ext4 /dev/sda rw\n21 20 0:2 / /pictures rw - ramfs none rw\n")
    store, cache = "file:///pictures/store", "/pictures/rendered"
    both = Settings(store_url=store, cache_dir=cache, cache_bytes=300 * MB)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_blocks=0, f_frsize=4096))
    assert in_memory(both, mounts) == 300 * MB
    assert in_memory(Settings(store_url=store, cache_dir="/rendered"), mounts) == 0
    warning = unbounded_store(both, mounts)
    assert warning and "IMAGE_STORE_URL is in memory, in a file system without a bound (/pictures)" in warning
    for none in (Settings(cache_dir=cache), Settings(store_url="file:///store"), Settings(store_url="s3://pictures")):
        assert unbounded_store(none, mounts) is None


def test_a_container_that_is_too_small_is_told_at_the_start(tmp_path: Path) -> None:
    """Making a control group takes privileges, so its limit is put in here."""
    program = (
        "from processor_service.web import server",
        f"server.container_limit = lambda: {300 * MB}",
        "from ingest_image.cli import main",
        "main()",
    )
    with running_service(tmp_path / "log", (sys.executable, "-c", "\n".join(program)), workers="1") as service:
        assert service.process_picture(picture("pillow/hopper.jpg")).status_code == 200
        (told,) = [line for line in service.lines() if line["event"] == "memory"]
    assert told["level"] == "warning"
    assert "but the container has 300 MB: lower IMAGE_WORKERS, or give it" in told["reason"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(
        tmp_path_factory.mktemp("small") / "log", workers="1", max_held_bytes="3000000", max_result_bytes="20000"
    ) as service:
        yield service


def begin(service: Service, size: int, came: int, headers: str = "") -> socket.socket:
    """A request with a body of which so many bytes come."""
    client = socket.create_connection(("127.0.0.1", service.port), timeout=60)
    headers += f"Authorization: Bearer {TOKEN}\r\nContent-Length: {size}\r\n"
    client.sendall(f"POST /v1/process HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode() + bytes(came))
    return client


def test_a_body_for_which_there_is_no_room_is_refused_before_it_is_read(small: Service) -> None:
    """While one is in work, for as long as this needs."""
    picture_ = picture("pillow/hopper.jpg")
    with ThreadPoolExecutor(1) as thread:
        (worker,) = small.workers()
        with_pid(worker, signal.SIGSTOP)
        try:
            # Padding that no decoder minds.
            held = thread.submit(small.process_picture, picture_ + bytes(2_000_000))
            while not (answer := asked(small, 600_000)).startswith(b"HTTP/1.1 429 "):
                assert answer.startswith(b"HTTP/1.1 100 ")
        finally:
            with_pid(worker, signal.SIGCONT)
        assert b"busy" in answer and b"IMAGE_MAX_HELD_BYTES" in answer and b"Retry-After: " in answer
        assert held.result().status_code == 200
    while not (again := small.process_picture(picture_ + bytes(600_000))).ok:
        assert again.status_code == 429
    # Alone even one beyond the limit has room.
    assert small.process_picture(picture_ + bytes(3_000_000)).status_code == 200


def asked(service: Service, size: int) -> bytes:
    """What the service says to a client that asks first whether to send."""
    with begin(service, size, 0, "Expect: 100-continue\r\n") as client:
        return client.recv(4096)


def test_many_large_pictures_at_once_take_the_web_process_no_more_than_it_may_hold(tmp_path: Path) -> None:
    """Each has 8 MB as base64, together 192 MB."""
    body = orjson.dumps(
        {
            "data": b64(picture("exif-orientation/Landscape_6.jpg") + bytes(6 * MB)),
            # So that others come while these are in work.
            "operations": [{"blur": {"radius": 100}}] * 4,
            "properties": [],
        }
    )
    with running_service(tmp_path / "log", workers="1", max_held_bytes=str(32 * MB)) as service:
        assert service.process_picture(picture("pillow/hopper.jpg")).status_code == 200
        before = memory(service.web(), "VmHWM")
        with ThreadPoolExecutor(24) as threads:
            answers = list(threads.map(lambda _: service.post_signed(body, timeout=120), range(24)))
        grown = memory(service.web(), "VmHWM") - before
        assert {answer.status_code for answer in answers} == {200, 429}
        assert {answer.json()["error"]["code"] for answer in answers if not answer.ok} == {"busy"}
        # As much as one body more than it may hold: while a result is there, its body still is.
        assert grown < 48 * MB, grown
        # All was counted off again.
        assert service.post_signed(body, timeout=120).status_code == 200


def test_a_result_that_is_too_large_is_refused_before_it_is_made_into_json(small: Service) -> None:
    data = encoded(Image.effect_noise((400, 300), 80))
    answer = small.process_picture(data, operations=[{"convert": {"format": "png"}}])
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["retryable"]) == (422, "result_too_large", False)
    assert "IMAGE_MAX_RESULT_BYTES" in error["reason"]
    assert small.process_picture(data, operations=[{"resize": {"width": 50}}]).status_code == 200


def test_what_stays_of_a_refused_picture_is_bounded_as_results_are() -> None:
    body = orjson.dumps({"data": b64(picture("exif-orientation/Landscape_6.jpg")[:-20_000])})
    summary, answer = handle(body, Settings())
    fields = json.loads(answer)["fields"]
    size = len(base64.b64decode(fields["data"]))
    assert (summary["code"], fields.keys()) == ("truncated_image", {*absent_fields(), "data"})
    for most, left in ((size, fields["data"]), (size - 1, None)):
        summary, answer = handle(body, Settings(max_result_bytes=most))
        assert (summary["code"], json.loads(answer)["fields"]["data"]) == ("truncated_image", left)
    # The same when the picture killed its worker, so that another one only cuts it.
    whole = {"data": b64(picture("exif-orientation/Landscape_6.jpg"))}
    text = what_stays(whole)["data"]
    size = len(base64.b64decode(text))
    for most, left in ((size, text), (size - 1, "")):
        summary, answer = handle(orjson.dumps(whole), Settings(max_result_bytes=most), Job.CUT)
        assert (summary["stays"], answer.decode()) == (True, left)
    assert handle(b'{"url": "http://localhost/a.png"}', Settings(), Job.CUT)[0]["stays"] is False


def test_a_web_process_without_memory_refuses_what_does_not_fit_and_lives_on(tmp_path: Path) -> None:
    """Nor is there a thread more than there was: the kernel gives no memory for its stack."""
    with running_service(tmp_path / "log", workers="1") as service:
        assert service.process_picture(picture("pillow/hopper.jpg")).status_code == 200
        web = service.web()
        before = resource.prlimit(web, resource.RLIMIT_AS)
        resource.prlimit(web, resource.RLIMIT_AS, (10 * MB, before[1]))
        try:
            answer = service.process_picture(picture("pillow/hopper.jpg") + bytes(14_000_000))
            assert (answer.status_code, answer.json()["error"]["code"]) == (429, "busy")
            assert "memory" in answer.json()["error"]["reason"] and answer.headers["Retry-After"]
            with ThreadPoolExecutor(8) as threads:
                codes = list(
                    threads.map(lambda _: requests.get(f"{service.url}/healthz", timeout=60).status_code, range(16))
                )
            assert codes == [200] * 16
        finally:
            resource.prlimit(web, resource.RLIMIT_AS, before)
        assert service.process_picture(picture("pillow/hopper.jpg") + bytes(14_000_000)).status_code == 200
        assert alive(web)


def test_memory_for_bodies_that_do_not_come_goes_to_one_that_comes(small: Service) -> None:
    web, length = small.web(), 20 * MB
    assert small.process_picture(picture("pillow/hopper.jpg")).status_code == 200
    before = resource.prlimit(web, resource.RLIMIT_AS)
    try:
        resource.prlimit(web, resource.RLIMIT_AS, (memory(web, "VmSize") + 70 * MB, before[1]))
        with ExitStack() as stack:
            stalled = [stack.enter_context(begin(small, length, 0)) for _ in range(3)]
            # One that has just begun may still come.
            time.sleep(3)
            assert small.process_picture(picture("pillow/hopper.jpg") + bytes(14 * MB)).status_code == 200
            first, *_ = select.select(stalled, [], [], 60)[0]
            assert first.recv(4096).startswith(b"HTTP/1.1 429 ")
    finally:
        resource.prlimit(web, resource.RLIMIT_AS, before)


def test_health_is_answered_whatever_is_held(small: Service) -> None:
    with begin(small, 2_900_000, 2_890_000):
        assert requests.get(f"{small.url}/readyz", timeout=60).status_code == 200


def test_a_request_that_does_not_fit_into_memory_is_no_wrong_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """What orjson says where there is none, which it does with memory that nearly suffices."""

    def scarce(_: bytes) -> None:
        raise orjson.JSONDecodeError("Not enough memory to allocate buffer for parsing", "", 0)

    monkeypatch.setattr("processor_service.workers.jobs.orjson.loads", scarce)
    summary, body = handle(b'{"data": "' + b64(b"x" * 10).encode() + b'"}', Settings())
    assert summary["code"] == "out_of_memory"
    monkeypatch.undo()
    assert json.loads(body)["error"]["code"] == "out_of_memory"


@pytest.mark.parametrize("megabytes", [144, 256])
def test_shortage_of_memory_is_told_as_such_wherever_it_begins(tmp_path: Path, megabytes: int) -> None:
    data = picture("pillow/hopper.jpg") + bytes(15_000_000)
    with running_service(tmp_path / "log", workers="1", worker_memory=str(megabytes * MB)) as service:
        answer = service.process_picture(data)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "out_of_memory")
        assert service.process_picture(picture("pillow/hopper.jpg")).status_code == 200
