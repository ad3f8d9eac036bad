"""Plain pictures alone, and beside pictures whose recipe recognizes text, plates, faces and labels; and a recognizer's
memory after many pictures.

    python -m benchmarks.recognition_beside_plain [--seconds 30] [--nice 5 --nice 10] [--workers 1] [--pictures 2000]

A service with one recognizer and one worker, or more: with as many as there are cores, the recognizer has none to
itself. Plain pictures of 1600 x 1200 pixels are sent by two clients a worker, one after the other each; recognition by
two others. On a machine with other work the wall clock says little, so pictures are counted for a second of processor
time of the workers, too. `--nice`: other priorities of the recognizer, compared in one run, in turns of five seconds;
needs the right to raise a priority again.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from tests.helpers.pictures import encoded, opened, picture
from tests.helpers.processes import wait_until
from tests.helpers.service import DEFAULT_OPERATIONS, Service, running_service

PLAIN: dict[str, Any] = {"operations": DEFAULT_OPERATIONS}
SEEING: dict[str, Any] = {"operations": DEFAULT_OPERATIONS, "properties": ["text", "plates", "faces", "labels"]}
# Seconds of a turn.
_TURN = 5
FACE, CAT = picture("skimage/astronaut.png"), picture("skimage/chelsea.png")


def photograph() -> bytes:
    return encoded(
        opened(picture("pdq/bridge-mods/aaa-orig.jpg")).convert("RGB").resize((1600, 1200)), "JPEG", quality=85
    )


def processor_seconds(pids: Iterable[int]) -> float:
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> dict[str, int]:
    """Megabytes."""
    lines = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    kept = {"Rss:": "resident", "Pss:": "shared out", "Private_Dirty:": "private"}
    return {kept[name]: int(size) // 1024 for name, size, *_ in lines if name in kept}


def plain_pictures(service: Service, seconds: float) -> tuple[float, float]:
    """Pictures a second by the clock, and a second of the workers' processor time."""
    workers = service.workers()
    data, done, lock = photograph(), [0], threading.Lock()
    start, before = time.monotonic(), processor_seconds(workers)

    def send() -> None:
        while time.monotonic() < start + seconds:
            assert service.process_picture(data, **PLAIN).ok
            with lock:
                done[0] += 1

    threads = [threading.Thread(target=send) for _ in range(2 * len(workers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done[0] / (time.monotonic() - start), done[0] / (processor_seconds(workers) - before)


@contextmanager
def recognition(service: Service) -> Iterator[list[float]]:
    """Two clients that have pictures recognized all the time; how many seconds each of these took."""
    over = threading.Event()
    taken: list[float] = []
    data = photograph()

    def send() -> None:
        while not over.is_set():
            start = time.monotonic()
            assert service.process_picture(data, **SEEING).ok
            taken.append(time.monotonic() - start)

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield taken
    finally:
        over.set()
        for thread in threads:
            thread.join()


def compare(service: Service, seconds: float, priorities: list[int]) -> None:
    """Prints plain pictures alone, and beside recognition at each priority: in turn, as what else the machine does
    changes."""
    turns = max(2, round(seconds / _TURN))
    alone: list[tuple[float, float]] = []
    beside: dict[int, list[tuple[float, float]]] = {priority: [] for priority in priorities}
    recognized: dict[int, list[float]] = {priority: [] for priority in priorities}
    (recognizer,) = service.recognizers()
    for _ in range(turns):
        alone.append(plain_pictures(service, seconds / turns))
        for priority in priorities:
            for thread in Path(f"/proc/{recognizer}/task").iterdir():
                os.setpriority(os.PRIO_PROCESS, int(thread.name), priority)
            with recognition(service) as taken:
                beside[priority].append(plain_pictures(service, seconds / turns))
            recognized[priority] += taken
    for priority in priorities:
        for number, by in ((0, "by the clock"), (1, "of the workers' processor time")):
            one, other = (sum(pair[number] for pair in runs) / turns for runs in (alone, beside[priority]))
            ratios = [two[number] / first[number] for first, two in zip(alone, beside[priority], strict=True)]
            print(
                f"nice {priority}, plain pictures a second {by}: alone {one:.1f}, beside {other:.1f}, "
                f"ratio {other / one:.2f} (median of turns {median(ratios):.2f})"
            )
        times = recognized[priority]
        print(f"nice {priority}, recognized meanwhile: {len(times)}, the slowest in {max(times):.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--nice", type=int, action="append", help="a priority of the recognizer; repeatable")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--pictures", type=int, default=2000, help="that a recognizer does before its memory is read")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with running_service(log, workers=str(asked.workers), recognizers="1", log_level="warning") as service:
            wait_until(lambda: bool(service.recognizers()), 120)
            plain_pictures(service, 3)
            (recognizer,) = service.recognizers()
            as_shipped = os.getpriority(os.PRIO_PROCESS, recognizer)
            compare(service, asked.seconds, asked.nice or [as_shipped])
            print(f"recognizer, megabytes: {memory(recognizer)}")
            for number in range(asked.pictures):
                assert service.process_picture((FACE, CAT)[number % 2], **SEEING).ok
                if (number + 1) % max(1, asked.pictures // 4) == 0:
                    print(f"after {number + 1} more pictures: {memory(recognizer)}", flush=True)
            assert service.recognizers() == [recognizer], "it was replaced"


if __name__ == "__main__":
    main()
