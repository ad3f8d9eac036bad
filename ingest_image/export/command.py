"""`ingest-image export`: writes stored pictures to a folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
from elasticsearch import BadRequestError, Elasticsearch

from pipelines.cluster.client import elasticsearch_options
from pipelines.cluster.reasons import reason_of
from pipelines.wording import counted, failures

from ..search.engine import Engine
from ..search.found.documents import read_hits
from ..search.found.hits import Hit, hit_of
from ..search.pages import pages
from ..search.questions.question import UserError
from ..search.selecting import selected, selection_options
from ..store.opened import progress
from .bytes import BYTES, PictureBytes
from .folder import ExportFolder, Key
from .names import file_name

# Documents looked at, and those whose pictures are in memory, at a time.
_PAGE, _AT_ONCE = 100, 8
_NAMED = ("title", "file_name", "file_path", "image.format", "image.sha256", "image.error", "image.metadata.title")


@dataclass
class ExportReport:
    """What became of the pictures; `failed`: ids and reasons."""

    written: int = 0
    there: int = 0
    without: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--index", default="images*", show_default=True, help="Indices to export; patterns are allowed.")
@elasticsearch_options
@selection_options
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def export(
    client: Elasticsearch, folder: Path, index: str, query: str | None, filters: tuple[str, ...], as_json: bool
) -> None:
    """Write the stored pictures of all documents, or of those that the options select, to FOLDER.

    Files get their original names and folders, without what could lead out of FOLDER. The same command continues an
    export that was interrupted or killed, and writes again what has changed since; the file that such a picture had
    under another name is removed. Pictures in a store are read from there: set IMAGE_STORE_URL as the service has it.
    """
    engine, report = Engine(client, index), ExportReport()
    try:
        engine.require_index()
        wanted = selected(engine, query, filters)
        _export(engine, wanted, ExportFolder(folder), report)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    except BadRequestError as error:
        raise click.ClickException(f"this cannot be searched for: {reason_of(error)}") from error
    except OSError as error:
        raise click.ClickException(f"cannot write to {folder}: {error.strerror}; the same command continues") from error
    except KeyboardInterrupt:
        click.echo("stopped; the same command continues", err=True)
        raise
    click.echo(_as_json(report) if as_json else "\n".join(_lines(report)))
    if report.failed:
        raise SystemExit(1)


def _export(engine: Engine, query: dict[str, object], folder: ExportFolder, report: ExportReport) -> None:
    source = PictureBytes()
    with progress("exporting") as bar:
        total = engine.client.count(index=engine.index, query=query)["count"]
        task = bar.add_task("exporting", total=total)
        for page in pages(engine, query, _PAGE, source_includes=list(_NAMED)):
            for hits in _in_eights([hit_of(raw) for raw in page], folder, report):
                for hit in _with_bytes(engine, hits):
                    _write(hit, source, folder, report)
            bar.advance(task, len(page))


def _in_eights(hits: list[Hit], folder: ExportFolder, report: ExportReport) -> Iterator[list[Hit]]:
    """The documents of which something is still to be written."""
    new = []
    for hit in hits:
        there = [folder.has(_key(hit, number), picture.sha256) for number, picture in enumerate(hit.pictures)]
        if there and all(there):
            report.there += len(there)
        else:
            new.append(hit)
    for start in range(0, len(new), _AT_ONCE):
        yield new[start : start + _AT_ONCE]


def _with_bytes(engine: Engine, hits: list[Hit]) -> Iterator[Hit]:
    # Somebody may have deleted some meanwhile.
    for raw in read_hits(engine.client, hits, source_includes=[*_NAMED, *BYTES]):
        yield hit_of(raw)


def _key(hit: Hit, number: int) -> Key:
    return hit.index, hit.id, hit.routing, number


def _write(hit: Hit, source: PictureBytes, folder: ExportFolder, report: ExportReport) -> None:
    if not hit.pictures:
        report.without += 1
    for number, picture in enumerate(hit.pictures):
        key = _key(hit, number)
        if folder.has(key, picture.sha256):
            report.there += 1
        elif not picture.raw.get("data") and not picture.raw.get("stored"):
            report.without += 1
        else:
            try:
                data = source.of(picture)
                # One that was refused and is stored all the same has none.
                sha256 = picture.sha256 or hashlib.sha256(data).hexdigest()
                if folder.has(key, sha256):
                    report.there += 1
                else:
                    folder.write(key, sha256, file_name(hit, number), data)
                    report.written += 1
            except UserError as error:
                report.failed.append((hit.id, str(error)))


def _lines(report: ExportReport) -> Iterator[str]:
    yield f"{counted(report.written, 'picture')} written"
    if report.there:
        yield f"{report.there} were there already"
    if report.without:
        yield f"{report.without} without a stored picture"
    yield from failures(report.failed)


def _as_json(report: ExportReport) -> str:
    failed = [{"id": id, "reason": reason} for id, reason in report.failed]
    counts = {"written": report.written, "there": report.there, "without_picture": report.without}
    return json.dumps({**counts, "failed": failed})
