"""`ingest-image plugin`: the plugin's zip for any release of a known line."""

from __future__ import annotations

import json
from pathlib import Path

import click

from embedded_node import NodeError
from embedded_node.plugin_zip import make_plugin_zip


@click.command()
@click.option("--es-version", metavar="VERSION", required=True, help="The exact version of the nodes, such as 9.5.2.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for the zip.  [default: the current one]",
)
@click.option("--json", "as_json", is_flag=True, help='Print {"es_version", "file", "install"}.')
def plugin(es_version: str, out: Path, as_json: bool) -> None:
    """Write the zip of the Elasticsearch plugin for one version of Elasticsearch.

    A node takes only a zip that names exactly its own version. The one for any patch release is made from the build
    for its line, where that line is known to work (docs/versions.md).
    """
    try:
        made = make_plugin_zip(es_version, out)
    except NodeError as error:
        raise click.ClickException(str(error)) from error
    install = f"bin/elasticsearch-plugin install file://{made.absolute()}"
    if as_json:
        click.echo(json.dumps({"es_version": es_version, "file": str(made.absolute()), "install": install}, indent=2))
        return
    click.echo(made)
    click.echo(f"On each node: {install}", err=True)
