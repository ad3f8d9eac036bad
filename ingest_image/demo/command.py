"""`ingest-image demo`: the main job on the embedded node with real pictures, which stays up to try."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import requests
from rich.console import Console

from embedded_node import EmbeddedNode, NodeError, find_plugin_zip
from embedded_node.choice import choose
from embedded_node.folder import default_folder
from embedded_node.places import work_folder
from embedded_node.run_as import other_account
from processor_service.embedders.lite0 import Lite0
from processor_service.settings import Settings
from processor_service.workers.lack import lack

from ..defaults import GALLERY_PORT, SERVICE_PORT
from .documents import index_documents, result_table
from .recognition import use_recognition


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
    help="Folder for the demo's data.  [default: .embedded in the checkout, or ~/.local/share/ingest-image]",
)
@click.option("--exit", "leave", is_flag=True, help="Stop when the table is printed instead of staying up.")
def demo(
    http_port: int, service_port: int, gallery_port: int, es_version: str | None, data: Path | None, leave: bool
) -> None:
    """Start a real node, service and gallery, index a dozen photographs with plain requests, show the result."""
    # SIGTERM ends the demo like Ctrl-C does: everything it started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Paths and the table need room, also without a terminal.
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 170)
    folder = data or work_folder() / "demo"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        token = _token(folder)
    except OSError as error:
        raise click.ClickException(
            f"cannot write to {folder}: {error.strerror}; choose another one with --data"
        ) from error
    nothing = lack(Settings())
    embedder = {} if nothing else {"IMAGE_EMBEDDER": Lite0.name()}
    try:
        with _child(folder, "serve", service_port, IMAGE_TOKEN=token, **embedder) as service:
            console.print(f"Service       {service.url} (log: {service.log_file})")
            if nothing:
                console.print(f"Nothing is recognized in pictures: {nothing}", markup=False)
            choice = choose(es_version)
            if choice.note:
                console.print(choice.note)
            version = choice.version
            stored = data / version.number if data else default_folder(version, other_account())
            with EmbeddedNode(
                es_version=version.number,
                data=stored,
                http_port=http_port,
                token=token,
                plugin_zip=find_plugin_zip(version.number),
                # People wait for it, and then ask little of it.
                quick_start=True,
            ) as node:
                console.print(f"Elasticsearch {node.version} {node.url} (log: {node.log_file})\n")
                # Its models are loaded while the node starts.
                service.wait_for("/readyz")
                _run("bootstrap", "--url", node.url, "--service-url", service.url)
                if not nothing:
                    use_recognition(node.url, stored)
                console.print()
                index_documents(node.url, console)
                console.print(result_table(node.url))
                if leave:
                    return
                with _child(folder, "gallery", gallery_port, "--url", node.url) as gallery:
                    gallery.wait_for("/")
                    console.print(_things_to_try(node.url, gallery.url), markup=False, highlight=False)
                    while node.poll() is None:
                        time.sleep(0.5)
    except KeyboardInterrupt:
        console.print("\nStopped. The pictures are kept; the next demo finds them again.")
    except NodeError as error:
        raise click.ClickException(str(error)) from error
    except subprocess.CalledProcessError as error:
        raise click.ClickException(f"'{' '.join(error.cmd[1:4])}' failed; see above") from error


def _things_to_try(url: str, gallery: str) -> str:
    # What was typed, or would have to be: the program need not be on the PATH.
    program = Path(sys.executable).parent / "ingest-image"
    return f"""
Look at them: {gallery}
Try (in another terminal):
  curl '{url}/images/_search?q=lake+AND+landscape&filter_path=hits.hits._source.title&pretty'
  curl '{url}/images/_search?q=image.labels:animal&filter_path=hits.hits._source.title&pretty'
  {program} search --plate BXY1234 --url {url}
  curl -X POST '{url}/images/_update/flower' -H 'Content-Type: application/json' \\
       -d '{{"doc": {{"image": {{"operations": [{{"rotate": {{"degrees": 90}}}}]}}}}}}'
  curl '{url}/images/_doc/flower?_source_includes=title,image.width,image.height,image.orientation&pretty'
Your own: {program} index PATH... --url {url}
Ctrl-C stops everything.
"""


def _run(*arguments: str) -> None:
    """Run one of our own commands to its end."""
    subprocess.run([sys.executable, "-m", "ingest_image", *arguments], check=True)  # noqa: S603 - our own program


@dataclass(frozen=True)
class _Child:
    """One of our servers, which may still be starting."""

    command: str
    url: str
    log_file: Path
    process: subprocess.Popen[bytes]

    def wait_for(self, path: str) -> None:
        """Wait until a path answers. Raises ClickException if the server ends before."""
        while not _answers(self.url + path):
            if self.process.poll() is not None:
                tail = self.log_file.read_text().strip().splitlines()[-1:]
                raise click.ClickException(f"'ingest-image {self.command}' did not start: {' '.join(tail)}")
            time.sleep(0.1)


@contextmanager
def _child(folder: Path, command: str, port: int, *arguments: str, **environment: str) -> Iterator[_Child]:
    """Run one of our servers as a child process."""
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
        yield _Child(command, url, log_file, process)
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
