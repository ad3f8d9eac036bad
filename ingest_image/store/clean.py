"""`ingest-image store clean`: removes pictures that no document names (docs/store.md says why that is safe)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click
from elasticsearch import Elasticsearch, NotFoundError

from pipelines.cluster.client import elasticsearch_options
from pipelines.cluster.units import seconds_of
from pipelines.wording import counted
from processor_service.errors import ImageError
from processor_service.store.addresses import PREFIX, TRASH, sha256_of

from ..index_option import missing_index
from . import named
from .opened import opened, progress, say

if TYPE_CHECKING:
    from processor_service.store.picture_store import PictureStore, StoredObject


@dataclass
class Plan:
    """What is done to which objects, by their keys; those in the trash without its prefix."""

    put_away: list[StoredObject] = field(default_factory=list)
    put_back: list[StoredObject] = field(default_factory=list)
    delete: list[StoredObject] = field(default_factory=list)
    # Files of a folder that a writer, who was killed, has begun.
    unfinished: list[StoredObject] = field(default_factory=list)


def grace_time(text: str) -> timedelta:
    """A time such as `7d`, `12h`, `30m` or `0s`."""
    try:
        return timedelta(seconds=seconds_of(text))
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{text!r} is not a time; valid are for example 7d, 12h, 30m") from error


@click.command()
@click.argument("named_indices", metavar="[INDEX]...", nargs=-1)
@click.option(
    "--index", "indices", metavar="INDEX", multiple=True, help="An index; repeat for several. Also as arguments."
)
@elasticsearch_options
@click.option("--delete", is_flag=True, help="Do it. Without this, only list what would be done.")
@click.option(
    "--grace",
    type=grace_time,
    default="7d",
    show_default=True,
    help="Leave alone what was written or put away less than this long ago. At least as long as a document can be on "
    "its way: the longest timeout of a pipeline.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all keys and the summary as JSON.")
def clean(
    client: Elasticsearch,
    named_indices: tuple[str, ...],
    indices: tuple[str, ...],
    delete: bool,
    grace: timedelta,
    as_json: bool,
) -> None:
    """Remove pictures from the store that no document of INDEX... names. Name every index that uses the store.

    Pictures are put into its folder trash/, where they are still found; the next run after the grace time deletes
    them, or puts them back when a document names them after all.
    """
    indices += named_indices
    if not indices:
        raise click.UsageError("which indices? give --index, or their names as arguments")
    store, index = opened(), all_of(client, indices)
    damaged: list[str] = []
    try:
        plan = _plan(client, store, index, datetime.now(UTC) - grace)
        lines = [f"{what} {each.key}" for what, each in _named(plan)]
        if delete:
            damaged = _do(store, plan)
    except ImageError as error:
        raise click.ClickException(str(error)) from error
    size = sum(each.size for each in plan.put_away)
    would = "" if delete else "would be "
    summary = (
        f"{counted(len(plan.put_away), 'picture')} ({size} bytes) {would}put away, {len(plan.put_back)} {would}put "
        f"back, {len(plan.delete)} {would}deleted"
    )
    if plan.unfinished:
        summary += f"; {counted(len(plan.unfinished), 'unfinished file')} {would}deleted"
    if not delete:
        summary += "; --delete does it"
    keys = {
        "put_away": [each.key for each in plan.put_away],
        "put_back": [each.key for each in plan.put_back],
        "deleted": [each.key for each in plan.delete],
        "unfinished": [each.key for each in plan.unfinished],
        "damaged": damaged,
    }
    lines += [f"damaged, so it stays where it is: {key}" for key in damaged]
    say(as_json, {"done": delete, "bytes": size, **keys}, *lines, summary)


def all_of(client: Elasticsearch, indices: tuple[str, ...]) -> str:
    """The indices by their names. Raises ClickException when one of them cannot be read."""
    named_in = ",".join(sorted({name for each in ",".join(indices).split(",") for name in _behind(client, each)}))
    for name, body in client.indices.get_mapping(index=named_in).body.items():
        if set(body["mappings"].get("_source", ())) & {"enabled", "excludes", "includes"}:
            raise click.ClickException(
                f"the mapping of the index {name} keeps parts of documents out of _source, so pictures that they name "
                "could be overlooked"
            )
    return named_in


def _behind(client: Elasticsearch, expression: str) -> set[str]:
    """What a name, an alias or a pattern stands for. One that stands for nothing is most likely misspelled."""
    try:
        found = client.indices.resolve_index(name=expression, expand_wildcards="all").body
    except NotFoundError as error:
        raise click.ClickException(missing_index(client, [expression]) or str(error)) from error
    if closed := [each["name"] for each in found["indices"] if "closed" in each.get("attributes", ())]:
        raise click.ClickException(f"the index {closed[0]} is closed, so its documents cannot be read: open it first")
    names = {each["name"] for each in found["indices"]}
    for stream in found["data_streams"]:
        # Documents that it refused after their pipeline have their pictures, too, and may be sent again.
        names |= {stream["name"], f"{stream['name']}::failures"}
    # Whole indices: an alias may show only a part of their documents.
    names.update(name for alias in found["aliases"] for name in alias["indices"])
    if not names:
        raise click.ClickException(f"there is no index {expression}")
    return names


def _plan(client: Elasticsearch, store: PictureStore, index: str, before: datetime) -> Plan:
    """What to do. First the objects are listed, then the documents are read.

    So each picture that is put away was there for the grace time before any document was looked at.
    """
    old = [each for each in store.list(PREFIX) if each.modified <= before]
    trash = list(store.list(TRASH))
    unfinished = [each for each in store.unfinished() if each.modified <= before]
    if not named.refreshed(client, index):
        raise click.ClickException(
            "the user may not refresh the indices (privilege maintenance), so documents could be overlooked"
        )
    wanted = set[bytes]()
    with progress("reading documents") as bar:
        task = bar.add_task("reading", total=named.count(client, index))
        for document in named.documents(client, index, lambda count: bar.advance(task, count)):
            wanted.update(bytes.fromhex(sha256_of(key)) for key in document.keys)
    plan = Plan([each for each in old if not _is_in(each.key, wanted)], unfinished=unfinished)
    # An older copy of what is put away now: documents may have named it since that was made.
    again = {each.key for each in plan.put_away}
    for each in trash:
        key = each.key.removeprefix(TRASH)
        if _is_in(key, wanted):
            plan.put_back.append(each)
        elif each.modified <= before and key not in again:
            plan.delete.append(each)
    return plan


def _is_in(key: str, wanted: set[bytes]) -> bool:
    try:
        return bytes.fromhex(sha256_of(key)) in wanted
    except ImageError:
        # Not ours: somebody else uses the folder, too.
        return True


def _named(plan: Plan) -> Iterator[tuple[str, StoredObject]]:
    for what, objects in (
        ("put away", plan.put_away),
        ("put back", plan.put_back),
        ("delete", plan.delete),
        ("delete unfinished", plan.unfinished),
    ):
        for each in objects:
            yield what, each


def _do(store: PictureStore, plan: Plan) -> list[str]:
    """Do it; returns the keys of what stays in the trash because it is damaged."""
    damaged: list[str] = []
    with progress("cleaning") as bar:
        task = bar.add_task("cleaning", total=sum(1 for _ in _named(plan)))
        for what, each in _named(plan):
            if what == "put away":
                store.move(each.key, TRASH + each.key)
            elif what == "put back":
                if not store.put_back(each.key.removeprefix(TRASH)):
                    damaged.append(each.key)
            elif what == "delete":
                store.delete(each.key)
            else:
                store.delete_unfinished(each.key)
            bar.advance(task)
    return damaged
