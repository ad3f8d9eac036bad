"""`ingest-image demo` as a newcomer sees it: a table, addresses, Ctrl-C; and a second start that finds everything again."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from embedded_node.folder import throwaway_folder
from embedded_node.run_as import other_account
from ingest_image.demo.documents import DOCUMENTS
from tests.helpers.ports import free_port
from tests.helpers.processes import AS_BACKGROUND_JOB, command_of, descendants, with_pid

# As gunicorn names the process that `ingest-image serve` becomes.
SERVICE = "gunicorn: master"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the node's user can get to, which pytest's own folders are not when root runs the tests."""
    path = throwaway_folder(other_account())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start the demo; returns it when it stays up, with what it printed."""
    command = [sys.executable, "-m", "ingest_image", "demo", "--es-port", "0", "--service-port", str(free_port())]
    command += ["--gallery-port", str(free_port())]
    process = subprocess.Popen(
        [*AS_BACKGROUND_JOB, *command, "--data", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "IMAGE_RECOGNIZERS": "1"},
        text=True,
        start_new_session=True,
    )
    watchdog = threading.Timer(240, process.kill)
    watchdog.start()
    printed = ""
    assert process.stdout
    for line in process.stdout:
        printed += line
        if "Ctrl-C stops everything" in line:
            break
    watchdog.cancel()
    assert process.poll() is None, printed
    return process, printed


def stop(process: subprocess.Popen[str], kill_service: bool = False) -> None:
    """Interrupt the demo, or kill its service: everything else ends, too."""
    below = descendants(process.pid)
    assert any("java" in command_of(pid) for pid in below) and any(SERVICE in command_of(pid) for pid in below)
    assert any("gallery" in command_of(pid) for pid in below) and any("enrich" in command_of(pid) for pid in below)
    if kill_service:
        with_pid(next(pid for pid in below if SERVICE in command_of(pid)), signal.SIGKILL)
    else:
        process.send_signal(signal.SIGINT)
    assert process.stdout
    assert ("'ingest-image serve' was killed by signal 9" if kill_service else "Stopped") in process.stdout.read()
    process.stdout.close()
    assert process.wait(60) == (1 if kill_service else 0)
    left = [pid for pid in below if command_of(pid)]
    assert not left, [command_of(pid)[:80] for pid in left]


def test_the_demo_shows_pictures_stays_up_and_finds_them_again(folder: Path) -> None:
    process, printed = start(folder)
    assert len(re.findall(r"^PUT images/_doc/", printed, re.MULTILINE)) == len(DOCUMENTS)
    assert "truncated_image" in printed and "Chelsea the cat" in printed
    for recognized in (r"cat, .*animal", "1 face", "plate BXY1234", "'Region-based"):
        assert re.search(recognized, printed), recognized
    gallery = re.search(r"Look at them: (http\S+)", printed)
    assert gallery and "Chelsea the cat" in requests.get(gallery[1], timeout=30).text
    for command in re.findall(r"curl '(http\S+)'", printed):
        assert requests.get(command, timeout=30).json()
    stop(process)

    process, printed = start(folder)
    assert "PUT images/_doc/" not in printed
    assert "current: index template images" in printed
    assert "Chelsea the cat" in printed
    stop(process, kill_service=True)
