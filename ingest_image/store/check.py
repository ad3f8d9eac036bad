"""`ingest-image store check`: whether each document's picture is in the store, and is the right one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

import click
from elasticsearch import Elasticsearch

from pipelines.cluster.client import elasticsearch_options
from pipelines.wording import counted, shown
from processor_service.errors import Code, ImageError

from ..index_option import index_option, missing_index
from . import named
from .asking import storing_indices
from .opened import opened, progress, say

if TYPE_CHECKING:
    from processor_service.store.picture_store import PictureStore

_AT_ONCE = 8
_SHOWN = 20
_BROKEN = "broken"
_FAULTS = {
    Code.STORED_PICTURE_MISSING: "missing",
    Code.STORED_PICTURE_DAMAGED: "damaged",
}


@click.command()
@index_option
@elasticsearch_options
@click.option("--quick", is_flag=True, help="Only ask whether pictures are there; do not read them.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def check(client: Elasticsearch, index: str, quick: bool, as_json: bool) -> None:
    """See that the picture of every document of INDEX is in the store, and is what its SHA-256 says.

    Exits with 1 when one is not.
    """
    store = opened()
    if sentence := missing_index(client, index.split(",")):
        raise click.ClickException(sentence)
    named.refreshed(client, index)
    counts: Counter[str] = Counter()
    bad: list[tuple[str, named.Named, str]] = []
    storing = storing_indices(client, index)
    with progress("checking") as bar, ThreadPoolExecutor(_AT_ONCE) as pool:
        task = bar.add_task("checking", total=named.count(client, index))
        found = named.documents(client, index, lambda count: bar.advance(task, count), compared=True)
        for document, key, fault in _in_turn(pool, _Look(store, quick), _noting(client, found, bad, storing)):
            counts[fault or "sound"] += 1
            if fault:
                bad.append((fault, document, key))
    summary = {
        "pictures": counts.total(),
        "sound": counts["sound"],
        **{fault: counts[fault] for fault in dict.fromkeys(_FAULTS.values())},
        _BROKEN: sum(fault == _BROKEN for fault, _, _ in bad),
        "faults": [{"fault": fault, "index": at.index, "id": at.id, "stored": key} for fault, at, key in bad],
    }
    lines = [f"{counted(counts.total(), 'picture')} named by documents, {counts['sound']} are in the store"]
    lines += [f"{fault}: {shown(at.index)}/{shown(at.id)} {_names(fault, key)}" for fault, at, key in bad[:_SHOWN]]
    if len(bad) > _SHOWN:
        lines.append(f"and {len(bad) - _SHOWN} more; --json lists all")
    say(as_json, summary, *lines)
    if bad:
        raise SystemExit(1)


def _names(fault: str, key: str) -> str:
    if not key:
        return "names no picture, and has none"
    return f"names {shown(key)}{', which is not what its sha256 says' if fault == _BROKEN else ''}"


def _noting(
    client: Elasticsearch,
    found: Iterable[named.Named],
    bad: list[tuple[str, named.Named, str]],
    storing: set[str],
) -> Iterator[named.Named]:
    """The documents; what is broken in them is added to `bad`."""
    for document in found:
        keys = [key for key in document.broken if key]
        # A pipeline that keeps no picture (`none`, `remove_binary`) leaves such documents.
        if len(keys) < len(document.broken) and document.index in storing:
            keys += [""] * named.without_picture(client, document)
        bad += [(_BROKEN, document, key) for key in keys]
        yield document


class _Look:
    """Looks at one picture."""

    def __init__(self, store: PictureStore, quick: bool) -> None:
        self._store, self._quick = store, quick

    def __call__(self, key: str) -> str | None:
        """What is wrong with it; None when nothing is. Raises ClickException when the store does not answer."""
        try:
            if self._quick:
                self._store.head(key)
            else:
                self._store.get(key, None)
        except ImageError as error:
            if error.code not in _FAULTS:
                raise click.ClickException(str(error)) from error
            return _FAULTS[error.code]
        return None


def _in_turn(
    pool: ThreadPoolExecutor, look: _Look, documents: Iterable[named.Named]
) -> Iterator[tuple[named.Named, str, str | None]]:
    """Look at several pictures at a time, and hold no more than that many."""
    wanted = ((document, key) for document in documents for key in document.keys)
    waiting: list[tuple[named.Named, str, Future[str | None]]] = []
    while True:
        waiting += [(at, key, pool.submit(look, key)) for at, key in islice(wanted, 2 * _AT_ONCE - len(waiting))]
        if not waiting:
            return
        at, key, future = waiting.pop(0)
        yield at, key, future.result()
