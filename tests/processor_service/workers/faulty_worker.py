"""A test double for faults only: a worker that hangs or dies on command, and echoes otherwise.

faulty_worker.py [--no-template] [--no-worker] [--fork-fails <file>] <file descriptor>

As long as the file exists no process can be forked, with the number of the error that it begins with. Each attempt adds
a line.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from processor_service.workers.channel import Channel
from processor_service.workers.protocol import Job
from processor_service.workers.template import answer_requests, fork_workers

CPU_SECONDS = 0.6
OK = b'{"status": 200, "code": "ok", "seconds": {}}'


def handle(job: Job, body: bytes) -> tuple[bytes, bytes]:
    if job is Job.CUT and body != b"spin and spin":
        return b'{"status": 200, "code": "ok", "seconds": {}, "stays": true}', b"cut by %d" % os.getpid()
    if body == b"spin and spin":
        body = b"spin"
    if body == b"hang":
        time.sleep(60)
    if body == b"spin":
        while True:
            pass
    if body.startswith(b"wait "):
        # Says that it has begun, and is done when the other file is there.
        begun, done = map(Path, body.decode().split()[1:])
        begun.touch()
        while not done.exists():
            time.sleep(0.01)
    if body.startswith(b"note "):
        _, file, number = body.decode().split()
        with Path(file).open("a") as notes:
            notes.write(f"{number}\n")
    if body == b"die":
        os.abort()
    if body == b"exit":
        os._exit(3)
    if body == b"greedy":
        raise MemoryError
    if body.startswith(b"terminated"):
        sent = int(body.split()[1])
        # Python ignores some.
        signal.signal(sent, signal.SIG_DFL)
        os.kill(os.getpid(), sent)
    if body.startswith(b"unlucky"):
        # Killed from outside the first time.
        once = Path(body.split()[1].decode())
        if not once.exists():
            once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return OK, body + b" from " + str(os.getpid()).encode()


def serve(channel: Channel) -> None:
    if "--no-worker" in sys.argv:
        sys.exit(1)
    answer_requests(channel, handle, CPU_SECONDS)


def fork_or_fail() -> int:
    """Fork as the system does that has no process or no memory left."""
    file = Path(sys.argv[sys.argv.index("--fork-fails") + 1])
    if not file.exists():
        return fork()
    number = int(file.read_text().split()[0])
    with file.open("a") as attempts:
        attempts.write("\nfailed")
    raise OSError(number, os.strerror(number))


if "--no-template" in sys.argv:
    sys.exit(1)
if "--fork-fails" in sys.argv:
    fork, os.fork = os.fork, fork_or_fail
fork_workers(lambda _token: serve)
