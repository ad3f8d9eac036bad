"""The command of this room, for the program `ingest-image`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from .choice import choose
from .errors import NodeError
from .folder import default_folder
from .node import EmbeddedNode
from .plugin_zip import find_plugin_zip
from .run_as import other_account
from .signals import end_on_signals


def _pairs(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """`("a=b", "c=d")` as a dictionary."""
    pairs = [value.partition("=") for value in values]
    for name, equals, _ in pairs:
        if not name.strip() or not equals:
            raise click.BadParameter(f"{name!r} is not of the form name=value")
    return {name.strip(): value for name, _, value in pairs}


@click.command()
@click.option(
    "--port",
    "--http-port",
    "http_port",
    type=click.IntRange(0, 65535),
    default=9200,
    show_default=True,
    help="Port; 0 takes a free one.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the node  [.embedded/data/VERSION in a checkout]",
)
@click.option(
    "--es-version", metavar="VERSION", help="Version of Elasticsearch  [the newest that a JDK found here can run]"
)
@click.option("--service-token", envvar="IMAGE_TOKEN", help="Token of the service; safer in the environment.")
@click.option(
    "--service-token-file",
    "--token-file",
    "token_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the token of the service.",
)
@click.option("--heap", default="1g", show_default=True, help="Heap of the JVM.")
@click.option(
    "--setting", "settings", metavar="NAME=VALUE", multiple=True, callback=_pairs, help="For elasticsearch.yml."
)
@click.option("--plugin-zip", type=click.Path(path_type=Path), help="Plugin to install  [the build for its line]")
@click.option("--quick-start", is_flag=True, help="Ready in half the time, and slower later; for tests.")
@click.option("--without-plugin", is_flag=True, help="Start a bare Elasticsearch.")
def node(
    http_port: int,
    data: Path | None,
    es_version: str | None,
    service_token: str | None,
    token_file: Path | None,
    heap: str,
    settings: dict[str, str],
    plugin_zip: Path | None,
    quick_start: bool,
    without_plugin: bool,
) -> None:
    """Start a real Elasticsearch on this machine, with the plugin installed, until Ctrl-C."""
    token = token_file.read_text(encoding="utf-8").strip() if token_file else service_token
    end_on_signals()
    try:
        choice = choose(es_version)
        if choice.note:
            click.echo(choice.note, err=True)
        number = choice.version.number
        plugin = None if without_plugin else plugin_zip or find_plugin_zip(number)
        click.echo(f"Starting Elasticsearch {number} ...", err=True)
        with EmbeddedNode(
            es_version=number,
            data=data or default_folder(choice.version, other_account()),
            http_port=http_port,
            # A keystore with a token that no plugin knows would be refused.
            token=token if plugin else None,
            settings=settings,
            plugin_zip=plugin,
            heap=heap,
            quick_start=quick_start,
        ) as running:
            click.echo(f"Elasticsearch {number} is ready on {running.url}, log: {running.log_file}")
            while running.poll() is None:
                time.sleep(0.5)
            raise NodeError(f"Elasticsearch ended (exit code {running.poll()}), its log ends:\n{running.log_tail()}")
    except NodeError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
