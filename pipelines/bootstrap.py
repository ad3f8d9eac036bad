"""`ingest-image bootstrap`: installs or removes the definitions and says what became of each."""

from __future__ import annotations

from collections.abc import Sequence

import click
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from . import check, cluster, install
from .client import elasticsearch_options, reason_of
from .plan import Fate, Step
from .resources import Kind


@click.command()
@elasticsearch_options
@click.option(
    "--service-url",
    "service_urls",
    multiple=True,
    metavar="URL",
    help="address of the processor service as the nodes see it; repeat for several; without: the setting stays",
)
@click.option(
    "--index-pattern",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="indices that get the pipeline; repeat for several; default: images*, or what is installed already",
)
@click.option("--force", is_flag=True, help="also replace what is newer or was changed by hand")
@click.option("--dry-run", is_flag=True, help="only say what would be done")
@click.option("--uninstall", is_flag=True, help="remove exactly what bootstrap installs; indices and documents stay")
def bootstrap(
    client: Elasticsearch,
    service_urls: tuple[str, ...],
    patterns: tuple[str, ...],
    force: bool,
    dry_run: bool,
    uninstall: bool,
) -> None:
    """Install pipelines and index template into Elasticsearch; run it again at any time, also to upgrade."""
    if uninstall:
        if service_urls or patterns or force:
            raise click.UsageError("--uninstall goes with no other option than --dry-run and those of the connection")
        _uninstall(client, dry_run)
        return
    try:
        _install(client, install.plan_install(client, service_urls, patterns, force), dry_run)
    except check.CheckFailed as error:
        raise click.ClickException(str(error)) from error


def _install(client: Elasticsearch, steps: Sequence[Step], dry_run: bool) -> None:
    check.require_plugin(client)
    blocked = any(step.fate.blocks for step in steps)
    if blocked or dry_run:
        _report(steps, "would be " if dry_run or blocked else "")
        if blocked:
            raise click.ClickException(
                "nothing was changed, because something newer or somebody else's is in the way: use the newer program "
                "(or --force to go back to this version); what is somebody else's is for its owner to rename or remove"
            )
        return
    try:
        for step in install.carry_out(client, steps):
            _report([step])
    except BadRequestError as error:
        raise click.ClickException(check.diagnose(reason_of(error))) from error
    click.echo(f"checked: {check.process_tiny_picture(client)}")
    template = next(step for step in steps if step.resource.kind is Kind.TEMPLATE)
    for remark in check.remarks(client, _patterns(client, template)):
        click.echo(f"note: {remark}", err=True)


def _patterns(client: Elasticsearch, template: Step) -> list[str]:
    installed = cluster.read(client, template.resource) or template.resource.body
    return list(installed["index_patterns"])


def _uninstall(client: Elasticsearch, dry_run: bool) -> None:
    steps = install.plan_uninstall(client)
    users = install.indices_using(client, steps)
    if dry_run:
        _report(steps, "would be ")
    for (pipeline, setting), indices in users.items():
        names = ",".join(sorted(indices))
        click.echo(f"the pipeline {pipeline} is still in use by {names}; to let go of it:", err=True)
        click.echo(f'  PUT {names}/_settings {{"{setting}": null}}', err=True)
    if users:
        raise click.ClickException("nothing was removed: Elasticsearch deletes no pipeline that an index names")
    if dry_run:
        return
    try:
        for step in install.carry_out(client, steps):
            _report([step])
    except ApiError as error:
        raise click.ClickException(f"stopped, run it again when this is settled: {reason_of(error)}") from error


def _report(steps: Sequence[Step], would_be: str = "") -> None:
    for step in steps:
        fate = (would_be if step.fate.changes else "") + step.fate.value
        remark = f" ({step.remark})" if step.remark else ""
        warns = step.fate in (Fate.EDITED, Fate.NEWER, Fate.FOREIGN)
        click.secho(f"{fate}: {step.resource.kind.value} {step.resource.name}{remark}", fg="yellow" if warns else None)
