"""Our service beside thumbor, over HTTP: processor time of the server for one picture that is fitted into a box.

    python -m venv /tmp/thumbor && /tmp/thumbor/bin/pip install thumbor
    python -m benchmarks.servers --thumbor /tmp/thumbor/bin/thumbor [--runs 15]

Each has one worker and is asked in turn; JPEG q85 for both. Ours gets a document as the node sends it, base64 in signed JSON, and
answers with marks and hashes of bytes, without any property; thumbor reads the picture from a folder and answers with the file.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pybase64
import requests
from rich.console import Console
from rich.table import Table

from benchmarks.photographs import scaled
from benchmarks.processor_time import milliseconds
from tests.helpers.ports import free_port
from tests.helpers.processes import descendants
from tests.helpers.service import running_service

SIZES = {"2": (1920, 1080), "12": (4000, 3000)}
FITS = (512, 1024)
# Seconds: on a busy machine it takes long to start.
WAIT = 120
CONFIG = """
LOADER = "thumbor.loaders.file_loader"
FILE_LOADER_ROOT_PATH = {folder!r}
STORAGE = "thumbor.storages.no_storage"
QUALITY = 85
MAX_WIDTH = MAX_HEIGHT = 0
"""


@contextmanager
def running_thumbor(program: Path, folder: Path) -> Iterator[tuple[str, int]]:
    """Its address and process id; it reads pictures from `folder`."""
    config, port = folder / "thumbor.conf", free_port()
    config.write_text(CONFIG.format(folder=str(folder)))
    with subprocess.Popen([str(program), "-c", str(config), "-i", "127.0.0.1", "-p", str(port)]) as process:
        try:
            url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + WAIT
            while True:
                try:
                    requests.get(f"{url}/healthcheck", timeout=5).raise_for_status()
                    break
                except requests.RequestException:
                    if time.monotonic() > deadline or process.poll() is not None:
                        raise
                    time.sleep(0.1)
            yield url, process.pid
        finally:
            process.terminate()


def spent(pid: int, job: Callable[[], requests.Response]) -> float:
    """Milliseconds of a server's processes."""
    pids = [pid, *descendants(pid)]
    before = sum(milliseconds(one, "") for one in pids)
    answer = job()
    assert answer.ok, answer.text[:300]
    return sum(milliseconds(one, "") for one in pids) - before


@click.command()
@click.option("--thumbor", type=click.Path(exists=True, path_type=Path), required=True, help="Its program.")
@click.option("--runs", default=15, show_default=True)
def main(thumbor: Path, runs: int) -> None:
    """Print a table of medians."""
    table = Table(title="milliseconds of the server's processors, medians")
    for column in ("megapixels", "fit", "ours", "thumbor", "thumbor / ours"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for megapixels, size in SIZES.items():
            (folder / f"{megapixels}.jpg").write_bytes(scaled(size))
        with (
            running_service(folder / "service.log", workers="1") as service,
            running_thumbor(thumbor, folder) as (url, pid),
        ):
            for megapixels in SIZES:
                text = pybase64.b64encode_as_string((folder / f"{megapixels}.jpg").read_bytes())
                for fit in FITS:
                    operations = [
                        {"resize": {"width": fit, "height": fit}},
                        {"convert": {"format": "jpeg", "quality": 85}},
                    ]

                    def ours(text: str = text, operations: object = operations) -> requests.Response:
                        return service.process_picture(text, operations=operations, properties=[])

                    def theirs(path: str = f"/unsafe/fit-in/{fit}x{fit}/{megapixels}.jpg") -> requests.Response:
                        return requests.get(url + path, timeout=WAIT)

                    times: list[tuple[float, float]] = []
                    for _ in range(runs + 2):
                        times.append((spent(service.process.pid, ours), spent(pid, theirs)))
                    one, other = (statistics.median(values) for values in zip(*times[2:], strict=True))
                    table.add_row(megapixels, str(fit), f"{one:.1f}", f"{other:.1f}", f"{other / one:.2f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
