"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Metric


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """One line for each row; a `|` in a cell is escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def metrics(families: Iterable[Metric]) -> str:
    """A table of metrics, as Prometheus names them."""
    rows = (
        (f"`{one.name}{'_total' if one.type == 'counter' else ''}`", one.type, one.documentation) for one in families
    )
    return table(("metric", "type", "meaning"), rows)
