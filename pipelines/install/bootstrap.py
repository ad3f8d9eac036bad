"""`ingest-image bootstrap`: installs or removes the definitions, and reports what happened to each."""

from __future__ import annotations

from collections.abc import Sequence

import click
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from ..cluster.client import elasticsearch_options
from ..cluster.reasons import reason_of
from ..cluster.sentences import CheckFailed, diagnose
from ..inference import endpoints
from ..inference.choose import Wish, choose
from ..inference.options import NotExpressible
from ..kibana import install as in_kibana
from ..kibana.api import KibanaError
from ..resources import Kind, Resource, bundled
from . import apply, check, kinds, recognition, roles, streams
from .choices import APART, BEST_COMPRESSION, DEFAULT, IN_SOURCE
from .plan import Fate, Step
from .report import Report
from .stream_options import stream_options


@click.command()
@elasticsearch_options
@click.option(
    "--service-url",
    "service_urls",
    multiple=True,
    metavar="URL",
    help="Address of the processor service as the nodes see it; repeat for several. Without it the setting stays.",
)
@click.option(
    "--service-token", envvar="IMAGE_TOKEN", default="", help="Token of the service; safer in the environment."
)
@click.option(
    "--index-pattern",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Indices that get the pipeline; repeat for several. Default: images*, or what is already installed.",
)
@click.option(
    "--codec",
    type=click.Choice([DEFAULT, BEST_COMPRESSION]),
    help="How new indices compress documents (docs/performance.md). Default: Elasticsearch's, or what is already "
    "installed.",
)
@click.option(
    "--vectors",
    type=click.Choice([APART, IN_SOURCE]),
    help="Where new indices keep vectors from Elasticsearch 9.2 on: in-source makes pictures in documents faster to "
    "write and to list (docs/performance.md). Default: apart, as Elasticsearch does, or what is already installed.",
)
@click.option(
    "--bridge",
    "wish",
    type=click.Choice(["auto", "plugin", "inference"]),
    default="auto",
    show_default=True,
    help="How the nodes reach the service: through our plugin, or through inference endpoints "
    "(docs/inference-way.md), which need the token of the service here.",
)
@click.option(
    "--start-trial", is_flag=True, help="Start Elasticsearch's trial of 30 days if inference endpoints need it."
)
@click.option(
    "--recognize/--no-recognize",
    "recognize",
    default=None,
    help="Whether the pipeline images asks for text, plates, faces and labels, which ingest-image enrich then adds to "
    "what is stored. Default: what is already installed, or whether the service can.",
)
@stream_options
@in_kibana.kibana_option
@click.option("--force", is_flag=True, help="Also replace what is newer or was changed by hand.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--uninstall", is_flag=True, help="Remove exactly what bootstrap installs; indices and documents stay.")
@click.option("--json", "as_json", is_flag=True, help="Print what became of each as JSON (docs/bootstrap.md).")
@click.option(
    "--print-roles",
    is_flag=True,
    help="Only print roles and API keys with least privilege, for Dev Tools; sends nothing.",
)
def bootstrap(
    client: Elasticsearch,
    service_urls: tuple[str, ...],
    service_token: str,
    patterns: tuple[str, ...],
    codec: str | None,
    vectors: str | None,
    wish: Wish,
    start_trial: bool,
    recognize: bool | None,
    data_streams: tuple[str, ...],
    retention: str | None,
    kibana_url: str | None,
    force: bool,
    dry_run: bool,
    uninstall: bool,
    as_json: bool,
    print_roles: bool,
) -> None:
    """Install pipelines and index template into Elasticsearch; can be run again at any time, also to upgrade."""
    if print_roles:
        _print_roles(patterns, wish, as_json)
        return
    if uninstall:
        asked = service_urls or patterns or codec or vectors or force or start_trial or data_streams or retention
        if asked or wish != "auto" or recognize is not None:
            raise click.UsageError(
                "--uninstall goes with no other option than --dry-run, --json, --kibana-url and those of the connection"
            )
        with Report(as_json) as report:
            _uninstall(client, dry_run, report)
            _in_kibana(client, kibana_url, dry_run, report, uninstall)
        return
    if retention and not data_streams:
        raise click.UsageError("--retention goes with --data-stream")
    with Report(as_json) as report:
        try:
            if codec == BEST_COMPRESSION:
                check.zstd(client)
            if vectors == IN_SOURCE:
                check.vectors(client)
            bridge = choose(client, wish, start_trial, dry_run)
            report.bridge("inference" if bridge.service else "plugin", str(bridge))
            definitions = None
            if bridge.service:
                if recognize:
                    raise click.UsageError("--recognize needs the plugin: inference endpoints can add nothing later")
                definitions = _of_endpoints(client, bridge.service, service_urls, service_token)
                service_urls = ()
            steps = apply.plan_install(
                client, service_urls, patterns, force, definitions, codec, vectors, data_streams, retention, recognize
            )
            _install(client, steps, dry_run, report)
            if data_streams and not streams.can_set_time(client):
                report.note(
                    "a node has no processor `set`, so documents of data streams have to bring their own @timestamp"
                )
        except (CheckFailed, NotExpressible) as error:
            raise click.ClickException(str(error)) from error
        _in_kibana(client, kibana_url, dry_run, report)


def _print_roles(patterns: tuple[str, ...], wish: Wish, as_json: bool) -> None:
    if as_json:
        raise click.UsageError("--print-roles prints text for Dev Tools, without --json")
    template = next(resource for resource in bundled() if resource.kind is Kind.TEMPLATE)
    click.echo(roles.console(patterns or template.body["index_patterns"], wish == "inference"), nl=False)


def _of_endpoints(
    client: Elasticsearch, service: endpoints.Service, urls: tuple[str, ...], token: str
) -> list[Resource]:
    """The bundled definitions, for inference endpoints at the given address, or at the one that they have already."""
    if len(urls) > 1:
        raise click.UsageError("an inference endpoint has one address: give one --service-url")
    url = urls[0] if urls else endpoints.service_url(client)
    return endpoints.in_inference_form(bundled(), service, url, token)


def _in_kibana(client: Elasticsearch, url: str | None, dry_run: bool, report: Report, uninstall: bool = False) -> None:
    """Comes last, so that a missing Kibana does not stop anything else."""
    if not url:
        return
    try:
        if uninstall:
            lines = in_kibana.uninstall(in_kibana.connect(url), dry_run)
        else:
            template = next(resource for resource in bundled() if resource.kind is Kind.TEMPLATE)
            lines = in_kibana.install(in_kibana.connect(url), _patterns(client, template), dry_run)
        for line in lines:
            report.kibana(line)
    except KibanaError as error:
        raise click.ClickException(f"Elasticsearch is done, Kibana is not: {error}") from error


def _install(client: Elasticsearch, steps: Sequence[Step], dry_run: bool, report: Report) -> None:
    blocked = any(step.fate.blocks for step in steps)
    if blocked or dry_run:
        for step in steps:
            report.step(step, would_be=True)
        if blocked:
            raise click.ClickException(
                "nothing was changed, because something newer or somebody else's is in the way: use the newer program "
                "(or --force to go back to this version); the owner of what is somebody else's has to rename or "
                "remove it"
            )
        return
    try:
        done = []
        for step in apply.carry_out(client, steps):
            report.step(step)
            done.append(step)
    except BadRequestError as error:
        raise click.ClickException(diagnose(reason_of(error))) from error
    report.checked(check.process_tiny_picture(client))
    template = next(step for step in steps if step.resource.kind is Kind.TEMPLATE)
    for remark in (*check.remarks(client, _patterns(client, template.resource)), *recognition.remarks(done)):
        report.note(remark)


def _patterns(client: Elasticsearch, template: Resource) -> list[str]:
    installed = kinds.read(client, template) or template.body
    return list(installed["index_patterns"])


def _uninstall(client: Elasticsearch, dry_run: bool, report: Report) -> None:
    steps = apply.plan_uninstall(client)
    used = [one.resource.name for one in steps if (one.fate, one.resource.kind) == (Fate.IN_USE, Kind.TEMPLATE)]
    if used:
        names = ", ".join(used)
        raise click.ClickException(
            f"nothing was removed: Elasticsearch keeps the template of a data stream that exists: {names}. DELETE "
            "_data_stream/NAME deletes the stream with its documents"
        )
    users = apply.indices_using(client, steps)
    if dry_run:
        for step in steps:
            report.step(step, would_be=True)
    for (pipeline, setting), indices in users.items():
        names = ",".join(sorted(indices))
        click.echo(f"the pipeline {pipeline} is still in use by {names}; to let go of it:", err=True)
        click.echo(f'  PUT {names}/_settings {{"{setting}": null}}', err=True)
    if users:
        raise click.ClickException("nothing was removed: Elasticsearch deletes no pipeline that an index names")
    if dry_run:
        return
    try:
        for step in apply.carry_out(client, steps):
            report.step(step)
    except ApiError as error:
        raise click.ClickException(f"stopped; run it again when this is resolved: {reason_of(error)}") from error
