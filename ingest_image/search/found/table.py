"""Hits as a table for people. Texts of documents are data: no markup, no control characters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from pipelines.wording import shortened, shown

from ..questions.facets import Facets
from ..stored.picture import Size
from ..stored.recognized import recognized
from .hits import Hit

_LONGEST = 60
_LONGEST_FACET = 300
_LONGEST_PATH = 1000
# Columns of a terminal below which a table has no colours, and nothing recognized and no size.
_NARROW, _VERY_NARROW = 90, 60


def clean(text: str, longest: int = _LONGEST) -> Text:
    """A text of a document on one line, without anything that a terminal would obey."""
    return Text(shortened(" ".join(shown(text).split()), longest))


def answer_table(hits: Iterable[Hit], with_reason: bool, width: int = 200) -> Table:
    """One line for each hit; less of each if the `width` in characters has no room for all."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("id", overflow="fold")
    table.add_column("title")
    hits = list(hits)
    with_path = any(hit.path for hit in hits)
    if with_path:
        table.add_column("file", overflow="fold")
    table.add_column("distance" if with_reason else "score", justify="right")
    with_likeness = any(hit.likeness is not None for hit in hits)
    if with_likeness:
        table.add_column("likeness", justify="right")
    if with_reason:
        table.add_column("reason")
    with_size = width >= _VERY_NARROW
    if with_size:
        table.add_column("size")
    seen = {hit.key: str(recognized(hit.first)) for hit in hits}
    with_recognized = any(seen.values()) and with_size
    if with_recognized:
        table.add_column("recognized")
    with_colors = width >= _NARROW
    if with_colors:
        table.add_column("colours")
    for hit in hits:
        reason = [Text(likeness_of(hit))] if with_likeness else []
        reason += [Text(reason_of(hit))] if with_reason else []
        found = [clean(seen[hit.key])] if with_recognized else []
        number = distance_of(hit) if with_reason else f"{hit.score:.2f}" if hit.score is not None else ""
        named = [clean(hit.title), *([clean(hit.path, _LONGEST_PATH)] if with_path else [])]
        size = [size_of(hit)] if with_size else []
        colors = [Swatches(hit)] if with_colors else []
        table.add_row(clean(hit.id), *named, number, *reason, *size, *found, *colors)
    return table


def facets_table(facets: Facets) -> Table:
    """A line for each facet: its filter's name, and its values with their counts."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    for name, counts in facets.counts.items():
        table.add_row(name, clean(", ".join(f"{value} {count}" for value, count in counts), _LONGEST_FACET))
    return table


def reason_of(hit: Hit) -> str:
    """Why it is a hit, how it is turned, and what was cropped."""
    cropped = hit.overlap.words if hit.overlap else ""
    return ", ".join(filter(None, (hit.reason, (hit.turn or "").replace("_", " "), cropped)))


def distance_of(hit: Hit) -> str:
    """Bits of the hash in which it differs from the sample; of the same person, the distance of the faces."""
    if hit.face_distance is not None:
        return f"{hit.face_distance:.2f}"
    return "" if hit.distance is None else str(hit.distance)


def likeness_of(hit: Hit) -> str:
    """Cosine of the visual vectors."""
    return "" if hit.likeness is None else f"{hit.likeness:.2f}"


def size_of(hit: Hit) -> Text:
    """Pixels, format and bytes of its first picture."""
    if not hit.pictures:
        return Text("no picture", style="dim")
    picture = hit.first
    if picture.error:
        return clean(picture.error.code)
    if picture.width is None and picture.sha256 is None:
        return Text("not processed", style="dim")
    more = f" (+{len(hit.pictures) - 1})" if len(hit.pictures) > 1 else ""
    return clean(f"{pixels(picture, 'x')} {picture.format} {bytes_text(picture.bytes)}{more}")


def pixels(size: Size, times: str) -> str:
    """`640x480`; an unknown side is `?`."""
    return times.join("?" if side is None else str(side) for side in (size.width, size.height))


def bytes_text(count: int | None) -> str:
    """`340 kB`; empty if unknown."""
    if count is None:
        return ""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


@dataclass(frozen=True)
class Swatches:
    """The colours themselves, if the terminal can show them, and their names."""

    hit: Hit

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Draw them."""
        yield self._text(console)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Their width."""
        return Measurement.get(console, options, self._text(console))

    def _text(self, console: Console) -> Text:
        names = clean(", ".join(self.hit.first.color_names), 40)
        if console.color_system is None or console.no_color:
            return names
        blocks = (("  ", f"on {color.hex}") for color in self.hit.first.colors)
        return Text.assemble(*blocks, " ", names)
