"""Installs our objects in Kibana or removes them, and reports what happened to each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from .api import Kibana
from .objects import identities, saved_objects

_KINDS = {"index-pattern": "data view", "lens": "chart", "search": "search", "dashboard": "dashboard"}


def kibana_option(command: Callable[..., None]) -> Callable[..., None]:
    """The option `--kibana-url`."""
    return click.option(
        "--kibana-url",
        envvar="KIBANA_URL",
        metavar="URL",
        help="Also install a data view with thumbnails and a dashboard in this Kibana (docs/kibana.md); may end with "
        "/s/SPACE.",
    )(command)


def connect(url: str) -> Kibana:
    """Kibana with the user of Elasticsearch that the command was given; they share their users."""
    given: dict[str, Any] = click.get_current_context().params
    return Kibana(
        url,
        api_key=given.get("api_key"),
        username=given.get("username"),
        password=given.get("password"),
        ca_certs=given.get("ca_certs"),
    )


def install(kibana: Kibana, patterns: Sequence[str], dry_run: bool = False) -> Iterator[str]:
    """Write all objects; yields a line for each."""
    if dry_run:
        for type_, id in reversed(identities()):
            yield f"would be written: Kibana {_KINDS[type_]} {id}"
        return
    for (type_, id), was_there in kibana.import_objects(saved_objects(patterns)).items():
        yield f"{'updated' if was_there else 'created'}: Kibana {_KINDS[type_]} {id}"


def uninstall(kibana: Kibana, dry_run: bool = False) -> Iterator[str]:
    """Remove all objects, the dashboard first; yields a line for each."""
    for type_, id in identities():
        if dry_run:
            yield f"would be removed: Kibana {_KINDS[type_]} {id}"
        else:
            yield f"{'removed' if kibana.delete(type_, id) else 'absent'}: Kibana {_KINDS[type_]} {id}"
