"""Plans what a run does to which indices, before anything is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import click
from elasticsearch import AuthorizationException, Elasticsearch

from pipelines.cluster.bulks import bulks_under_way
from pipelines.cluster.called_pipelines import bodies_with_called, target_fields
from pipelines.cluster.current_makers import makers_or_sentence
from pipelines.cluster.index_pipelines import pipelines_of, readable_pipelines
from pipelines.cluster.makers import Maker, fields_of_pictures, is_inference_form
from pipelines.cluster.outdated import Outdated
from pipelines.resources import Body, fingerprint

from ..search.requests.bands import bands_of
from ..search.stored.schema import NUMBERS, read_schema
from .adding import Lacking, added_since
from .selection import Query, Selection
from .state import State

# Seconds. A bulk of a killed run continues in the node until its pictures are done.
_LONGEST_BULK = 600


@dataclass(frozen=True, kw_only=True)
class IndexJob:
    """One index: its pipelines, the fields they write to, the query that selects."""

    index: str
    uuid: str
    pipelines: tuple[str, ...]
    targets: list[str]
    makers: dict[str, Maker]
    query: Query
    # Whether documents have to be inspected, because the query alone cannot find all that are wanted.
    inspects: bool = False
    # Numeric fields with the sizes of pictures.
    sizes: Sequence[str] = ()
    # Fields that can hold pictures, if documents without one are left alone.
    fields: tuple[str, ...] | None = None
    # Targets whose hashes have a field for their bands.
    banded: tuple[str, ...] = ()
    # Targets whose pictures get what is pending.
    enriched: tuple[str, ...] = ()
    # By target, what is to be added to pictures.
    lacking: Mapping[str, Lacking] = field(default_factory=dict)
    # Where the pictures are that should not be there.
    elsewhere: str | None = None


def plan(client: Elasticsearch, expression: str, pipeline: str | None, selection: Selection) -> list[IndexJob]:
    """A job for each index that the expression (a name, an alias, a pattern) stands for."""
    answer = client.indices.get_settings(index=expression, flat_settings=True).body
    # All, as a pipeline may run others.
    installed = readable_pipelines(client)
    jobs = []
    for index, entry in sorted(answer.items()):
        settings = entry["settings"]
        pipelines = tuple(pipelines_of(settings, instead=pipeline))
        bodies = [installed.get(name, {}) for name in pipelines]
        targets = target_fields(pipelines, installed) or ["image"]
        # With what these run: pictures wait for all of it.
        run = bodies_with_called(pipelines, installed)
        asks = pipelines and (selection.stale or selection.outdated)
        known = makers_or_sentence(client, pipelines) if asks else {}
        makers = known if selection.stale else {}
        schema = read_schema(client, index)
        types = schema.types
        sizes = [name for target in targets if types.get(name := f"{target}.bytes") in NUMBERS]
        banded = tuple(target for target in targets if types.get(bands_of(target)) == "keyword")
        lacking: Mapping[str, Lacking] = added_since(run, selection.added) if selection.added else {}
        if selection.outdated and any(map(is_inference_form, run)):
            raise click.ClickException(
                f"without the plugin nothing can be added to the stored pictures of {index}: ingest-image reprocess "
                f"{index} makes them again"
            )
        if selection.outdated:
            # The index takes no vectors of another length.
            lacking = {
                target: Outdated(maker if schema.dims in (None, maker.dims) else maker.without("embedding"))
                for target, maker in known.items()
            }
        jobs.append(
            IndexJob(
                index=index,
                uuid=settings["index.uuid"],
                pipelines=pipelines,
                targets=targets,
                makers=makers,
                query=selection.to_query(targets, makers, banded, lacking, schema.countable),
                inspects=selection.unprocessed or selection.elsewhere is not None,
                sizes=sizes,
                fields=_fields(bodies) if selection.wants_pictures else None,
                banded=banded,
                enriched=tuple(targets) if selection.pending or selection.errors else (),
                lacking=lacking,
                elsewhere=selection.elsewhere,
            )
        )
    return jobs


def _fields(pipelines: list[Body]) -> tuple[str, ...] | None:
    """Fields that can hold pictures; None if unknown."""
    known = [fields_of_pictures(body) if body else None for body in pipelines]
    found = dict.fromkeys(field for fields in known if fields for field in fields)
    return tuple(found) if found and None not in known else None


def pipeline_fingerprints(client: Elasticsearch, jobs: list[IndexJob]) -> dict[str, str]:
    """Hash of each pipeline as it is now: a changed pipeline means another run."""
    names = dict.fromkeys(name for job in jobs for name in job.pipelines)
    found = {}
    for name in names:
        try:
            found[name] = fingerprint(client.ingest.get_pipeline(id=name).body[name])
        except AuthorizationException:
            found[name] = "unknown"
    return found


def wait_for_earlier_bulks(client: Elasticsearch, state: State, say: Callable[[str], None]) -> None:
    """Wait until the bulks of a killed run are done: they continue in the node without their sender."""
    deadline = time.monotonic() + _LONGEST_BULK
    said = False
    while time.monotonic() < deadline:
        try:
            if not any(name.startswith(state.run_id) for name in bulks_under_way(client)):
                return
        except AuthorizationException:
            return
        if not said:
            say("waiting for the last request of the earlier run")
            said = True
        time.sleep(0.5)
