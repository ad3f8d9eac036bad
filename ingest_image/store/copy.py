"""`ingest-image store copy`: copies all pictures to another store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from processor_service.errors import ImageError
from processor_service.store.addresses import ADDRESS, PREFIX, TRASH

from .opened import is_itself, keys_of_target, opened, progress, say

if TYPE_CHECKING:
    from processor_service.store.picture_store import PictureStore

_FAULTS_SHOWN = 20


@click.command("copy")
@click.argument("to", metavar="URL")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def copy_store(to: str, as_json: bool) -> None:
    """Copy every picture of the store at IMAGE_STORE_URL to the one at URL, checked by its SHA-256.

    What is there already is left alone, so the same command continues one that was interrupted. Keys and addresses of
    the other store are given as TO_AWS_..., TO_GOOGLE_... and TO_AZURE_...; without them they are those of the first.
    """
    source = opened()
    if is_itself(to):
        # What `store clean` has put away would be put back, and its grace time would begin again.
        raise click.ClickException("this is the store at IMAGE_STORE_URL itself: give the URL of another one")
    with keys_of_target():
        target = opened(to)
    counts: Counter[str] = Counter()
    faults: list[str] = []
    try:
        there = {each.key: each.size for each in target.list(PREFIX)}
        with progress("copying") as bar:
            task = bar.add_task("copying", total=None)
            for key, size in _pictures(source):
                if there.get(key) == size:
                    counts["there"] += 1
                else:
                    try:
                        data = source.get(key, None)
                    except ImageError as error:
                        if error.code.status == 503:
                            raise
                        faults.append(str(error))
                        bar.advance(task)
                        continue
                    target.put(key, data)
                    counts["copied"] += 1
                    counts["bytes"] += size
                    there[key] = size
                bar.advance(task)
    except ImageError as error:
        raise click.ClickException(f"{error}; the same command continues") from error
    summary = {name: counts[name] for name in ("copied", "bytes", "there")} | {"faults": faults}
    lines = [f"{counts['copied']} copied ({counts['bytes']} bytes), {counts['there']} were there already"]
    lines += faults[:_FAULTS_SHOWN]
    if len(faults) > _FAULTS_SHOWN:
        lines.append(f"and {len(faults) - _FAULTS_SHOWN} more that were not copied; --json lists all")
    say(as_json, summary, *lines)
    if faults:
        raise SystemExit(1)


def _pictures(store: PictureStore) -> Iterator[tuple[str, int]]:
    """The addresses and sizes of all pictures, also of those that `store clean` has put away.

    A snapshot may name them. Somebody else's files in the folder are left out.
    """
    for prefix in ("", TRASH):
        for each in store.list(prefix + PREFIX):
            key = each.key.removeprefix(prefix)
            if ADDRESS.fullmatch(key):
                yield key, each.size
