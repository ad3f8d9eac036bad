"""What a run does to which indices, worked out before anything is written."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from elasticsearch import AuthorizationException, Elasticsearch, NotFoundError

from ..recipes import Maker, makers_or_sentence, targets_of
from ..resources import fingerprint
from .selection import Query, Selection
from .state import State

# A bulk of a killed run goes on in the node for as long as its pictures take.
_LONGEST_BULK = 600


@dataclass(frozen=True)
class IndexJob:
    """One index: its pipelines, the fields they write to, the query that selects."""

    index: str
    uuid: str
    pipelines: tuple[str, ...]
    targets: list[str]
    makers: dict[str, Maker]
    query: Query


def plan(client: Elasticsearch, expression: str, pipeline: str | None, selection: Selection) -> list[IndexJob]:
    """A job for each index that the expression (a name, an alias, a pattern) stands for."""
    answer = client.indices.get_settings(index=expression, flat_settings=True).body
    jobs = []
    for index, entry in sorted(answer.items()):
        settings = entry["settings"]
        named = (pipeline or settings.get("index.default_pipeline"), settings.get("index.final_pipeline"))
        pipelines = tuple(dict.fromkeys(name for name in named if name and name != "_none"))
        targets = list(dict.fromkeys(target for name in pipelines for target in _targets(client, name))) or ["image"]
        makers = makers_or_sentence(client, pipelines) if selection.stale and pipelines else {}
        query = selection.to_query(targets, makers)
        jobs.append(IndexJob(index, settings["index.uuid"], pipelines, targets, makers, query))
    return jobs


def _targets(client: Elasticsearch, pipeline: str) -> list[str]:
    try:
        return list(targets_of(client.ingest.get_pipeline(id=pipeline).body[pipeline]).values())
    except (AuthorizationException, NotFoundError):
        return []


def pipeline_fingerprints(client: Elasticsearch, jobs: list[IndexJob]) -> dict[str, str]:
    """Hash of each pipeline as it is now: with another pipeline it is another run."""
    names = dict.fromkeys(name for job in jobs for name in job.pipelines)
    found = {}
    for name in names:
        try:
            found[name] = fingerprint(client.ingest.get_pipeline(id=name).body[name])
        except AuthorizationException:
            found[name] = "unknown"
    return found


def wait_for_earlier_bulks(client: Elasticsearch, state: State, say: Callable[[str], None]) -> None:
    """Wait until nothing of a killed run is under way: a bulk goes on in the node when its sender is gone."""
    deadline = time.monotonic() + _LONGEST_BULK
    said = False
    while time.monotonic() < deadline:
        try:
            # Asked for by its address, for the client warns that the API is a preview.
            answer = client.perform_request(
                "GET", "/_tasks", params={"actions": "indices:data/write/bulk*"}, headers={"accept": "application/json"}
            )
        except AuthorizationException:
            return
        nodes = answer.body.get("nodes", {}).values()
        tasks = [task for node in nodes for task in node.get("tasks", {}).values()]
        if not any(task.get("headers", {}).get("X-Opaque-Id") == state.run_id for task in tasks):
            return
        if not said:
            say("waiting for the last request of the earlier run")
            said = True
        time.sleep(0.5)
