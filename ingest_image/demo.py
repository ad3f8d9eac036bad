"""`ingest-image demo`: the main job on the embedded node with real pictures, which stays up to try."""

from __future__ import annotations

import base64
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import requests
from rich.console import Console
from rich.table import Table
from rich.text import Text

from embedded_node import EmbeddedNode, NodeError, find_plugin_zip
from embedded_node.choice import choose
from embedded_node.folder import default_folder
from embedded_node.run_as import other_account

from .defaults import GALLERY_PORT, SERVICE_PORT
from .search import Hit
from .search.hits import hit_of
from .search.picture import Size, text
from .search.queries import LIGHT
from .search.table import clean, pixels, swatches

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "tests" / "pictures"
FOLDER = ROOT / ".embedded" / "demo"
# Title and file: turned by EXIF, with transparency, six formats, one broken.
DOCUMENTS = {
    "Mountain lake, camera upside down": "exif-orientation/Landscape_3.jpg",
    "Mountain lake, camera turned left": "exif-orientation/Landscape_6.jpg",
    "Mountain lake, camera turned right": "exif-orientation/Landscape_8.jpg",
    "Paris, turned and mirrored": "libavif/paris_exif_orientation_5.jpg",
    "Paris in AVIF": "libavif/paris_icc_exif_xmp.avif",
    "Bridge": "pdq/bridge-mods/aaa-orig.jpg",
    "Chelsea the cat": "skimage/chelsea.png",
    "Astronaut Eileen Collins": "skimage/astronaut.png",
    "Greek coins": "skimage/coins.png",
    "Flower": "pillow/flower.jpg",
    "Gopher with transparency": "golang-image/gopher-doc.with-alpha.png",
    "Colours in WebP": "golang-image/blue-purple-pink.lossless.webp",
    "A broken file": "sharp/truncated.jpg",
}


@click.command()
@click.option(
    "--http-port", type=click.IntRange(0, 65535), default=9200, show_default=True, help="Elasticsearch's port."
)
@click.option(
    "--service-port",
    type=click.IntRange(1, 65535),
    default=SERVICE_PORT,
    show_default=True,
    help="The service's port.",
)
@click.option(
    "--gallery-port", type=click.IntRange(1, 65535), default=GALLERY_PORT, show_default=True, help="The gallery's port."
)
@click.option("--es-version", help="A supported Elasticsearch version.  [default: the newest that a JDK here can run]")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the demo's data.  [default: .embedded in the checkout]",
)
@click.option("--exit", "leave", is_flag=True, help="Stop when the table is printed instead of staying up.")
def demo(
    http_port: int, service_port: int, gallery_port: int, es_version: str | None, data: Path | None, leave: bool
) -> None:
    """Start a real node, service and gallery, index a dozen photographs with plain requests, show the result."""
    # SIGTERM ends the demo like Ctrl-C does: everything it started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Paths and the table need room, also without a terminal.
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 140)
    folder = data or FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    token = _token(folder)
    try:
        with _child(folder, "serve", service_port, "/readyz", IMAGE_TOKEN=token) as service_url:
            console.print(f"Service       {service_url} (log: {folder / 'serve.log'})")
            choice = choose(es_version)
            if choice.note:
                console.print(choice.note)
            version = choice.version
            with EmbeddedNode(
                es_version=version.number,
                data=data / version.number if data else default_folder(version, other_account()),
                http_port=http_port,
                token=token,
                plugin_zip=find_plugin_zip(version.number),
            ) as node:
                console.print(f"Elasticsearch {node.version} {node.url} (log: {node.log_file})\n")
                _run("bootstrap", "--url", node.url, "--service-url", service_url)
                console.print()
                index_documents(node.url, console)
                console.print(result_table(node.url))
                if leave:
                    return
                with _child(folder, "gallery", gallery_port, "/", "--url", node.url) as gallery_url:
                    console.print(_things_to_try(node.url, gallery_url), markup=False, highlight=False)
                    while node.poll() is None:
                        time.sleep(0.5)
    except KeyboardInterrupt:
        console.print("\nStopped. The pictures are kept; 'make demo' finds them again.")
    except NodeError as error:
        raise click.ClickException(str(error)) from error
    except subprocess.CalledProcessError as error:
        raise click.ClickException(f"'{' '.join(error.cmd[1:4])}' failed; see above") from error


def index_documents(url: str, console: Console) -> None:
    """Index the documents that are not there yet, each with one plain request."""
    for title, name in DOCUMENTS.items():
        id = Path(name).stem
        if requests.head(f"{url}/images/_doc/{id}", timeout=30).ok:
            continue
        start = time.perf_counter()
        data = base64.b64encode((PICTURES / name).read_bytes()).decode()
        answer = requests.put(f"{url}/images/_doc/{id}", json={"title": title, "image": {"data": data}}, timeout=60)
        answer.raise_for_status()
        console.print(f"PUT images/_doc/{id}  {answer.status_code}  {1000 * (time.perf_counter() - start):.0f} ms")
    requests.post(f"{url}/images/_refresh", timeout=30).raise_for_status()


def result_table(url: str) -> Table:
    """What is stored now, as a search finds it."""
    table = Table(title="GET images/_search", title_justify="left")
    for column in ("title", "came as", "stored as", "bytes", "shape", "colours"):
        table.add_column(column, justify="right" if column == "bytes" else "left")
    body = {"size": 100, "_source": LIGHT, "sort": "title.keyword"}
    for hit in requests.post(f"{url}/images/_search", json=body, timeout=30).json()["hits"]["hits"]:
        found = hit_of(hit)
        table.add_row(clean(found.title), *_cells(found))
    return table


def _cells(hit: Hit) -> Iterator[Text | str]:
    picture = hit.first
    if picture.error:
        yield from ("", Text(picture.error.code, style="red"), "", "", Text(picture.error.reason[:60], style="dim"))
        return
    if not picture.format:
        yield from ("", "no picture", "", "", "")
        return
    original = picture.original or Size()
    yield clean(f"{original.format} {pixels(original, 'x')}")
    yield clean(f"{picture.format} {pixels(picture, 'x')}")
    yield f"{(original.bytes or 0) // 1024} -> {(picture.bytes or 0) // 1024} kB"
    yield clean(", ".join(text(picture.raw.get(name)) for name in ("orientation", "size_class")))
    yield swatches(hit)


def _things_to_try(url: str, gallery: str) -> str:
    return f"""
Look at them: {gallery}
Try (in another terminal):
  curl '{url}/images/_search?q=lake+AND+landscape&filter_path=hits.hits._source.title&pretty'
  curl -X POST '{url}/images/_update/flower' -H 'Content-Type: application/json' \\
       -d '{{"doc": {{"image": {{"operations": [{{"rotate": {{"degrees": 90}}}}]}}}}}}'
  curl '{url}/images/_doc/flower?_source_includes=title,image.width,image.height,image.orientation&pretty'
Your own: .venv/bin/ingest-image index PATH... --url {url}
Ctrl-C stops everything.
"""


def _run(*arguments: str) -> None:
    """Run one of our own commands to its end."""
    subprocess.run([sys.executable, "-m", "ingest_image", *arguments], check=True)  # noqa: S603 - our own program


@contextmanager
def _child(folder: Path, command: str, port: int, ready: str, *arguments: str, **environment: str) -> Iterator[str]:
    """Run one of our servers as a child process; yields its address when the path `ready` answers."""
    url = f"http://127.0.0.1:{port}"
    log_file = folder / f"{command}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "ingest_image", command, "--port", str(port), *arguments],
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            # Ctrl-C in a terminal reaches us only; we stop the others in order.
            start_new_session=True,
        )
    try:
        while not _answers(url + ready):
            if process.poll() is not None:
                tail = log_file.read_text().strip().splitlines()[-1:]
                raise click.ClickException(f"'ingest-image {command}' did not start: {' '.join(tail)}")
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def _token(folder: Path) -> str:
    """The demo's own secret, made once; only its owner can read the file."""
    path = folder / "token"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text()
