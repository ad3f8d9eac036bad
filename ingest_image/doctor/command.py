"""`ingest-image doctor`: prints what the checks find."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

import click
from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError

from pipelines.cluster.client import addresses, elasticsearch_options, explain
from pipelines.wording import counted

from ..index_option import missing_index
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
    help="Indices to check, wildcards allowed; repeat for several. Default: those of the installed template.",
)
@click.option(
    "--service-url",
    metavar="URL",
    help="Address of the processor service as seen from here, to check its limits and token as well.",
)
@click.option("--service-token", envvar="IMAGE_TOKEN", help="Token of the service; safer in the environment.")
@click.option("--json", "as_json", is_flag=True, help="Print findings as JSON.")
def doctor(
    client: Elasticsearch, indices: tuple[str, ...], service_url: str | None, service_token: str | None, as_json: bool
) -> None:
    """Check everything that pictures pass on their way in; change nothing.

    The exit code is 0 when there is no error (there may be warnings), 1 when there is one, 2 when Elasticsearch does
    not answer or refuses.
    """
    try:
        client.info()
        service = ask(service_url, service_token) if service_url else None
        if sentence := missing_index(client, indices):
            findings = [Finding(Level.ERROR, sentence, "GET _cat/indices lists those that there are", "indices")]
        else:
            findings = list(examine(Installation(client, indices, service)))
        code = 1 if any(finding.level is Level.ERROR for finding in findings) else 0
    except (ApiError, TransportError, UnsupportedProductError) as failure:
        findings = [
            Finding(
                Level.ERROR,
                explain(failure, addresses(client)),
                "give --url and credentials (docs/bootstrap.md, Options)",
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
    click.echo(f"{bad}, {counted(counts[Level.OK], 'check')} ok")
