"""One picture at a time: our whole recipe beside what others do for decode, fit and encode alone; time and SSIM.

    python -m benchmarks.processing [--runs 15] [--fit 1024]

All times of a table are taken in turn, on one core: processor time, that of a library's own threads included; believe
the ratios. SSIM (mean, luma, Gaussian window of 7x7, Wang et al. 2004) is against a full decode scaled in floating point
by Lanczos, before any encoding.
OpenCV is not among our dependencies: `pip install opencv-python-headless` adds its column.
"""

from __future__ import annotations

import importlib
import io
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

# As the workers have it, and libvips likewise.
os.environ.setdefault("VIPS_CONCURRENCY", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if "MALLOC_TRIM_THRESHOLD_" not in os.environ:
    import sys

    os.environ |= {"MALLOC_MMAP_THRESHOLD_": "268435456", "MALLOC_TRIM_THRESHOLD_": "268435456"}
    os.execv(sys.executable, [sys.executable, "-m", "benchmarks.processing", *sys.argv[1:]])

import click
import numpy as np
import pybase64
import pyvips
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.photographs import scaled
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.pictures import opened

SETTINGS = Settings()
PROPERTIES = ["colors", "perceptual_hash", {"thumbnail": {"size": 256}}]


def ours(data: bytes, fit: int, properties: list[Any]) -> bytes:
    """Base64 in, operations, fields, base64 out: all that a document costs but HTTP."""
    operations = [
        {"auto_orient": {}},
        {"resize": {"width": fit, "height": fit}},
        {"convert": {"format": "jpeg", "format_with_alpha": "png", "quality": 85}},
    ]
    body = {"data": pybase64.b64encode_as_string(data), "operations": operations, "properties": properties}
    fields = process(Request.parse(body), SETTINGS, Stopwatch())
    return pybase64.b64decode(fields["data"])


def pillow(data: bytes, fit: int, draft: bool = False) -> bytes:
    image = Image.open(io.BytesIO(data))
    if draft:
        image.draft(None, (fit, fit))
    image.load()
    image.thumbnail((fit, fit), Image.Resampling.LANCZOS, reducing_gap=None)
    return pillow_encoded(image)


def pillow_encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    if image.mode == "RGBA":
        image.save(buffer, "PNG", compress_level=1)
    else:
        image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def vips(data: bytes, fit: int) -> bytes:
    image = pyvips.Image.thumbnail_buffer(data, fit, height=fit, size="down")
    encoded: bytes = image.pngsave_buffer(compression=1) if image.hasalpha() else image.jpegsave_buffer(Q=85)
    return encoded


def opencv(data: bytes, fit: int) -> bytes:
    cv2 = importlib.import_module("cv2")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    ratio = min(1.0, fit / max(image.shape[:2]))
    if ratio < 1:
        image = cv2.resize(image, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
    if image.shape[2] == 4:
        return bytes(cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1])


def reference(data: bytes, fit: int) -> NDArray[Any]:
    """Luma of the picture scaled in floating point."""
    image = Image.open(io.BytesIO(data)).convert("RGB").convert("L").convert("F")
    ratio = min(1.0, fit / max(image.size))
    size = round(image.width * ratio), round(image.height * ratio)
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS), dtype=np.float64)


def ssim(data: bytes, expected: NDArray[Any]) -> float:
    found = np.asarray(opened(data).convert("RGB").convert("L"), dtype=np.float64)
    if found.shape != expected.shape:
        found = np.asarray(Image.fromarray(found).resize(expected.shape[::-1], Image.Resampling.LANCZOS))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    a, b = blurred(found), blurred(expected)
    aa, bb, ab = blurred(found * found) - a * a, blurred(expected * expected) - b * b, blurred(found * expected) - a * b
    return float(np.mean(((2 * a * b + c1) * (2 * ab + c2)) / ((a * a + b * b + c1) * (aa + bb + c2))))


def blurred(values: NDArray[Any]) -> NDArray[Any]:
    kernel = np.exp(-0.5 * (np.arange(-3, 4) / 1.5) ** 2)
    kernel /= kernel.sum()
    rows = sum(weight * values[:, i : values.shape[1] - 6 + i] for i, weight in enumerate(kernel))
    return np.asarray(sum(weight * rows[i : rows.shape[0] - 6 + i] for i, weight in enumerate(kernel)))


def has_opencv() -> bool:
    try:
        importlib.import_module("cv2").setNumThreads(1)
    except ImportError:
        return False
    return True


def milliseconds(jobs: dict[str, Callable[[], bytes]], runs: int) -> dict[str, float]:
    """Median of each job, the jobs taken in turn so that a slow moment of the machine is everybody's."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for name in jobs:
        jobs[name]()
    for _ in range(runs):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            times[name].append(1000 * (time.process_time() - start))
    return {name: statistics.median(values) for name, values in times.items()}


@click.command()
@click.option("--runs", default=15, show_default=True)
@click.option("--fit", "fits", type=int, multiple=True, default=(1024, 2048), show_default=True, help="Box in pixels.")
def main(runs: int, fits: tuple[int, ...]) -> None:
    """Print a table for each picture."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    console = Console(width=110)
    pictures = {
        "JPEG 0.3 MP (640x480)": scaled((640, 480)),
        "JPEG 2 MP (1920x1080)": scaled((1920, 1080)),
        "JPEG 12 MP (4000x3000)": scaled((4000, 3000)),
        "PNG with alpha 2 MP (1920x1080)": scaled((1920, 1080), alpha=True),
    }
    for title, data in pictures.items():
        for fit in fits:
            jobs: dict[str, Callable[[], bytes]] = {
                "ours: whole recipe (fit, JPEG, thumbnail, colours, hash, base64)": partial(
                    ours, data, fit, PROPERTIES
                ),
                "ours: decode, fit, encode (and base64)": partial(ours, data, fit, []),
                "pyvips: decode, fit, encode": partial(vips, data, fit),
                "Pillow: decode, fit, encode": partial(pillow, data, fit),
                "Pillow with draft": partial(pillow, data, fit, draft=True),
            }
            if has_opencv():
                jobs["OpenCV (area)"] = partial(opencv, data, fit)
            times = milliseconds(jobs, runs)
            expected = reference(data, fit)
            table = Table(title=f"{title}, fit {fit}", title_justify="left")
            for column in ("", "ms", "of pyvips", "SSIM", "KB"):
                table.add_column(column, justify="right" if column else "left")
            for name, job in jobs.items():
                ratio = times[name] / times["pyvips: decode, fit, encode"]
                made = job()
                quality = f"{ssim(made, expected):.4f}"
                table.add_row(name, f"{times[name]:.1f}", f"{ratio:.2f}", quality, f"{len(made) / 1000:.0f}")
            console.print(table)


if __name__ == "__main__":
    main()
