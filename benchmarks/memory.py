"""Whether a worker grows: one process, the same mixed pictures again and again, its memory after each pass.

    python -m benchmarks.memory [folder] [--minutes 4]

The process is the service's own, with its allocator settings. Every file of the folder (default: the test pictures),
malicious ones too, and photographs of 3 to 48 megapixels in several formats, in a new random order for each pass, go
through the pipeline `images`, and through a recipe that keeps all frames.
"""

from __future__ import annotations

import io
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click
import orjson
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.ingest import IMAGES
from processor_service.settings import Settings
from processor_service.workers.protocol import Job
from processor_service.workers.worker_source import TemplateProcess
from tests.helpers.paths import PICTURES
from tests.helpers.pictures import b64, opened

RECIPES: tuple[dict[str, Any], ...] = (
    {"operations": IMAGES["operations"], "properties": IMAGES["properties"]},
    {
        "operations": [
            {"animation": {"frames": "keep"}},
            {"resize": {"width": 800, "height": 800, "fit": "pad", "background": "transparent"}},
            {"convert": {"format": "webp"}},
        ],
        "properties": ["colors"],
    },
)
# Format, options, megapixels.
LARGE: tuple[tuple[str, dict[str, Any], float], ...] = (
    ("JPEG", {}, 3),
    ("JPEG", {}, 12),
    ("JPEG", {}, 48),
    ("JPEG", {"progressive": True}, 12),
    ("PNG", {"compress_level": 1}, 12),
    ("WEBP", {"method": 0}, 8),
    ("AVIF", {"speed": 10}, 5),
    ("TIFF", {}, 24),
)


def memory(process: int, name: str) -> float:
    """Megabytes: `VmRSS` now, `VmHWM` at most."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(name)


def pictures(folder: Path) -> list[str]:
    """All pictures, base64. PNG gets an alpha channel."""
    found = [b64(path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]
    photograph = opened((PICTURES / "exif-orientation" / "Landscape_1.jpg").read_bytes())
    for format, options, megapixels in LARGE:
        ratio = (megapixels * 1e6 / (photograph.width * photograph.height)) ** 0.5
        image = photograph.resize((round(photograph.width * ratio), round(photograph.height * ratio)))
        if format == "PNG":
            image.putalpha(Image.linear_gradient("L").resize(image.size))
        buffer = io.BytesIO()
        image.save(buffer, format, **options)
        if buffer.tell() <= Settings().max_image_bytes:
            found.append(b64(buffer.getvalue()))
    return found


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=PICTURES)
@click.option("--minutes", default=4.0, show_default=True)
def main(folder: Path, minutes: float) -> None:
    """Print the memory of a worker after each pass over a folder."""
    table = Table(title="one worker, megabytes")
    for column in ("pass", "pictures so far", "processed", "resident", "at most"):
        table.add_column(column, justify="right")
    jobs = [(data, recipe) for data in pictures(folder) for recipe in RECIPES]
    order = random.Random(6)
    timeout = Settings().picture_timeout
    template = TemplateProcess()
    template.load("")
    worker = template.fork(timeout)
    codes: Counter[str] = Counter()
    number, end = 0, time.monotonic() + 60 * minutes
    try:
        while time.monotonic() < end:
            order.shuffle(jobs)
            for data, recipe in jobs:
                codes[worker.ask(Job.PROCESS, orjson.dumps({"data": data, **recipe}), timeout).summary["code"]] += 1
            number += 1
            resident, most = (memory(worker.pid, name) for name in ("VmRSS", "VmHWM"))
            table.add_row(str(number), str(codes.total()), str(codes["ok"]), f"{resident:.0f}", f"{most:.0f}")
    finally:
        template.stop()
        Console(width=100).print(table)


if __name__ == "__main__":
    main()
