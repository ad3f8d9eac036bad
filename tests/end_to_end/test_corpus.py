"""All of the corpus through `_bulk`: every document is there afterwards, processed or with a code."""

from __future__ import annotations

import collections
import json
import os
from pathlib import Path

import pytest
import requests
from elasticsearch import Elasticsearch, helpers

from processor_service.decoding.decode import decode
from processor_service.errors import ImageError
from processor_service.metadata.cut import cut_refused
from processor_service.shortcuts import target_of
from processor_service.wire.recipe import parse_operations
from tests.helpers.kinds import SETTINGS
from tests.helpers.paths import CORPUS, PICTURES
from tests.helpers.pictures import b64, opened
from tests.helpers.service import DEFAULT_OPERATIONS, Service


def files() -> list[Path]:
    """The whole corpus where it lies beside the checkout, as in CI; else the pictures of the project."""
    if CORPUS.exists():
        return [CORPUS / name for name in json.loads((CORPUS / "EXPECTED.json").read_text())]
    return [path for path in sorted(PICTURES.rglob("*")) if path.is_file() and path.suffix != ".md"]


FILES = files()
# Of the whole corpus. In CI it lies beside the checkout.
WHOLE = 956
# The recipe makes large JPEGs smaller while they are decoded.
TARGET = target_of(tuple(parse_operations(DEFAULT_OPERATIONS)))


def expected(path: Path) -> str:
    """The code of a file by the decoder alone, which the test of the corpus in processor_service looks through."""
    try:
        decode(path.read_bytes(), SETTINGS, TARGET)
    except ImageError as error:
        return error.code.code
    return "ok"


def test_every_document_is_there_processed_or_with_a_code(
    es: Elasticsearch, index: str, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    def actions() -> list[dict[str, object]]:
        return [
            {"_index": index, "_id": str(i), "title": path.name, "image": {"data": b64(path.read_bytes())}}
            for i, path in enumerate(FILES)
        ]

    assert len(FILES) == WHOLE or not (CORPUS.exists() or os.environ.get("CI")), "the corpus is not whole, or not there"
    workers = sorted(service.workers())
    outcomes = list(
        helpers.streaming_bulk(
            es, actions(), max_chunk_bytes=8 * 1024**2, raise_on_error=False, raise_on_exception=False
        )
    )
    assert all(ok for ok, _ in outcomes), [item for ok, item in outcomes if not ok][:3]
    es.indices.refresh(index=index)
    assert es.count(index=index)["count"] == len(FILES)
    codes: collections.Counter[str] = collections.Counter()
    kept = 0
    for hit in helpers.scan(es, index=index, size=50):
        path, image = FILES[int(hit["_id"])], hit["_source"]["image"]
        code = image.get("error", {}).get("code", "ok")
        codes[code] += 1
        assert code == expected(path), path.name
        if code == "ok":
            # What is stored is this very file's picture, whatever happened to its neighbours.
            assert image["original"]["bytes"] == path.stat().st_size
            assert opened(image["data"]).size == (image["width"], image["height"])
        else:
            # What is stored beside an error is the file without its metadata, or nothing where nobody can tell what that is.
            is_picture = code not in ("not_an_image", "unsupported_format")
            cut_off = code == "truncated_image"
            without = cut_refused(path.read_bytes(), cut_off=cut_off) if is_picture else None
            assert image.get("data") == (None if without is None else b64(without)), path.name
            kept += "data" in image
            assert "width" not in image
    with capsys.disabled():
        print(f"\n{len(FILES)} files, {sum(codes.values())} documents: {dict(codes.most_common())}")
        print(f"{kept} of those with an error hold the file without its metadata")
        print(f"workers before {workers}, after {sorted(service.workers())}")
    assert codes["ok"] > len(FILES) / 2
    assert not codes["internal_error"]
    log = [json.loads(line) for line in Path(service.log).read_text().splitlines() if '"defect"' in line]
    assert not log, log[:2]
    assert requests.get(f"{service.url}/readyz", timeout=60).ok
