"""Web servers beside each other with the same application: slow clients, and what a request costs.

    pip install --target /tmp/servers granian gevent uvicorn hypercorn
    .venv/bin/python -m tests.load.web_servers [ours gthread gevent granian uvicorn hypercorn] --packages /tmp/servers
        [--seconds 8] [--silent 1000] [--attack alone] [--body photograph|large|tiny]

`ours`: `ingest-image serve`, gunicorn with our worker. The others serve the same Flask application, with the same number of
threads, two workers for pictures, and their defaults. Four clients send a photograph each on a new connection, and health
is asked beside them: alone; beside 80 connections with one byte; beside 80 heads whose body never comes, without a token and
with it; beside silent ones. The connections are opened before it is measured, and not again when a server closes them.
Prints pictures answered a second and failed, the longest health check and those without an answer within 5 s, how many of
the hostile connections the server has closed, and the milliseconds of processor time that the web process took for each
picture, alone. All in one run: believe the ratios. `--body large` sends 8 MB of noise, `tiny` a picture of one pixel.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import requests
from PIL import Image

from benchmarks.photographs import photographs
from benchmarks.processor_time import seconds as processor_seconds
from processor_service.settings import Settings
from processor_service.web.server import threads
from tests.helpers.pictures import b64, encoded
from tests.helpers.ports import free_port
from tests.helpers.processes import command_of, descendants
from tests.helpers.service import PROGRAM, TOKEN

BEARER = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
RECIPE = {"operations": [{"resize": {"width": 300}}], "properties": []}
CLIENTS, ANSWER_SECONDS, START_SECONDS = 4, 5.0, 120.0
_HEAD = b"POST /v1/process HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n"
_TOKEN = f"Authorization: Bearer {TOKEN}\r\n".encode()
ATTACKS = {
    "alone": (b"", 0),
    "80 with one byte": (b"G", 80),
    "80 without a body": (_HEAD + b"\r\n{", 80),
    "80 with a token and without a body": (_HEAD + _TOKEN + b"\r\n{", 80),
    "silent": (b"", 1000),
}
BODIES: dict[str, Callable[[], bytes]] = {
    "photograph": lambda: photographs(1)[0],
    # Six of them are eight in base64.
    "large": lambda: encoded(Image.frombytes("RGB", (2000, 1000), os.urandom(6_000_000)), compress_level=0),
    "tiny": lambda: encoded(Image.new("RGB", (1, 1))),
}
APP = "tests.load.wsgi_application:application"


def commands(port: int) -> dict[str, list[str]]:
    """How each server is started; one process with many threads, or with greenlets."""
    number, address = str(threads(Settings(recognizers=0, workers=2))), f"127.0.0.1:{port}"
    own = ["--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    gunicorn = ["-m", "gunicorn", "--bind", address, "--workers", "1", "--log-level", "error"]
    return {
        "ours": [*PROGRAM[1:], "serve", "--port", str(port)],
        "gthread": [*gunicorn, "--worker-class", "gthread", "--threads", number, APP],
        "gevent": [*gunicorn, "--worker-class", "gevent", "--worker-connections", "1000", APP],
        "granian": ["-m", "granian", "--interface", "wsgi", *own, "--blocking-threads", number, APP],
        "uvicorn": ["-m", "uvicorn", "--interface", "wsgi", *own, "--log-level", "error", APP],
        "hypercorn": ["-m", "hypercorn", "--bind", address, APP],
    }


MODULES = {"ours": "gunicorn", "gthread": "gunicorn"}


@contextmanager
def running(server: str, packages: str | None, log: Path) -> Iterator[tuple[str, int]]:
    """Its address and process id."""
    port = free_port()
    environment = {**os.environ, "IMAGE_TOKEN": TOKEN, "IMAGE_RECOGNIZERS": "0", "IMAGE_WORKERS": "2"}
    environment |= {
        "IMAGE_LOG_LEVEL": "warning",
        "PYTHONPATH": os.pathsep.join([*([packages] if packages else []), "."]),
    }
    with (
        log.open("wb") as file,
        subprocess.Popen(
            [sys.executable, *commands(port)[server]], env=environment, stdout=file, stderr=file
        ) as process,
    ):
        try:
            url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + START_SECONDS
            while not ready(url):
                if time.monotonic() > deadline or process.poll() is not None:
                    raise RuntimeError(f"{server} did not start:\n{log.read_text()[-1500:]}")
                time.sleep(0.1)
            yield url, process.pid
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                for pid in descendants(process.pid):
                    os.kill(pid, 9)
                process.kill()


def ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


class Load:
    """Clients that send pictures, and one that asks for health, for some seconds."""

    def __init__(self, url: str, body: bytes) -> None:
        self.stored = self.failed = self.checks = self.unanswered = 0
        self.longest = 0.0
        self._url, self._body, self._lock = url, body, threading.Lock()

    def run(self, seconds: float) -> Load:
        until = time.monotonic() + seconds
        jobs = [threading.Thread(target=self._send, args=(until,)) for _ in range(CLIENTS)]
        jobs.append(threading.Thread(target=self._ask, args=(until,)))
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
        return self

    def _send(self, until: float) -> None:
        while time.monotonic() < until:
            try:
                good = requests.post(f"{self._url}/v1/process", self._body, headers=BEARER, timeout=ANSWER_SECONDS).ok
            except requests.RequestException:
                good = False
            with self._lock:
                self.stored += good
                self.failed += not good

    def _ask(self, until: float) -> None:
        while time.monotonic() < until:
            start = time.monotonic()
            self.checks += 1
            try:
                requests.get(f"{self._url}/healthz", timeout=ANSWER_SECONDS).raise_for_status()
            except requests.RequestException:
                self.unanswered += 1
            self.longest = max(self.longest, time.monotonic() - start)
            time.sleep(0.2)


def closed(connections: list[socket.socket]) -> int:
    """How many of them the server has closed."""
    poller = select.poll()
    for connection in connections:
        poller.register(connection, select.POLLRDHUP)
    return len(poller.poll(0))


def web_processes(pid: int) -> list[int]:
    """Without the workers that handle pictures."""
    return [one for one in (pid, *descendants(pid)) if "processor_service.workers" not in command_of(one)]


def attacked(url: str, sent: bytes, number: int, load: Load, seconds: float) -> str:
    """What came of requests beside that many connections, in a line."""
    with ExitStack() as opened:
        connections = []
        for _ in range(number):
            try:
                one = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=5)
                opened.enter_context(one)
                one.sendall(sent)
            except OSError:
                continue
            connections.append(one)
        load.run(seconds)
        gone = closed(connections)
    health = f"health {load.longest:.2f} s at most, {load.unanswered} of {load.checks} unanswered"
    return f"{load.stored / seconds:.1f} pictures a second, {load.failed} failed; {health}; {gone} of {number} closed"


def measure(
    server: str, packages: str | None, body: bytes, seconds: float, silent: int, attacks: tuple[str, ...]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for attack in attacks or ATTACKS:
            sent, number = ATTACKS[attack]
            # Started again for each: some stay blocked.
            with running(server, packages, Path(folder) / "log") as (url, pid):
                Load(url, body).run(2)
                processes = web_processes(pid)
                before, load = processor_seconds(processes), Load(url, body)
                said = attacked(url, sent, silent if attack == "silent" else number, load, seconds)
                if attack == "alone" and load.stored:
                    spent = 1000 * (processor_seconds(processes) - before) / load.stored
                    said += f"; {spent:.1f} ms of the web process for each"
            print(f"{server}, {attack}: {said}", flush=True)


@click.command()
@click.argument("servers", nargs=-1)
@click.option("--packages", help="Folder with the packages of servers that the product does not install.")
@click.option("--seconds", default=8.0, show_default=True, help="Of each measurement.")
@click.option("--silent", default=1000, show_default=True, help="Silent connections.")
@click.option("--body", type=click.Choice(list(BODIES)), default="photograph", show_default=True, help="What is sent.")
@click.option("--attack", "attacks", multiple=True, type=click.Choice(list(ATTACKS)), help="Only this one.")
def main(
    servers: tuple[str, ...], packages: str | None, seconds: float, silent: int, body: str, attacks: tuple[str, ...]
) -> None:
    """Print a line for each server and attack."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, silent + 512), hard), hard))
    sys.path.append(packages or ".")
    wanted = servers or tuple(commands(0))
    for server in wanted:
        module = MODULES.get(server, server)
        if importlib.util.find_spec(module) is None:
            raise click.ClickException(
                f"{module} is not there: pip install --target FOLDER {module}, and say --packages FOLDER"
            )
    sent = json.dumps({"data": b64(BODIES[body]()), **RECIPE}).encode()
    for server in wanted:
        measure(server, packages, sent, seconds, silent, attacks)


if __name__ == "__main__":
    main()
