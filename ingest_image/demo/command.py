"""`ingest-image demo`: the main job on the embedded node with real pictures, which stays up to try."""

from __future__ import annotations

import secrets
import shlex
import subprocess
import sys
import time
from pathlib import Path

import click
import requests
from rich.console import Console

from embedded_node import EmbeddedNode, NodeError, find_plugin_zip
from embedded_node.choice import choose
from embedded_node.folder import default_folder
from embedded_node.places import work_folder
from embedded_node.readiness import check_port
from embedded_node.run_as import other_account
from embedded_node.signals import end_on_signals
from processor_service.embedders.lite0 import Lite0
from processor_service.settings import Settings
from processor_service.workers.lack import lack

from ..defaults import GALLERY_PORT, SERVICE_PORT
from .documents import check_embedder, index_documents, is_anything_recognized, result_table, some_wait
from .servers import PATIENCE, Child, ChildServer, child, child_server, our_program, surroundings


@click.command()
@click.option(
    "--es-port",
    "--http-port",
    "es_port",
    type=click.IntRange(0, 65535),
    default=9200,
    show_default=True,
    help="Elasticsearch's port; 0 takes a free one.",
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
    es_port: int, service_port: int, gallery_port: int, es_version: str | None, data: Path | None, leave: bool
) -> None:
    """Start a real node, service and gallery, index a dozen photographs with plain requests, show the result."""
    end_on_signals()
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
        if not leave:
            # Not after a minute of work.
            check_port(gallery_port)
        with child_server(folder, "serve", service_port, IMAGE_TOKEN=token, **embedder) as service:
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
                http_port=es_port,
                token=token,
                plugin_zip=find_plugin_zip(version.number),
                # People wait for it, and then ask little of it.
                quick_start=True,
            ) as node:
                console.print(f"Elasticsearch {node.version} {node.url} (log: {node.log_file})\n")
                # Its models are loaded while the node starts.
                service.wait_for("/readyz")
                recognition = "--no-recognize" if nothing else "--recognize"
                _run("bootstrap", "--url", node.url, "--service-url", service.url, recognition)
                if not nothing:
                    console.print("(the demo runs one itself)")
                try:
                    if not nothing:
                        check_embedder(node.url, stored)
                    _index_and_show(console, folder, gallery_port, node, service, leave)
                except requests.RequestException as error:
                    # If it is the service, that is what to say.
                    service.check()
                    raise click.ClickException(f"{error}; the node's log: {node.log_file}") from error
    except KeyboardInterrupt:
        console.print("\nStopped. The pictures are kept; the next demo finds them again.")
    except NodeError as error:
        raise click.ClickException(str(error)) from error


def _index_and_show(
    console: Console, folder: Path, gallery_port: int, node: EmbeddedNode, service: ChildServer, leave: bool
) -> None:
    """Index the documents, wait until they are enriched, print them. Then show them in the gallery, or leave."""
    console.print()
    with child(folder, "enrich", "--url", node.url) as enricher:
        index_documents(node.url, console)
        wait_until_enriched(node.url, console, enricher, service)
        console.print(result_table(node.url))
        if leave:
            return
        with child_server(folder, "gallery", gallery_port, "--url", node.url) as gallery:
            gallery.wait_for("/")
            text = _things_to_try(node.url, gallery.url, service.url, folder / "token")
            console.print(text, markup=False, highlight=False)
            _stay(node, service, gallery, enricher)


def wait_until_enriched(url: str, console: Console, enricher: Child, service: Child, minutes: float = PATIENCE) -> None:
    """Wait until everything was added to the pictures; if that takes too long, say so and go on."""
    deadline = time.monotonic() + minutes * 60
    while some_wait(url):
        # An enricher waits for a service that is away.
        service.check()
        enricher.check()
        if time.monotonic() > deadline:
            console.print(f"Some pictures still wait for what is seen in them; the enricher's log: {enricher.log_file}")
            return
        time.sleep(0.2)


def _stay(node: EmbeddedNode, *started: Child) -> None:
    """Wait until one of them ends, which is an error."""
    while node.poll() is None:
        for each in started:
            each.check()
        time.sleep(0.5)
    raise NodeError(f"Elasticsearch ended (exit code {node.poll()}), its log ends:\n{node.log_tail()}")


def _things_to_try(url: str, gallery: str, service: str, token: Path) -> str:
    # What was typed, or would have to be: the program need not be on the PATH.
    program = Path(sys.executable).parent / "ingest-image"
    # They would find nothing otherwise.
    by_sight = f"""
  curl '{url}/images/_search?q=image.labels:animal&filter_path=hits.hits._source.title&pretty'
  {program} search --plate BXY1234 --url {url}"""
    return f"""
Look at them: {gallery}
Try (in another terminal):
  curl '{url}/images/_search?q=lake+AND+landscape&filter_path=hits.hits._source.title&pretty'\
{by_sight if is_anything_recognized(url) else ""}
  curl -X POST '{url}/images/_update/flower' -H 'Content-Type: application/json' \\
       -d '{{"doc": {{"image": {{"operations": [{{"rotate": {{"degrees": 90}}}}]}}}}}}'
  curl '{url}/images/_doc/flower?_source_includes=title,image.width,image.height,image.orientation&pretty'
Your own: {program} index PATH... --index images --url {url}
Is all well: IMAGE_TOKEN=$(cat {shlex.quote(str(token))}) {program} doctor --url {url} --service-url {service}
  (its one warning is about the broken file above, which is there to show what becomes of one)
Ctrl-C stops everything.
"""


def _run(command: str, *arguments: str) -> None:
    """Run one of our own commands to its end."""
    done = subprocess.run(our_program(command, *arguments), env=surroundings(), check=False)  # noqa: S603 - our own program
    if done.returncode:
        raise click.ClickException(f"'ingest-image {command}' failed; see above")


def _token(folder: Path) -> str:
    """The demo's own secret, made once; only its owner can read the file."""
    path = folder / "token"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text()
