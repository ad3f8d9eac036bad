"""What became of the files, as lines for people and as JSON."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pipelines.wording import failures, first_of, in_one_line, listed

from ..files import FoundFiles
from .bulk import IndexingReport

_SHOWN_KINDS = 12


def left_out(found: FoundFiles) -> Iterator[str]:
    """Which files are not sent, and why."""
    if found.skipped:
        yield f"left out, not a picture by name or content: {in_one_line(counts(found.skipped))}"
    if found.unread:
        yield f"left out, not read by the service: {in_one_line(counts(found.unread))}"
    for reason, names in found.left_out.items():
        yield f"left out, {reason}: {first_of(list(map(in_one_line, names)), _SHOWN_KINDS)}"
    if found.hidden:
        yield f"left out, hidden: {found.hidden}"


def lines(
    report: IndexingReport, found: FoundFiles, index: str, targets: Sequence[str], connection: Sequence[str]
) -> Iterator[str]:
    """The whole summary; `connection` is what another command needs to ask the same Elasticsearch."""
    yield from left_out(found)
    yield f"{report.indexed} of {len(found.files)} indexed"
    if report.existing:
        yield f"{report.existing} existed already"
    if report.errors:
        yield f"{report.errors.total()} stored with an error instead of fields: {in_one_line(counts(report.errors))}"
        # Files may have been indexed again since, so an index cannot say which errors are of this run.
        command = shlex.join(["ingest-image", "search", *connection, "--index", index, "--all", _with_error(targets)])
        yield from listed(report.faulty, f"; all in the index, with those of earlier runs: {command}")
    if report.unprocessed:
        yield f"{report.unprocessed} stored without being processed: is there a processor image in the pipeline?"
    yield from failures(report.failed)


def as_json(report: IndexingReport, found: FoundFiles) -> str:
    """The same for programs, with every file."""
    said: dict[str, Any] = {
        "files": len(found.files),
        "indexed": report.indexed,
        "existing": report.existing,
        "unprocessed": report.unprocessed,
        "errors": dict(report.errors),
        "with_error": [{"file": name, "reason": reason} for name, reason in report.faulty],
        "failed": [{"file": name, "reason": reason} for name, reason in report.failed],
        "left_out": {
            "not a picture": dict(found.skipped),
            "not read by the service": dict(found.unread),
            "hidden": found.hidden,
            **found.left_out,
        },
    }
    return json.dumps(said)


def _with_error(targets: Sequence[str]) -> str:
    return " OR ".join(f"_exists_:{target}.error.code" for target in targets)


def counts(counter: Counter[str]) -> str:
    """`3 a, 2 b`: the most frequent ones, and how many others there are."""
    shown = counter.most_common(_SHOWN_KINDS)
    rest = counter.total() - sum(count for _, count in shown)
    return ", ".join([f"{count} {name}" for name, count in shown] + ([f"{rest} others"] if rest else []))
