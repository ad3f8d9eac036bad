"""A demo that is up, and what is run on it as a page prints it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from ingest_image.cli import main
from tests.helpers.documented import Block
from tests.helpers.ports import free_port
from tests.helpers.processes import AS_BACKGROUND_JOB, command_of, descendants, wait_until, with_pid

# As gunicorn names the process that `ingest-image serve` becomes.
SERVICE = "gunicorn: master"
# As behind the proxy of a firm; this one answers nobody.
PROXIED = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "no_proxy": "", "NO_PROXY": ""}


@dataclass(frozen=True)
class Demo:
    """A demo that is up: what it printed, the addresses of node and service, the gallery's port, the service's token."""

    process: subprocess.Popen[str]
    printed: str
    url: str
    service_url: str
    gallery_port: str
    token: str


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start the demo; returns it when it stays up, with what it printed."""
    command = [sys.executable, "-m", "ingest_image", "demo", "--es-port", "0", "--service-port", str(free_port())]
    command += ["--gallery-port", str(free_port())]
    process = subprocess.Popen(
        [*AS_BACKGROUND_JOB, *command, "--data", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "IMAGE_RECOGNIZERS": "1", **PROXIED},
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
    assert process.wait(120) == (1 if kill_service else 0)
    # The kernel ends some of them when it has ended those above.
    wait_until(lambda: not any(map(command_of, below)))


def run(line: str, demo: Demo) -> Result:
    """A line for a shell; addresses are those of the tests."""
    words = shlex.split(line.replace("http://127.0.0.1:8090", demo.service_url), comments=True)
    if "--open" in words:
        words += ["--gallery-port", demo.gallery_port]
    command, _, file = " ".join(map(shlex.quote, words)).replace("'>'", ">").partition(" > ")
    environment = {"ELASTICSEARCH_URL": demo.url, "IMAGE_TOKEN": demo.token, "COLUMNS": "170"}
    # Who deletes is asked whether it is meant.
    result = CliRunner().invoke(main, shlex.split(command)[1:], input="y\n", env=environment)
    if file:
        Path(file).write_bytes(result.stdout_bytes)
    return result


def run_until_interrupted(line: str, says: str, demo: Demo) -> None:
    """A line for a shell that stays up: it says that it is, and ends when it is interrupted. Ports are free ones."""
    words = [*shlex.split(line)[1:], *(["--port", str(free_port())] if line.endswith("gallery") else [])]
    process = subprocess.Popen(
        [*AS_BACKGROUND_JOB, sys.executable, "-m", "ingest_image", *words],
        env={**os.environ, "ELASTICSEARCH_URL": demo.url, "IMAGE_TOKEN": demo.token},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(240, process.kill)
    watchdog.start()
    assert process.stdout
    with process.stdout:
        said = [next((printed for printed in process.stdout if says in printed), "")]
        process.send_signal(signal.SIGINT)
        said += process.stdout
    code = process.wait()
    watchdog.cancel()
    assert said[0] and code == 0, said


def run_in_shell(block: Block, demo: Demo, folder: Path) -> None:
    """Run all of a block in one shell; addresses are those of the tests. What curl is answered is no error."""
    text = block.text.replace("http://127.0.0.1:8090", demo.service_url).replace("http://127.0.0.1:9200", demo.url)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "IMAGE_TOKEN": demo.token}
    command = ["bash", "-euo", "pipefail", "-c", text]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    # The last one, in one line or, with `?pretty`, in several.
    answer = re.split(r"^(?=\{)", done.stdout, flags=re.MULTILINE)[-1]
    assert json.loads(answer) and "error" not in json.loads(answer), answer
