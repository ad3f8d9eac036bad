"""`ingest-image doctor`: prints what the checks find."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

import click
from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError

from pipelines.cluster.client import elasticsearch_options, explain
from pipelines.wording import counted

from ..service import ask
from .checks import examine
from .finding import Finding, Level
from .installation import Installation

_COLORS = {Level.OK: "green", Level.WARN: "yellow", Level.ERROR: "red"}
_CANNOT_LOOK = 2


@click.command()
@elasticsearch_options
@click.option(
    "--index",
    "indices",
    multiple=True,
    metavar="INDEX",
    help="indices to look at, wildcards allowed; repeat for several; default: those of the installed template",
)
@click.option(
    "--service-url", metavar="URL", help="the processor service as seen from here: look at its limits and token as well"
)
@click.option("--service-token", envvar="IMAGE_TOKEN", help="its token; better set as IMAGE_TOKEN")
@click.option("--json", "as_json", is_flag=True, help="print findings as JSON")
def doctor(
    client: Elasticsearch, indices: tuple[str, ...], service_url: str | None, service_token: str | None, as_json: bool
) -> None:
    """Look for what keeps pictures from being stored and found; change nothing.

    The exit code is 0 when there is no error (there may be warnings), 1 when there is one, 2 when Elasticsearch cannot
    be looked at.
    """
    try:
        client.info()
        service = ask(service_url, service_token) if service_url else None
        findings = list(examine(Installation(client, indices, service)))
        code = 1 if any(finding.level is Level.ERROR for finding in findings) else 0
    except (ApiError, TransportError, UnsupportedProductError) as failure:
        url = next(iter(client.transport.node_pool.all())).base_url
        findings = [
            Finding(
                Level.ERROR,
                explain(failure, url),
                "give --url, and who you are (docs/bootstrap.md, Options)",
                "connection",
            )
        ]
        code = _CANNOT_LOOK
    _print(findings, as_json)
    raise SystemExit(code)


def _print(findings: Iterable[Finding], as_json: bool) -> None:
    findings = list(findings)
    counts = Counter(finding.level for finding in findings)
    if as_json:
        levels = {level.value: counts[level] for level in Level}
        click.echo(json.dumps({**levels, "findings": [finding.to_json() for finding in findings]}, indent=2))
        return
    for finding in findings:
        click.secho(f"{finding.level.value:<6}", fg=_COLORS[finding.level], nl=False)
        click.echo(f"{finding.check}: {finding.what}")
        if finding.advice:
            click.echo(f"       -> {finding.advice}")
    bad = f"{counted(counts[Level.ERROR], 'error')}, {counted(counts[Level.WARN], 'warning')}"
    click.echo(f"{bad}, {counted(counts[Level.OK], 'check')} well")
