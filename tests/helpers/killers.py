"""Pictures that kill their worker, beside good ones, through a running service."""

from __future__ import annotations

import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from tests.helpers.pictures import b64, picture
from tests.helpers.service import DEFAULT_OPERATIONS, Service
from tests.processor_service.workers.mortal_worker import MARK

# A service with workers that a picture may kill. It has no limit by the wall clock: a busy machine is not what counts.
MORTAL = (
    sys.executable,
    "-c",
    "import sys; from processor_service.workers import pool, pools; pool.WALL = 1000; "
    "pools.WORKER = (sys.executable, '-m', 'tests.processor_service.workers.mortal_worker'); "
    "from ingest_image.cli import main; main()",
)


def slowdown(service: Service) -> tuple[float, float]:
    """How many times as long 28 good pictures take when 12 of 40 kill their worker, twice each: median and last."""
    good: dict[str, Any] = {
        "data": b64(picture("exif-orientation/Landscape_6.jpg")),
        "operations": DEFAULT_OPERATIONS,
        "properties": ["colors"],
    }
    killer = {**good, "properties": [orjson.loads(MARK)]}

    def answered(recipes: list[dict[str, Any]]) -> list[float]:
        """Seconds until each good one was answered, all sent at once."""
        start = time.monotonic()

        def one(recipe: dict[str, Any]) -> float | None:
            answer = service.post_signed(orjson.dumps(recipe), timeout=600)
            code = "ok" if answer.ok else answer.json()["error"]["code"]
            assert code == ("picture_crashed" if recipe is killer else "ok")
            return None if recipe is killer else time.monotonic() - start

        with ThreadPoolExecutor(len(recipes)) as threads:
            return [seconds for seconds in threads.map(one, recipes) if seconds]

    alone = answered([good] * 28)
    beside = answered([killer if number % 10 in (1, 4, 7) else good for number in range(40)])
    assert len(beside) == 28
    middles, last = (statistics.median(alone), statistics.median(beside)), (max(alone), max(beside))
    print("median {:.2f} -> {:.2f} s, ".format(*middles) + "last {:.2f} -> {:.2f} s".format(*last))
    return middles[1] / middles[0], last[1] / last[0]
