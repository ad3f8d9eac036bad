"""Workers of a running service: what they see, what becomes of them, and what others notice of that."""

from __future__ import annotations

import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import orjson
import pytest
import requests
from click.testing import CliRunner
from PIL import Image

from processor_service.commands import serve
from processor_service.workers.pool import WorkerPool
from processor_service.workers.worker_source import _environment
from tests.helpers.killers import MORTAL, slowdown
from tests.helpers.located_pictures import places, with_place
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.processes import AS_BACKGROUND_JOB, command_of, stopped, with_pid
from tests.helpers.service import PROGRAM, TOKEN, Service, running_service
from tests.processor_service.workers.mortal_worker import MARK

HOPPER = picture("pillow/hopper.jpg")


def until(condition: Callable[[], bool], seconds: float = 120) -> bool:
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return met


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Service]:
    with running_service(tmp_path / "log", workers="2") as service:
        yield service


def is_ready(service: Service) -> bool:
    return requests.get(f"{service.url}/readyz", timeout=60).status_code == 200


def is_ready_or_not(service: Service, ready: bool) -> bool:
    return is_ready(service) is ready


def test_no_secret_is_in_the_environment_of_what_decodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "IMAGE_RENDER_KEY": "zebedee-1",
        "AWS_SECRET_ACCESS_KEY": "zebedee-2",
        "image_previous_token": "zebedee-3",
        # They begin like what a worker needs.
        "LDAP_PASSWORD": "zebedee-4",
        "ORTHANC_PASSWORD": "zebedee-5",
        "PYTHONANYWHERE_API_TOKEN": "zebedee-6",
        "OMPHALOS_KEY": "zebedee-7",
        "LC_": "zebedee-8",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IMAGE_TOKEN", TOKEN)
    monkeypatch.setenv("IMAGE_MAX_FRAMES", "77")
    needed = {"PYTHONIOENCODING": "utf-8", "LD_LIBRARY_PATH": "/nowhere", "LC_CTYPE": "C.UTF-8", "MALLOC_PERTURB_": "0"}
    for name, value in needed.items():
        monkeypatch.setenv(name, value)
    assert not {TOKEN, *secrets.values()} & set(_environment().values())
    assert _environment()["IMAGE_MAX_FRAMES"] == "77"
    assert needed.items() <= _environment().items()
    with running_service(tmp_path / "log", workers="2") as service:
        assert until(lambda: len(service.workers()) == 2)
        decoding = [service.template(), *service.workers()]
        for pid in decoding:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            assert TOKEN.encode() not in environment and b"zebedee" not in environment
        # And still they sign with it.
        assert service.process_picture(HOPPER).json()["fields"]["mark"]


def test_workers_can_open_no_socket(own: Service) -> None:
    for pid in own.workers():
        assert "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()
    program = """
import socket
from processor_service.workers.confined import without_network
assert without_network()
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try:
            socket.socket(family, kind)
        except PermissionError:
            continue
        raise SystemExit(f"{family} {kind}")
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=240)


def test_the_port_is_free_at_once_when_the_master_is_killed(own: Service) -> None:
    children = own.descendants()
    with ThreadPoolExecutor(1) as threads, requests.Session() as kept:
        kept.get(f"{own.url}/healthz", timeout=60)
        photo = picture("exif-orientation/Landscape_6.jpg")
        large = threads.submit(own.process_picture, photo, operations=[{"blur": {"radius": 200}}] * 60)
        pending = f"{own.url}/metrics"
        assert until(lambda: "image_pending_pictures 1.0" in kept.get(pending, timeout=60).text)
        own.process.kill()
        own.process.wait()
        own.start()
        assert own.process_picture(HOPPER).status_code == 200
        with pytest.raises(requests.ConnectionError):
            large.result()
    assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))


def test_ctrl_c_ends_a_service_that_a_script_started_in_the_background(tmp_path: Path) -> None:
    with running_service(tmp_path / "log", program=(*AS_BACKGROUND_JOB, *PROGRAM), workers="1") as service:
        below = service.descendants()
        assert below
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(60) == 0
        assert until(lambda: not any(map(command_of, below)))


def test_ctrl_c_ends_one_that_still_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before gunicorn takes the signal. Settings that are refused end it there."""
    monkeypatch.setenv("IMAGE_QUEUE_SIZE", "none")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        refused = CliRunner().invoke(serve)
        taken = signal.getsignal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert refused.exit_code == 1 and "IMAGE_QUEUE_SIZE" in refused.output
    assert taken is signal.default_int_handler


def test_no_process_stays_when_the_master_is_killed_and_the_template_is_stopped(own: Service) -> None:
    children = own.descendants()
    template = own.template()
    with_pid(template, signal.SIGSTOP)
    own.process.kill()
    own.process.wait()
    try:
        assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))
    finally:
        with_pid(template, signal.SIGKILL)


def test_a_service_that_has_no_files_left_for_workers_is_not_ready_and_recovers(own: Service) -> None:
    web = own.web()
    before = resource.prlimit(web, resource.RLIMIT_NOFILE)
    try:
        with requests.Session() as session:
            # Only who has the token keeps a connection.
            session.headers["Authorization"] = f"Bearer {TOKEN}"
            session.get(f"{own.url}/readyz", timeout=60)
            # Not even what the workers and their template leave.
            files = len(list(Path(f"/proc/{web}/fd").iterdir())) - 3
            resource.prlimit(web, resource.RLIMIT_NOFILE, (files, before[1]))
            for pid in [pid for pid in own.descendants() if "processor_service." in command_of(pid)]:
                with_pid(pid, signal.SIGKILL)
            body = {"data": b64(HOPPER)}
            assert until(lambda: session.get(f"{own.url}/readyz", timeout=60).status_code == 503)
            answer = session.post(f"{own.url}/v1/process", json=body, timeout=60)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "no_worker")
            assert answer.json()["error"]["retryable"] and answer.headers["Retry-After"]
    finally:
        resource.prlimit(web, resource.RLIMIT_NOFILE, before)
    assert until(lambda: is_ready(own))
    assert own.process_picture(HOPPER).status_code == 200
    assert until(lambda: len(own.workers()) == 2)


def test_a_service_whose_workers_are_stopped_says_so_and_prefers_one_that_is_not(own: Service) -> None:
    assert until(lambda: len(own.workers()) == 2)

    def says(status: str) -> bool:
        answer = requests.get(f"{own.url}/readyz", timeout=60)
        assert (answer.status_code == 200) is (answer.json()["status"] == "ready")
        return bool(answer.json()["status"] == status)

    first, second = own.workers()
    photo = picture("exif-orientation/Landscape_6.jpg")
    with ThreadPoolExecutor(1) as threads:
        # One is idle, the other one has a picture.
        in_work = threads.submit(own.process_picture, photo, timeout=240, operations=[{"blur": {"radius": 200}}] * 4)
        assert until(lambda: "image_pending_pictures 1.0" in requests.get(f"{own.url}/metrics", timeout=60).text)
        for pid in (first, second):
            with_pid(pid, signal.SIGSTOP)
        try:
            assert until(partial(says, "stalled"))
            with_pid(first, signal.SIGCONT)
            assert until(partial(says, "ready"))
        finally:
            with_pid(second, signal.SIGCONT)
        assert in_work.result().status_code == 200
    for one in own.workers():
        with stopped(one):
            assert own.process_picture(HOPPER).status_code == 200


def test_a_picture_is_not_at_fault_when_the_system_gives_workers_no_memory(own: Service) -> None:
    """Less than they may have, as when other processes take it: enough for small pictures, then for none."""
    template = own.template()
    before = resource.prlimit(template, resource.RLIMIT_DATA)
    (has,) = re.findall(r"VmData:\s+(\d+)", Path(f"/proc/{template}/status").read_text())
    large = encoded(Image.new("RGB", (9000, 5000)), "JPEG")
    try:
        for room, ready, large_, small in ((160, True, "interrupted", "ok"), (8, False, "no_worker", "no_worker")):
            resource.prlimit(template, resource.RLIMIT_DATA, (int(has) * 1024 + room * 1024**2, before[1]))
            for pid in own.workers():
                with_pid(pid, signal.SIGKILL)
            assert until(partial(is_ready_or_not, own, ready))
            for data, code in ((large, large_), (HOPPER, small)):
                answer = own.process_picture(data, operations=[{"convert": {"format": "png"}}])
                assert answer.status_code == (200 if code == "ok" else 503)
                assert answer.ok or answer.json()["error"]["code"] == code
    finally:
        resource.prlimit(template, resource.RLIMIT_DATA, before)
    assert until(lambda: is_ready(own))
    assert own.process_picture(large).status_code == 200


def test_a_picture_that_killed_two_workers_is_kept_without_its_place() -> None:
    """That is what a pipeline with `"on_invalid": "record"` stores beside its error; a third worker cuts it."""
    body = orjson.dumps({"data": b64(with_place(HOPPER)), "operations": [orjson.loads(MARK)]})
    assert MARK in body
    lost: list[str] = []
    pool = WorkerPool(1, 8, 20.0, lost.append, (sys.executable, "-m", "tests.processor_service.workers.mortal_worker"))
    try:
        answer = pool.run(body)
    finally:
        pool.stop()
    assert (answer.summary["code"], lost) == ("picture_crashed", ["crash", "crash"])
    fields = orjson.loads(answer.body)["fields"]
    assert list(places(fields)) == []
    assert opened(fields["data"]).size == opened(HOPPER).size


def test_pictures_that_kill_their_worker_do_not_slow_down_the_others(tmp_path: Path) -> None:
    """Every third of 40 kills, twice: the good ones are answered in at most three times the time they take alone."""
    with running_service(tmp_path / "log", MORTAL, workers="2") as service:
        for _ in range(2):
            assert service.process_picture(HOPPER).ok
        # Other work of the machine may begin between the two, but not each time.
        assert any(max(slowdown(service)) < 3 for _ in range(3))
