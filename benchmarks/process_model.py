"""What it costs that a picture is processed in a process of its own, beside gunicorn's plain sync workers.

    python -m benchmarks.process_model [--pictures 200] [--runs 3]

Both get the same photograph (2.2 megapixels, the bundled recipe) over HTTP from as many clients as fit, on the same cores,
in turn. The sync workers do the same work inside the web worker: there a picture that crashes its decoder takes the
connection with it, and one that hangs holds the worker until gunicorn kills it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import requests
from rich.console import Console
from rich.table import Table

from processor_service.settings import Settings
from processor_service.workers.jobs import handle
from processor_service.workers.worker_source import ENVIRONMENT
from tests.helpers.paths import PICTURES
from tests.helpers.pictures import b64
from tests.helpers.ports import free_port
from tests.helpers.service import TOKEN, running_service

CORES = len(os.sched_getaffinity(0))
PHOTO = b64((PICTURES / "exif-orientation" / "Landscape_6.jpg").read_bytes())


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The whole service as a plain sync worker would have it: parse, process and answer in one process."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    summary, answer = handle(body, Settings())
    start_response(
        f"{summary['status']} x", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]
    )
    return [answer]


def rate(url: str, body: dict[str, Any], n: int) -> float:
    """Pictures a second, from twice as many clients as cores."""
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=2 * CORES))

    def one(_: int) -> None:
        answer = session.post(f"{url}/v1/process", json=body, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
        assert answer.status_code == 200, answer.text[:200]

    start = time.perf_counter()
    with ThreadPoolExecutor(2 * CORES) as clients:
        list(clients.map(one, range(n)))
    return n / (time.perf_counter() - start)


@click.command()
@click.option("--pictures", default=200, show_default=True)
@click.option("--runs", default=3, show_default=True)
def main(pictures: int, runs: int) -> None:
    """Print pictures per second and the ratio."""
    from benchmarks.ingest import IMAGES

    body = {"data": PHOTO, "operations": IMAGES["operations"], "properties": IMAGES["properties"]}
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-w", str(CORES), "-b", f"127.0.0.1:{port}", "--log-level", "error"]
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder) / "log", workers=str(CORES)) as service:
        plain = subprocess.Popen([*command, "benchmarks.process_model:application"], env={**os.environ, **ENVIRONMENT})
        try:
            time.sleep(5)
            addresses = {
                "a process for each picture in work (ours)": service.url,
                "gunicorn sync workers": f"http://127.0.0.1:{port}",
            }
            for url in addresses.values():
                rate(url, body, 20)
            rates: dict[str, list[float]] = {name: [] for name in addresses}
            for _ in range(runs):
                for name, url in addresses.items():
                    rates[name].append(rate(url, body, pictures))
        finally:
            plain.terminate()
            plain.wait()
    table = Table(title=f"{CORES} processes, {2 * CORES} clients, median of {runs}")
    for column in ("", "pictures a second", "ratio"):
        table.add_column(column, justify="right" if column else "left")
    base = statistics.median(rates["gunicorn sync workers"])
    for name, values in rates.items():
        table.add_row(name, f"{statistics.median(values):.1f}", f"{statistics.median(values) / base:.2f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
