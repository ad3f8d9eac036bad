"""The little that a run has to remember to continue after a kill.

A document that is written gets the next sequence number of its shard. So every document above the numbers at the
beginning of the run is done, by this run or by somebody's newer write. Only those numbers have to be kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
from elasticsearch import Elasticsearch

from pipelines.cluster.bulks import BulkStopped

_UNAVAILABLE = 503


@dataclass
class IndexState:
    """An index by its unique id, and the highest sequence number of each shard when the run began."""

    uuid: str
    limits: dict[str, int]


@dataclass
class State:
    """A run: `key` identifies what it does, `run_id` marks its requests."""

    key: str
    run_id: str = field(default_factory=lambda: f"ingest-image-reprocess-{uuid.uuid4().hex[:12]}")
    begun: float = field(default_factory=time.time)
    indices: dict[str, IndexState] = field(default_factory=dict)

    def limits(self, client: Elasticsearch, index: str, index_uuid: str) -> Mapping[str, int]:
        """The limits of an index; the current ones if it is new to the run."""
        known = self.indices.get(index)
        if known is None or known.uuid != index_uuid:
            known = self.indices[index] = IndexState(index_uuid, _highest_numbers(client, index))
        return known.limits


def _highest_numbers(client: Elasticsearch, index: str) -> dict[str, int]:
    answer = client.indices.stats(
        index=index,
        metric="docs",
        level="shards",
        filter_path=["indices.*.shards.*.routing.primary", "indices.*.shards.*.seq_no.max_seq_no"],
    ).body
    shards = answer.get("indices", {}).get(index, {}).get("shards", {})
    highest = {
        number: copy["seq_no"]["max_seq_no"]
        for number, copies in shards.items()
        for copy in copies
        if copy["routing"]["primary"] and "seq_no" in copy
    }
    name = "index.number_of_shards"
    settings = client.indices.get_settings(index=index, name=name, flat_settings=True).body
    total = int(settings[index]["settings"][name])
    if len(highest) < total:
        sentence = (
            f"{total - len(highest)} of {total} shards of {index} cannot be read now, so documents would be left out: "
            "GET _cluster/allocation/explain says why"
        )
        raise click.ClickException(sentence) from BulkStopped(sentence, _UNAVAILABLE)
    return highest


def key_of(**parts: Any) -> str:
    """Equal for runs that do the same."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def default_path(key: str) -> Path:
    """The file for the state of a run, unless the user names one."""
    return Path(click.get_app_dir("ingest-image")) / f"reprocess-{key}.json"


def load(path: Path, key: str) -> State | None:
    """The state of an earlier, interrupted run; None when there is none.

    Raises ClickException for any other file.
    """
    try:
        body = json.loads(path.read_text("utf-8"))
        indices = {name: IndexState(**entry) for name, entry in body.pop("indices").items()}
        state = State(**body, indices=indices)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise click.ClickException(f"{path} is not the state of a run: remove it, or name another file") from error
    if state.key != key:
        raise click.ClickException(
            f"{path} is the state of another run (another index, selection or pipeline): name another file, or "
            "--restart"
        )
    return state


def save(path: Path, state: State) -> None:
    """Write the state atomically: after a kill there is either the old one or the new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f"{path.name}.{os.getpid()}")
        scratch.write_text(json.dumps(asdict(state)), "utf-8")
        scratch.replace(path)
    except OSError as error:
        raise click.ClickException(
            f"the state of the run cannot be written to {path} ({error.strerror}): name another file with --state"
        ) from error
