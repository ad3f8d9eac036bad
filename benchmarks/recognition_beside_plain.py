"""Plain pictures alone, and beside pictures whose recipe recognizes text, plates, faces and labels; and a recognizer's
memory after many pictures.

    python -m benchmarks.recognition_beside_plain [--seconds 30] [--pictures 2000]

A service with one worker and one recognizer. Plain pictures of 1600 x 1200 pixels are sent by two clients, one after
the other each; recognition by two others. On a machine with other work the wall clock says little, so pictures are
counted for a second of processor time of the worker, too.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.helpers.pictures import encoded, opened, picture
from tests.helpers.processes import wait_until
from tests.helpers.service import DEFAULT_OPERATIONS, Service, running_service

PLAIN: dict[str, Any] = {"operations": DEFAULT_OPERATIONS}
SEEING: dict[str, Any] = {"operations": DEFAULT_OPERATIONS, "properties": ["text", "plates", "faces", "labels"]}
FACE, CAT = picture("skimage/astronaut.png"), picture("skimage/chelsea.png")


def photograph() -> bytes:
    return encoded(
        opened(picture("pdq/bridge-mods/aaa-orig.jpg")).convert("RGB").resize((1600, 1200)), "JPEG", quality=85
    )


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> dict[str, int]:
    """Megabytes."""
    lines = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    kept = {"Rss:": "resident", "Pss:": "shared out", "Private_Dirty:": "private"}
    return {kept[name]: int(size) // 1024 for name, size, *_ in lines if name in kept}


def plain_pictures(service: Service, seconds: float) -> tuple[float, float]:
    """Pictures a second by the clock, and a second of the worker's processor time."""
    (worker,) = service.workers()
    data, done, lock = photograph(), [0], threading.Lock()
    start, before = time.monotonic(), processor_seconds(worker)

    def send() -> None:
        while time.monotonic() < start + seconds:
            assert service.process_picture(data, **PLAIN).ok
            with lock:
                done[0] += 1

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done[0] / (time.monotonic() - start), done[0] / (processor_seconds(worker) - before)


@contextmanager
def recognition(service: Service) -> Iterator[list[int]]:
    """Two clients that have pictures recognized all the time; how many were done."""
    over, done = threading.Event(), [0]

    def send() -> None:
        while not over.is_set():
            assert service.process_picture(photograph(), **SEEING).ok
            done[0] += 1

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        over.set()
        for thread in threads:
            thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pictures", type=int, default=2000, help="that a recognizer does before its memory is read")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with running_service(log, workers="1", recognizers="1", log_level="warning") as service:
            wait_until(lambda: bool(service.recognizers()), 120)
            plain_pictures(service, 3)
            # In turn, as what else the machine does changes.
            alone, beside, recognized = [], [], 0
            for _ in range(2):
                alone.append(plain_pictures(service, asked.seconds / 2))
                with recognition(service) as done:
                    beside.append(plain_pictures(service, asked.seconds / 2))
                recognized += done[0]
            for number, by in ((0, "by the clock"), (1, "of the worker's processor time")):
                one, other = (sum(pair[number] for pair in runs) / 2 for runs in (alone, beside))
                print(f"plain pictures a second {by}: alone {one:.1f}, beside {other:.1f}, ratio {other / one:.2f}")
            print(f"recognized meanwhile: {recognized}")
            (recognizer,) = service.recognizers()
            print(f"recognizer, megabytes: {memory(recognizer)}")
            for number in range(asked.pictures):
                assert service.process_picture((FACE, CAT)[number % 2], **SEEING).ok
                if (number + 1) % max(1, asked.pictures // 4) == 0:
                    print(f"after {number + 1} more pictures: {memory(recognizer)}", flush=True)
            assert service.recognizers() == [recognizer], "it was replaced"


if __name__ == "__main__":
    main()
