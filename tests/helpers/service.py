"""A running processor service."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.helpers.pictures import b64
from tests.helpers.ports import free_port
from tests.helpers.processes import children, command_of, descendants, with_pid
from tests.helpers.warm import WARM, Started, is_wanted

TOKEN = "test-token"

DEFAULT_OPERATIONS: list[dict[str, Any]] = [
    {"auto_orient": {}},
    {"resize": {"width": 2048, "height": 2048, "fit": "inside"}},
    {"convert": {"format": "jpeg", "format_with_alpha": "png", "quality": 85}},
    {"strip_metadata": {}},
]

PROGRAM = (sys.executable, "-m", "ingest_image")
# The service without its limit by the wall clock: a worker gets its processor time however busy the machine is.
PATIENT = (
    sys.executable,
    "-c",
    "from processor_service.workers import pool; pool.WALL = 1000; from ingest_image.cli import main; main()",
)


def authorization(host: str, content: bytes, token: str = TOKEN, path: str = "/v1/process", **changes: str) -> str:
    """The header of a signed POST as docs/wire.md has it; `changes` takes the place of what is signed."""
    signed = {
        "host": host,
        "time": str(int(time.time())),
        "nonce": secrets.token_hex(16),
        "body": hashlib.sha256(content).hexdigest(),
    } | changes
    key = hmac.digest(b"ingest-image transport v1", token.encode(), "sha256")
    message = "\n".join(("ingest-image request v1", "POST", path, *signed.values()))
    signature = hmac.digest(key, message.encode(), "sha256").hex()
    return f"Ingest-Image {', '.join(f'{name}={value}' for name, value in signed.items())}, signature={signature}"


# Recognizers come after everything else that wants a processor, and tests want all there are.
RECOGNIZER = {"workers": "1", "recognizers": "1", "picture_timeout": "120"}


class Service:
    """A real service under gunicorn; `url`, `log` (a file), `process`."""

    def __init__(self, log: Path, program: Sequence[str] = PROGRAM, port: int | None = None, **settings: str) -> None:
        self.port, self.log, self.settings, self._program = port or free_port(), log, settings, program
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        environment = {
            **os.environ,
            "IMAGE_TOKEN": TOKEN,
            # It costs seconds to start them: tests that need recognition say so.
            "IMAGE_RECOGNIZERS": "0",
            **{f"IMAGE_{k.upper()}": v for k, v in self.settings.items()},
        }
        arguments = ["serve", "--port", str(self.port)]
        self.process: subprocess.Popen[bytes] | Started
        with self.log.open("ab") as log:
            if self._program == PROGRAM and is_wanted():
                self.process = WARM.start(arguments, environment, log.fileno())
            else:
                self.process = subprocess.Popen(
                    [*self._program, *arguments], env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
                )
        # It takes 3 s of processor time, and a minute where ten others want the processor, too.
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.is_ready():
                return
            time.sleep(0.05)
        self.stop()
        raise AssertionError(f"the service did not start:\n{self.log.read_text()[-2000:]}")

    def is_ready(self) -> bool:
        """Whether it answers, and has workers."""
        # Asked a hundred times while a busy machine starts a service: `requests` would take a tenth of what that takes.
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                return False

    def logged(self, request_id: str) -> list[dict[str, Any]]:
        """The lines of the log about a request."""
        return [line for line in self.lines() if line.get("request_id") == request_id]

    def lines(self) -> list[dict[str, Any]]:
        """All lines of the log."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """Kill the web server as a crash would: master, web process and workers at once."""
        for pid in [self.process.pid, *self.descendants()]:
            with_pid(pid, 9)
        self.process.wait(60)

    def descendants(self) -> list[int]:
        return descendants(self.process.pid)

    def web(self) -> int:
        """Process id of the web process."""
        (web,) = [pid for pid in children(self.process.pid) if "gunicorn" in command_of(pid)]
        return web

    def template(self) -> int:
        """Process id of the template of the workers. A worker has its name, too, until it takes its own."""
        (template,) = [pid for pid in children(self.web()) if "processor_service.workers" in command_of(pid)]
        return template

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        return [pid for pid in self.descendants() if "processor_service.workers.jobs" in command_of(pid)]

    def recognizers(self) -> list[int]:
        """Process ids of the recognizers."""
        return [
            pid
            for pid in self.descendants()
            if command_of(pid).strip().endswith("processor_service.workers.recognizers")
        ]

    def process_picture(self, data: bytes | str, timeout: float = 60, **body: Any) -> requests.Response:
        text = data if isinstance(data, str) else b64(data)
        return self.post_signed(json.dumps({"data": text, **body}).encode(), timeout)

    def post_signed(self, body: bytes, timeout: float = 60, **changes: str) -> requests.Response:
        """Post a body to `/v1/process` as a node does; `changes` as in `authorization`."""
        headers = {"Content-Type": "application/json", "Authorization": authorization(self.url, body, **changes)}
        return requests.post(f"{self.url}/v1/process", body, headers=headers, timeout=timeout)


@contextmanager
def running_service(log: Path, program: Sequence[str] = PROGRAM, **settings: str) -> Iterator[Service]:
    service = Service(log, program, None, **settings)
    try:
        yield service
    finally:
        service.stop()


def calls(service: Service) -> float:
    """How many pictures the service has answered so far."""
    metrics = requests.get(f"{service.url}/metrics", timeout=60).text
    return sum(float(line.split()[-1]) for line in metrics.splitlines() if line.startswith("image_pictures_total"))
