"""Memory of the web process while many large pictures, or bodies of many values, come at the same time.

    .venv/bin/python -m tests.load.web_memory pictures|completed|chat|fetched|bodies|escaped
        [--count 70] [--megabytes 17]

`pictures`: 70 PNGs of noise, 17 MB each, as documents bring them; defaults, two workers. `completed`, `chat`: 24 of
them by the inference way, as texts to be completed and as data URLs; workers are stopped until all of them wait.
`fetched`: 60 of 18 MB that the service fetches from a server on loopback, one worker, IMAGE_MAX_HELD_BYTES of 100 MB.
`bodies`: 4 bodies of 25 MB for the inference way with nothing but small objects. `escaped`: the same, escaped in the
name of a model.
Prints what came of them, and the megabytes that the web process had before, at most and afterwards, and a worker at
most. Ends with status 1 when an answer is neither what was asked for nor a refusal that says to come again (400 for
bodies), when the web process took more than it may hold and two requests (four by the inference way), or when it serves
no small picture afterwards.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import requests
from PIL import Image

from processor_service.wire.inference_way import CHAT_PATH, COMPLETION_PATH
from tests.helpers.pictures import b64, encoded, picture
from tests.helpers.processes import memory, stopped, wait_until
from tests.helpers.service import TOKEN, Service, running_service
from tests.helpers.web_server import gives, stranger
from tests.load.node_memory import noise

MB = 1_000_000
JOBS = ("pictures", "completed", "chat", "fetched", "bodies", "escaped")
HELD = dict.fromkeys(JOBS, 512 * 1024**2) | {"fetched": 100 * MB}
SIZES = {
    "pictures": (70, 17),
    "completed": (24, 17),
    "chat": (24, 17),
    "fetched": (60, 18),
    "bodies": (4, 25),
    "escaped": (4, 25),
}
BEARER = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
RECIPE = {"operations": [{"resize": {"width": 300}}], "properties": []}
Send = Callable[[], requests.Response]


def large_png(size: int) -> bytes:
    """Noise cannot be compressed: three bytes a pixel."""
    return encoded(Image.fromarray(noise(1000, max(1, size // 3000))), compress_level=0)


def body_of_picture(job: str, size: int) -> tuple[str, bytes]:
    """The same for the inference way."""
    data = b64(large_png(size))
    if job == "completed":
        return COMPLETION_PATH, json.dumps({"input": data, **RECIPE}).encode()
    content = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}]
    return CHAT_PATH, json.dumps(
        {"model": json.dumps(RECIPE), "messages": [{"role": "user", "content": content}]}
    ).encode()


def body_of_values(job: str, size: int) -> tuple[str, bytes]:
    """Path and body."""
    if job == "bodies":
        one = b'{"a":1},'
        return COMPLETION_PATH, b'{"input":[' + one * (size // len(one)) + b"0]}"
    one = b"\\u007b\\u007d\\u002c"
    return CHAT_PATH, b'{"model":"{\\"operations\\":[' + one * (size // len(one)) + b'0]}"}'


@contextmanager
def prepared(job: str, size: int, folder: Path) -> Iterator[tuple[Service, Send, int]]:
    """The service, what sends one request to it, and how many bytes of it the service has to hold."""
    settings = {"workers": "2", "max_held_bytes": str(HELD[job])}
    if job == "fetched":
        data = large_png(size)
        with stranger({"/large.png": gives(data)}) as server:
            allowed = {"url_hosts": f"127.0.0.1:{server.port}", "url_private_networks": "127.0.0.0/8"}
            asked = {"url": f"http://127.0.0.1:{server.port}/large.png", **RECIPE}
            with running_service(
                folder / "log", **settings | {"workers": "1", "url_timeout": "60"}, **allowed
            ) as service:
                body = json.dumps(asked).encode()
                yield service, lambda: service.post_signed(body, timeout=300), len(data)
        return
    with running_service(folder / "log", **settings) as service:
        if job == "pictures":
            body = json.dumps({"data": b64(large_png(size)), **RECIPE}).encode()
            yield service, lambda: service.post_signed(body, timeout=300), len(body)
        else:
            path, body = (body_of_values if job in ("bodies", "escaped") else body_of_picture)(job, size)
            yield service, lambda: requests.post(service.url + path, body, headers=BEARER, timeout=300), len(body)


def pending(service: Service) -> int:
    """How many pictures are in work or wait for it."""
    lines = requests.get(f"{service.url}/metrics", timeout=60).text.splitlines()
    return next(int(float(line.split()[1])) for line in lines if line.startswith("image_pending_pictures "))


def outcome(answer: requests.Response) -> str:
    if answer.ok or "code" not in answer.json().get("error", {}):
        return str(answer.status_code)
    return f"{answer.status_code} {answer.json()['error']['code']}"


class Watch(threading.Thread):
    """The most that any worker had so far; one that grew too large may be replaced meanwhile."""

    def __init__(self, service: Service) -> None:
        super().__init__(daemon=True)
        self.most, self.over, self._service = 0, threading.Event(), service
        self.start()

    def run(self) -> None:
        while not self.over.wait(0.1):
            for pid in self._service.workers():
                with suppress(OSError, LookupError):
                    self.most = max(self.most, memory(pid, "VmHWM"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("--count", type=int)
    parser.add_argument("--megabytes", type=int)
    given = parser.parse_args()
    count, megabytes = (
        given.count or SIZES[given.job][0],
        given.megabytes or SIZES[given.job][1],
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        prepared(given.job, megabytes * MB, Path(folder)) as (service, send, size),
        ThreadPoolExecutor(count) as threads,
    ):
        small = picture("pillow/hopper.jpg")
        assert service.process_picture(small).status_code == 200
        before, watch, start = memory(service.web(), "VmRSS"), Watch(service), time.monotonic()
        with ExitStack() as all_wait:
            if given.job in ("completed", "chat"):
                for pid in service.workers():
                    all_wait.enter_context(stopped(pid))
            jobs = [threads.submit(send) for _ in range(count)]
            if given.job in ("completed", "chat"):
                wait_until(lambda: pending(service) + sum(job.done() for job in jobs) == count)
        outcomes = Counter(outcome(job.result()) for job in jobs)
        seconds = time.monotonic() - start
        watch.over.set()
        watch.join()
        most = memory(service.web(), "VmHWM")
        served = service.process_picture(small).status_code
        figures = [value // MB for value in (before, most, memory(service.web(), "VmRSS"), watch.most)]
    print(f"{count} of {megabytes} MB: {dict(outcomes)} in {seconds:.0f} s; a small one afterwards: {served}")
    print("megabytes of the web process before, at most, afterwards: {}, {}, {}; of a worker: {}".format(*figures))
    expected = ("400",) if given.job in ("bodies", "escaped") else ("200", "429 busy")
    # While a result is there, its body still is; by the inference way one is converted from text to text meanwhile.
    more = 4 if given.job in ("completed", "chat") else 2
    good = all(one.startswith(expected) for one in outcomes)
    return 0 if good and served == 200 and most - before < HELD[given.job] + more * size else 1


if __name__ == "__main__":
    sys.exit(main())
