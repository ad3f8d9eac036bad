"""Workers are killed, ended or stopped at random moments beside clients: what comes of the pictures, and what is left over.

    .venv/bin/python -m tests.load.killed_workers [--seconds 15] [--clients 8] [--seed 1]

Two or three a second, at random by SIGKILL, SIGTERM or SIGSTOP, of the service's two workers. Prints the answers. Ends
with status 1 when one is neither 200 nor `interrupted`, `no_worker` or `busy`, which say to come again; when the service
serves nothing afterwards; or when one of its processes is left over at its end.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from tests.helpers.pictures import picture
from tests.helpers.processes import alive, wait_until, with_pid
from tests.helpers.service import Service, running_service

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP)
EXPECTED = {"200", "503 interrupted", "503 no_worker", "429 busy"}
RECIPE = {"operations": [{"resize": {"width": 800}}], "properties": ["colors"]}


def client(service: Service, until: float, seen: Counter[str], lock: threading.Lock) -> None:
    """Send one picture after the other."""
    data = picture("pdq/bridge-mods/aaa-orig.jpg")
    while time.monotonic() < until:
        answer = service.process_picture(data, timeout=120, **RECIPE)
        with lock:
            seen["200" if answer.ok else f"{answer.status_code} {answer.json()['error']['code']}"] += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance, seen, signalled, lock = random.Random(given.seed), Counter[str](), Counter[str](), threading.Lock()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder, "log"), workers="2", picture_timeout="4") as service,
    ):
        until, known = time.monotonic() + given.seconds, {service.process.pid}
        jobs = [threading.Thread(target=client, args=(service, until, seen, lock)) for _ in range(given.clients)]
        for job in jobs:
            job.start()
        while time.monotonic() < until:
            time.sleep(chance.uniform(0.3, 0.5))
            known |= set(service.descendants())
            if workers := service.workers():
                number = chance.choice(SIGNALS)
                with_pid(chance.choice(workers), number)
                signalled[number.name] += 1
        for job in jobs:
            job.join()
        # Those that were stopped are replaced when their time is over.
        served = Counter(service.process_picture(picture("pillow/hopper.jpg"), timeout=120).ok for _ in range(4))
    try:
        wait_until(lambda: not any(map(alive, known)))
        left: list[int] = []
    except AssertionError:
        left = [pid for pid in known if alive(pid)]
    print(f"{dict(seen)}; signals {dict(signalled)}; served afterwards: {dict(served)}; left over: {left}")
    return 0 if set(seen) <= EXPECTED and served[True] and not left else 1


if __name__ == "__main__":
    sys.exit(main())
