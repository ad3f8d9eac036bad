"""The demo's documents: what is indexed, and what is stored then."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from processor_service.embedders.lite0 import Lite0
from processor_service.fields import PENDING_SINCE

from ..loopback import send
from ..search import Hit
from ..search.found.hits import hit_of
from ..search.found.table import Swatches, clean, pixels
from ..search.requests.queries import LIGHT
from ..search.stored.picture import Size
from ..search.stored.recognized import recognized

_HERE = Path(__file__).parent
# In a checkout they are among the tests' pictures; setup.py copies them here for a wheel. LICENCES.md beside them has
# the licence and source of each.
_BUNDLED = _HERE / "pictures"
PICTURES = _BUNDLED if _BUNDLED.is_dir() else _HERE.parents[1] / "tests" / "pictures"
# Title and file: turned by EXIF, with transparency, six formats, one broken; a face, an animal, a text, a number plate.
DOCUMENTS: dict[str, str] = json.loads((_HERE / "documents.json").read_text(encoding="utf-8"))


def check_embedder(url: str, stored: Path) -> None:
    """Raise ClickException if an earlier demo has stored vectors of another embedder than that of recognition."""
    if not send("HEAD", f"{url}/images", timeout=30).ok:
        return
    vectors = {"size": 1, "query": {"exists": {"field": "image.embedder"}}, "_source": ["image.embedder"]}
    found = send("POST", f"{url}/images/_search", json=vectors, timeout=30).json()["hits"]["hits"]
    if any(hit_of(hit).first.embedder != Lite0.label for hit in found):
        raise click.ClickException(
            f"an earlier demo has stored pictures with vectors of another embedder: remove {stored} to store them "
            "again, or name another folder with --data"
        )


def is_anything_recognized(url: str) -> bool:
    """Whether a search by what is seen in pictures finds some."""
    answer = send("GET", f"{url}/images/_search?q=_exists_:image.labels&size=0", timeout=30)
    return bool(answer.json()["hits"]["total"]["value"])


def index_documents(url: str, console: Console) -> None:
    """Index the documents that are not there yet, each with one plain request."""
    for title, name in DOCUMENTS.items():
        id = Path(name).stem
        if send("HEAD", f"{url}/images/_doc/{id}", timeout=30).ok:
            continue
        start = time.perf_counter()
        data = base64.b64encode((PICTURES / name).read_bytes()).decode()
        answer = send("PUT", f"{url}/images/_doc/{id}", json={"title": title, "image": {"data": data}}, timeout=60)
        answer.raise_for_status()
        console.print(f"PUT images/_doc/{id}  {answer.status_code}  {1000 * (time.perf_counter() - start):.0f} ms")


def some_wait(url: str) -> bool:
    """Whether something is still to be added to a picture. What is stored can be searched for after that."""
    send("POST", f"{url}/images/_refresh", timeout=30).raise_for_status()
    body = {"query": {"exists": {"field": f"image.{PENDING_SINCE}"}}}
    answer = send("POST", f"{url}/images/_count", json=body, timeout=30)
    answer.raise_for_status()
    return int(answer.json()["count"]) > 0


def result_table(url: str) -> Table:
    """What is stored now, as a search finds it."""
    table = Table(title="GET images/_search", title_justify="left")
    for column in ("title", "came as", "stored as", "bytes", "recognized", "colours"):
        table.add_column(column, justify="right" if column == "bytes" else "left")
    body = {"size": 100, "_source": LIGHT, "sort": "title.keyword"}
    for hit in send("POST", f"{url}/images/_search", json=body, timeout=30).json()["hits"]["hits"]:
        found = hit_of(hit)
        table.add_row(clean(found.title), *_cells(found))
    return table


def _cells(hit: Hit) -> Iterator[Text | Swatches | str]:
    picture = hit.first
    if picture.error:
        yield from ("", Text(picture.error.code, style="red"), "", "", Text(picture.error.reason[:60], style="dim"))
        return
    if not picture.format:
        yield from ("", "no picture", "", "", "")
        return
    original = picture.original or Size()
    yield clean(f"{original.format} {pixels(original, 'x')}")
    yield clean(f"{picture.format} {pixels(picture, 'x')}")
    yield f"{(original.bytes or 0) // 1024} -> {(picture.bytes or 0) // 1024} kB"
    yield clean(str(recognized(picture)))
    yield Swatches(hit)
