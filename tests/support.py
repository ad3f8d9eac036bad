"""What several tests share: pictures, comparing them, a running service."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import os
import random
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from PIL import Image, ImageChops, ImageStat

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PICTURES = TESTS / "pictures"
# The whole corpus lies beside the checkout for some of us, as in CI.
CORPUS = ROOT.parent / "shared" / "images"
FAILED = ROOT / "build" / "failed-pictures"
TOKEN = "test-token"

DEFAULT_OPERATIONS: list[dict[str, Any]] = [
    {"auto_orient": {}},
    {"resize": {"width": 2048, "height": 2048, "fit": "inside"}},
    {"convert": {"format": "jpeg", "format_with_alpha": "png", "quality": 85}},
    {"strip_metadata": {}},
]


def picture(name: str) -> bytes:
    """Bytes of one of the test pictures."""
    return (PICTURES / name).read_bytes()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def opened(data: str | bytes) -> Image.Image:
    """A picture from base64 or bytes, loaded."""
    image = Image.open(io.BytesIO(base64.b64decode(data) if isinstance(data, str) else data))
    image.load()
    return image


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference over all channels, 0 to 255; sizes must agree."""
    assert one.size == other.size, f"{one.size} is not {other.size}"
    mean = ImageStat.Stat(ImageChops.difference(one.convert("RGBA"), other.convert("RGBA"))).mean
    return sum(mean) / len(mean)


def assert_alike(one: Image.Image, other: Image.Image, tolerance: float, name: str = "picture") -> None:
    """Fail when pictures differ by more than `tolerance` (mean of 0 to 255), and save both so that one can look."""
    different = difference(one, other) if one.size == other.size else float("inf")
    if different > tolerance:
        FAILED.mkdir(parents=True, exist_ok=True)
        one.save(FAILED / f"{name}-is.png")
        other.save(FAILED / f"{name}-should-be.png")
        raise AssertionError(f"{name} differs by {different:.2f} > {tolerance}; see {FAILED}")


def free_port() -> int:
    """A port that nobody listens on, below those that the system gives to connections: it stays free until it is used.

    By chance (and not that of a seed), as several workers of pytest-xdist ask at the same time.
    """
    for port in random.SystemRandom().sample(range(10_240, 32_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("100 ports in a row are taken")


PROGRAM = (sys.executable, "-m", "ingest_image")


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
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._program, "serve", "--port", str(self.port)],
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        # It takes 3 s of processor time, and a minute where ten others want the processor, too.
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if requests.get(f"{self.url}/readyz", timeout=5).ok:
                    return
            except (requests.ConnectionError, requests.Timeout):
                pass
            time.sleep(0.05)
        self.stop()
        raise AssertionError(f"the service did not start:\n{self.log.read_text()[-2000:]}")

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
        self.process.wait(10)

    def descendants(self) -> list[int]:
        return _descendants(self.process.pid)

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        return [pid for pid in self.descendants() if "processor_service.workers.jobs" in _command(pid)]

    def recognizers(self) -> list[int]:
        """Process ids of the recognizers."""
        return [
            pid for pid in self.descendants() if _command(pid).strip().endswith("processor_service.workers.recognizers")
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
    service = Service(log, program, **settings)
    try:
        yield service
    finally:
        service.stop()


def with_pid(pid: int, signal: int) -> None:
    """Send a signal to one of our own processes; it may be gone already."""
    try:
        os.kill(pid, signal)
    except ProcessLookupError:
        pass


def _descendants(pid: int) -> list[int]:
    listing = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children: dict[int, list[int]] = {}
    for line in listing.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
