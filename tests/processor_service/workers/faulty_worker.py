"""A test double for faults only: a worker that hangs or dies on command, and echoes otherwise.

faulty_worker.py [--no-template] [--no-worker] <file descriptor>
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
        return OK, b'{"data": "cut by %d"}' % os.getpid()
    if body == b"spin and spin":
        body = b"spin"
    if body == b"hang":
        time.sleep(60)
    if body == b"spin":
        while True:
            pass
    if body == b"slow":
        time.sleep(0.5)
    if body == b"die":
        os.abort()
    if body == b"exit":
        os._exit(3)
    if body == b"greedy":
        raise MemoryError
    if body == b"terminated":
        os.kill(os.getpid(), signal.SIGTERM)
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


if "--no-template" in sys.argv:
    sys.exit(1)
fork_workers(lambda _token: serve)
