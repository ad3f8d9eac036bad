"""Makes a plan for a cluster, and carries it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from elasticsearch import AuthorizationException, BadRequestError, Elasticsearch

from ..cluster.index_pipelines import settings_by_index
from ..cluster.reasons import reason_of
from ..cluster.sentences import RECOGNITION_OFF
from ..inference import endpoints
from ..resources import DEFAULT_PIPELINE, Body, Kind, Resource, bundled
from . import kinds, streams
from .plan import Fate, Step, install_step, uninstall_step
from .recognition import is_recognizing, is_undecided, recognizing, service_recognizes, undecided


def plan_install(
    client: Elasticsearch,
    service_urls: Sequence[str] = (),
    patterns: Sequence[str] = (),
    force: bool = False,
    definitions: Sequence[Resource] | None = None,
    codec: str | None = None,
    vectors: str | None = None,
    data_streams: Sequence[str] = (),
    retention: str | None = None,
    recognize: bool | None = None,
) -> list[Step]:
    """Read what is installed and decide; changes nothing. What others refer to comes first.

    `definitions` replace the bundled ones, for another form of them with its endpoints. `recognize`: whether `images`
    recognizes; None for as it is installed, and if it is not, whether the service can.
    """
    resources = [kinds.hosts(list(service_urls))] if service_urls else []
    ours = bundled() if definitions is None else definitions
    richer: dict[str, Body] = {}
    if definitions is None:
        default = next(one for one in ours if (one.kind, one.name) == (Kind.PIPELINE, DEFAULT_PIPELINE))
        there = kinds.read(client, default) if recognize is None else None
        if recognize or (there is not None and is_recognizing(there)):
            ours = recognizing(ours)
        elif recognize is None and (there is None or is_undecided(there)):
            more = recognizing(ours)
            more += streams.resources(client, more, data_streams, retention)
            richer = {one.name: one.body for one in more if one.kind is Kind.PIPELINE}
    resources += [*ours, *streams.resources(client, ours, data_streams, retention)]
    steps = [
        install_step(
            resource, kinds.read(client, resource), patterns=patterns, codec=codec, vectors=vectors, force=force
        )
        for resource in resources
    ]
    steps = [_or_recognizing(step, richer) for step in steps]
    return steps + _endpoints_without_use(client, steps)


def _or_recognizing(step: Step, richer: Mapping[str, Body]) -> Step:
    """With the body that recognizes, if that is another one."""
    body = richer.get(step.resource.name) if step.resource.kind is Kind.PIPELINE else None
    return replace(step, recognizing=body) if step.fate.changes and body not in (None, step.body) else step


def plan_uninstall(client: Elasticsearch) -> list[Step]:
    """Decide what to remove; changes nothing. The template goes first, so that no new index asks for a pipeline."""
    of_streams = [*reversed(streams.installed(client))]
    kept = [
        Step(one, Fate.IN_USE, remark=f"by the data stream {one.name}")
        for one in of_streams
        if one.kind is Kind.TEMPLATE and streams.exists(client, one.name)
    ]
    resources: list[Resource] = [*of_streams, *reversed(bundled()), kinds.hosts([])]
    steps = [_uninstall_step(client, resource) for resource in resources]
    return kept + steps + _endpoints_without_use(client, steps)


def _uninstall_step(client: Elasticsearch, resource: Resource) -> Step:
    step = uninstall_step(resource, kinds.read(client, resource))
    if resource.kind is Kind.COMPONENT and step.fate is Fate.REMOVED and (users := _composed_of(client, resource.name)):
        return Step(resource, Fate.IN_USE, remark=f"by the index template {', '.join(users)}")
    return step


def _composed_of(client: Elasticsearch, component: str) -> list[str]:
    """The index templates that a component template is part of, without which Elasticsearch does not let it go."""
    templates = client.indices.get_index_template().body["index_templates"]
    return sorted(one["name"] for one in templates if component in one["index_template"].get("composed_of", ()))


def _endpoints_without_use(client: Elasticsearch, steps: Sequence[Step]) -> list[Step]:
    """What happens to our endpoints that are not needed after these steps."""
    wanted = [step.resource.name for step in steps if step.resource.kind is Kind.ENDPOINT]
    changed = {step.resource.name for step in steps if step.resource.kind is Kind.PIPELINE and step.fate.changes}
    return [
        Step(resource, Fate.IN_USE, remark=f"by the pipeline {', '.join(users)}")
        if (users := [name for name in named_by if name not in changed])
        else Step(resource, Fate.REMOVED)
        for resource, named_by in endpoints.left_over(client, wanted)
    ]


def carry_out(client: Elasticsearch, steps: Sequence[Step]) -> Iterator[Step]:
    """Send the changes; yields each step when it is done. A pipeline that the service cannot serve is left out."""
    asked, recognizes = False, None
    for step in steps:
        if step.recognizing and step.body:
            recognizes = recognizes if asked else service_recognizes(client)
            asked = True
            step = replace(step, body=_chosen(step.body, step.recognizing, recognizes))
        if step.fate is Fate.REMOVED:
            kinds.delete(client, step.resource)
        elif step.body is not None and step.fate.changes:
            try:
                kinds.write(client, step.resource, step.body)
            except BadRequestError as error:
                reason = reason_of(error)
                if step.resource.kind is not Kind.PIPELINE or not reason.startswith(f"[{RECOGNITION_OFF}]"):
                    raise
                step = replace(step, fate=Fate.LACKING, remark=f"{reason}; run bootstrap again then")
        yield step


def _chosen(plain: Body, recognizing: Body, recognizes: bool | None) -> Body:
    """The body to install."""
    return undecided(plain) if recognizes is None else recognizing if recognizes else plain


def indices_using(client: Elasticsearch, steps: Sequence[Step]) -> dict[tuple[str, str], list[str]]:
    """Indices that still name a pipeline to be removed, by pipeline and setting: Elasticsearch refuses to delete it.

    Empty when the user may not read the settings of all indices: then Elasticsearch itself refuses.
    """
    names = {step.resource.name for step in steps if step.fate is Fate.REMOVED and step.resource.kind is Kind.PIPELINE}
    try:
        indices = settings_by_index(client, "*", expand_wildcards="all")
    except AuthorizationException:
        return {}
    users: dict[tuple[str, str], list[str]] = {}
    for index, settings in indices.items():
        for setting, pipeline in settings.items():
            if pipeline in names:
                users.setdefault((pipeline, setting), []).append(index)
    return users
