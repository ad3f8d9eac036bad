"""A name and a place in every place of every format: neither reaches the stored bytes, by exiftool and by a look at them."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

from processor_service.document import failure
from processor_service.errors import ImageError
from processor_service.formats.registry import readable
from processor_service.metadata.cut import CUTS, cut_refused
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.groups_of_exiftool import written_by_exiftool
from tests.helpers.pictures import b64
from tests.helpers.secrets_everywhere import DECODED_BY_NOBODY, places
from tests.helpers.secrets_in_files import NAME, TRACES
from tests.helpers.service import DEFAULT_OPERATIONS

SETTINGS = Settings()
RECIPES: dict[str, Any] = {
    "without operations": None,
    "strip_metadata alone": ["strip_metadata"],
    "profile kept": [{"strip_metadata": {"keep": ["icc"]}}],
    "as the pipeline images": DEFAULT_OPERATIONS,
    "all frames": [{"animation": {"frames": "keep"}}, "grayscale"],
}


@pytest.fixture(scope="module", autouse=True)
def exiftool() -> str:
    found = shutil.which("exiftool")
    if found is None:
        pytest.skip("exiftool is missing (Debian and Ubuntu: libimage-exiftool-perl)")
    return found


def found_in(named: dict[str, bytes], folder: Path, exiftool: str) -> dict[str, str]:
    """What is found of the name and the place in each file, if anything."""
    # Most are the same bytes once they are clean: those are read once.
    numbers = {data: f"{number:04}" for number, data in enumerate(dict.fromkeys(named.values()))}
    folder.mkdir()
    for data, number in numbers.items():
        (folder / number).write_bytes(data)
    command = [exiftool, "-json", "-a", "-u", "-U", "-G1", "-ee3", "-struct", *map(str, sorted(folder.iterdir()))]
    output = subprocess.run(command, capture_output=True, check=False).stdout
    read = {Path(entry["SourceFile"]).name: entry for entry in json.loads(output)}
    found: dict[str, str] = {}
    for name, data in named.items():
        entry = read[numbers[data]]
        told = [key for key, value in entry.items() if "GPS" in key or NAME.decode() in json.dumps(value)]
        seen = data + unpacked(data)
        traces = [trace.decode("latin-1") for trace in TRACES if trace in seen]
        if told or traces:
            found[name] = f"{told} {traces}"
    return found


def unpacked(data: bytes) -> bytes:
    """Whatever in the file is packed by zlib."""
    found = []
    for match in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        try:
            found.append(zlib.decompressobj().decompress(data[match.start() :], 1_000_000))
        except zlib.error:
            continue
    return b"".join(found)


def test_the_files_have_what_is_looked_for(tmp_path: Path, exiftool: str) -> None:
    named = {f"{format_}, {where}": data for format_, where, data in places()}
    assert len(named) == len(places()), "two places have one name"
    assert named.keys() - found_in(named, tmp_path / "in", exiftool).keys() == set()


def test_no_group_that_exiftool_writes_is_stored(tmp_path: Path, exiftool: str) -> None:
    written = written_by_exiftool(tmp_path / "written", exiftool)
    counts = {name: data.count(NAME) for name, data in written.items()}
    assert min(counts.values()) > 40, counts
    stored, kept = {}, {}
    for name, data in written.items():
        body = {"data": b64(data), "properties": []}
        stored[name] = base64.b64decode(process(Request.parse(body), SETTINGS, Stopwatch())["data"])
        kept[name] = cut_refused(data) or b""
    assert found_in(stored, tmp_path / "stored", exiftool) == {}
    assert found_in(kept, tmp_path / "kept", exiftool) == {}
    assert [name for name, data in kept.items() if not data] == ["AVIF", "HEIF"]


def test_every_format_is_tried() -> None:
    tried = {format_ for format_, _, _ in places()}
    assert {one.name for one in readable(SETTINGS)} - tried == set()


@pytest.mark.parametrize("recipe", RECIPES)
def test_neither_name_nor_place_is_stored(recipe: str, tmp_path: Path, exiftool: str) -> None:
    stored, refused = {}, {}
    for format_, where, data in places():
        body = {"data": b64(data), "operations": RECIPES[recipe], "properties": []}
        try:
            fields = process(Request.parse(body), SETTINGS, Stopwatch())
            stored[f"{format_}, {where}"] = base64.b64decode(fields["data"])
        except ImageError as error:
            refused[f"{format_}, {where}"] = error.reason
    assert found_in(stored, tmp_path / "out", exiftool) == {}
    assert all(name.startswith(DECODED_BY_NOBODY) for name in refused), refused


def test_neither_is_stored_of_what_is_refused(tmp_path: Path, exiftool: str) -> None:
    strict = Settings(max_pixels=1, max_slow_pixels=1)
    kept, left_out = {}, set()
    for format_, where, data in places():
        body = {"data": b64(data), "operations": DEFAULT_OPERATIONS}
        with pytest.raises(ImageError) as refused:
            process(Request.parse(body), strict, Stopwatch())
        data_kept = failure(refused.value, body)["fields"]["data"]
        if data_kept is None:
            left_out.add(format_)
        else:
            kept[f"{format_}, {where}"] = base64.b64decode(data_kept)
    assert found_in(kept, tmp_path / "out", exiftool) == {}
    # What can be cut is kept: the record of each such format says how its files begin.
    assert {name.partition(",")[0] for name in kept} == CUTS.keys()
    assert left_out >= {one.name for one in readable(SETTINGS)} - CUTS.keys()
