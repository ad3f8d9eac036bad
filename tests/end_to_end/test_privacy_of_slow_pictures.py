"""Pictures that take too long: what is stored beside their error has neither name nor place, or is nothing."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch, helpers

from tests.helpers import secrets_in_files as files
from tests.helpers import secrets_in_more_files as more
from tests.helpers.nodes import set_hosts, source
from tests.helpers.pictures import b64
from tests.helpers.secrets_in_files import TRACES
from tests.helpers.service import PATIENT, Service, running_service

# Three tenths of a second of processor time are not enough for any of them, however small it is.
ENDLESS: list[dict[str, Any]] = [
    {"resize": {"width": 6000, "height": 4000, "enlarge": True}},
    *[{"blur": {"radius": 200}}] * 40,
]
RECORD: dict[str, Any] = {"operations": ENDLESS, "properties": [], "on_invalid": "record", "timeout": "10m"}
# A file of each format with name and place; the first ones can be cut without decoding them.
CUT: dict[str, Callable[[], dict[str, bytes]]] = {
    "everything by Pillow": lambda: dict(files.jpeg()),
    "exif": lambda: dict(files.mpo()),
    "png: exif": lambda: dict(files.png()),
    "apng: exif": lambda: dict(files.png()),
    "still: exif": lambda: dict(files.webp()),
    "moving: xmp": lambda: dict(files.webp()),
    "moving: xmp, last": lambda: dict(files.gif()),
    "exif, last": lambda: dict(files.jp2()),
    "exif and place": lambda: dict(more.tiff()),
    "ico: png": lambda: dict(more.icons()),
    "cur: before the picture": lambda: dict(more.icons()),
    "profile DEBM": lambda: dict(more.bmp()),
    "a second picture": lambda: dict(more.pnm()),
}
LEFT_OUT: dict[str, Callable[[], dict[str, bytes]]] = {
    "exif": lambda: dict(more.avif()),
    "behind the end": lambda: dict(more.heif()),
    "png inside": lambda: dict(more.icns()),
    "psd: xmp": lambda: dict(more.others()),
    "tga: name": lambda: dict(more.others()),
    "qoi: behind the end": lambda: dict(more.others()),
    # A codec of which nobody can tell where the pixels end.
    "description": lambda: {"description": files.saved("TIFF", compression="zstd", description=files.NAME.decode())},
}


@pytest.fixture
def impatient(es: Elasticsearch, service: Service, tmp_path: Path) -> Iterator[Service]:
    with running_service(tmp_path / "service.log", PATIENT, workers="2", picture_timeout="0.3") as running:
        set_hosts(es, running.url)
        yield running
    set_hosts(es, service.url)


def written(es: Elasticsearch, index: str, named: dict[str, bytes], **options: Any) -> dict[str, dict[str, Any]]:
    """The field `image` of each document of one bulk."""
    es.ingest.put_pipeline(id="endless", processors=[{"image": RECORD | options}])
    actions = (
        {"_op_type": "index", "_index": index, "_id": name, "image": {"data": b64(data)}}
        for name, data in named.items()
    )
    helpers.bulk(es.options(request_timeout=900), actions, pipeline="endless", refresh=True)
    es.ingest.delete_pipeline(id="endless")
    return {name: source(es, index, name)["image"] for name in named}


def test_what_can_be_cut_is_kept_without_it_and_the_rest_left_out(
    es: Elasticsearch, index: str, impatient: Service
) -> None:
    cut = {f"cut {name} {number}": make()[name] for number, (name, make) in enumerate(CUT.items())}
    left_out = {f"left out {name}": make()[name] for name, make in LEFT_OUT.items()}
    assert all(any(trace in data for trace in TRACES) for data in (cut | left_out).values())
    stored = written(es, index, cut | left_out)
    assert {name: image["error"]["code"] for name, image in stored.items()} == dict.fromkeys(stored, "picture_timeout")
    assert {name: set(stored[name]) for name in left_out} == {name: {"error"} for name in left_out}
    for name, original in cut.items():
        kept = base64.b64decode(stored[name]["data"])
        assert not any(trace in kept for trace in TRACES), name
        assert kept[:2] == original[:2] and len(kept) > 100, name
        assert set(stored[name]) == {"error", "data"}


def test_keep_invalid_keeps_them_as_they_came(es: Elasticsearch, index: str, impatient: Service) -> None:
    named = {"heif": LEFT_OUT["behind the end"]()["behind the end"], "jpeg": dict(files.jpeg())["everything by Pillow"]}
    stored = written(es, index, named, keep_invalid=True)
    for name, original in named.items():
        assert stored[name]["error"]["code"] == "picture_timeout"
        assert base64.b64decode(stored[name]["data"]) == original
