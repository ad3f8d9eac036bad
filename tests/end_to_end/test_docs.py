"""Every request and command of README and docs as it is printed, on the demo's documents, in the order of the pages."""

from __future__ import annotations

import base64
import json
import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch
from rich.console import Console

from ingest_image.cli import main
from ingest_image.demo.documents import index_documents
from processor_service.hash_bands import near_bands
from tests.helpers.dev_tools import Request, parse
from tests.helpers.documented import Block, blocks, useless
from tests.helpers.nodes import bootstrap
from tests.helpers.paths import PICTURES
from tests.helpers.pictures import b64, picture
from tests.helpers.service import TOKEN, Service

BLOCKS = blocks()
SAMPLE = "pillow/flower.jpg"
# With it a plain answer of ten hits has megabytes, which no page may ask for.
LARGEST = 100_000
# Lines of blocks that are run, and why these are not.
NOT_RUN = {
    "ingest-image enrich": "stays up: test_enrich.py",
    "ingest-image enrich --index 'photos-*'": "stays up: test_enrich.py",
    "ingest-image search --same-person photo.jpg": "needs vectors of faces: test_same_person.py",
    "ingest-image search --same-person photo.jpg --filter taken:2020": "needs vectors of faces: test_same_person.py",
}


@pytest.fixture(scope="module")
def demo(
    es: Elasticsearch, es_url: str, service: Service, recognizing: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The documents of `ingest-image demo` in the index `images`; the node calls the service that recognizes."""
    es.indices.delete(index="images", ignore_unavailable=True)
    bootstrap("--url", es_url, "--service-url", recognizing.url, "--recognize")
    index_documents(es_url, Console(quiet=True))
    es.indices.refresh(index="images")
    assert run("ingest-image enrich --once", es_url, recognizing).exit_code == 0
    es.indices.refresh(index="images")
    yield recognizing
    es.indices.delete(index="images")
    es.options(ignore_status=404).indices.delete_index_template(name="products")
    es.options(ignore_status=404).ingest.delete_pipeline(id="seen")
    bootstrap("--url", es_url, "--service-url", service.url, "--no-recognize")


@pytest.fixture(scope="module")
def filled_in(es: Elasticsearch, demo: Service) -> dict[str, str]:
    """What stands for the placeholders of the pages."""
    fields = [{"field": "image.embedding"}]
    (hit,) = es.search(index="images", query={"ids": {"values": ["flower"]}}, fields=fields)["hits"]["hits"]
    image = hit["_source"]["image"]
    bits = image["perceptual_hashes"]["hex"]
    return {
        '"<vector>"': json.dumps(hit["fields"]["image.embedding"]),
        '["<bands>"]': json.dumps(near_bands(bits)),
        "<hash>": bits,
        "<sha256>": image["sha256"],
        "<base64>": b64(picture(SAMPLE)),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files that commands name."""
    path = tmp_path_factory.mktemp("docs")
    for name, file in (
        ("photo.jpg", "exif-orientation/Landscape_1.jpg"),
        ("sunset.jpg", SAMPLE),
        ("photos/paris.jpg", "libavif/paris_exif_orientation_5.jpg"),
        ("more/cat.jpg", "pillow/hopper.jpg"),
        ("Pictures/trip/lake at noon.jpg", "exif-orientation/Landscape_1.jpg"),
    ):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PICTURES / file, path / name)
    before = Path.cwd()
    os.chdir(path)
    yield path
    os.chdir(before)


def run(line: str, es_url: str, service: Service) -> Result:
    """A line for a shell; addresses are those of the tests."""
    words = shlex.split(line.replace("http://127.0.0.1:8090", service.url), comments=True)
    command, _, file = " ".join(map(shlex.quote, words)).replace("'>'", ">").partition(" > ")
    environment = {"ELASTICSEARCH_URL": es_url, "IMAGE_TOKEN": TOKEN, "COLUMNS": "170"}
    # Who deletes is asked whether it is meant.
    result = CliRunner().invoke(main, shlex.split(command)[1:], input="y\n", env=environment)
    if file:
        Path(file).write_bytes(result.stdout_bytes)
    return result


def commands(block: Block) -> list[str]:
    """The lines of a block without their comments."""
    return [" ".join(map(shlex.quote, shlex.split(line, comments=True))) for line in block.text.splitlines()]


def requests_of(block: Block) -> list[Request]:
    return parse(block.text)


def searches(block: Block) -> bool:
    """Whether it only looks, so that what other blocks store cannot be found."""
    return all("_search" in request.path or "_simulate" in request.path for request in requests_of(block))


def send(request: Request, es_url: str, placeholders: dict[str, str]) -> requests.Response:
    for name, value in placeholders.items():
        request.body = request.body.replace(name, value)
    answer = request.send(es_url)
    request.check(answer)
    assert len(answer.content) < LARGEST, f"{len(answer.content)} bytes"
    return answer


def test_every_block_is_run_or_has_a_reason() -> None:
    for place, why in [(block.place, block.why_not) for block in BLOCKS if block.why_not] + list(NOT_RUN.items()):
        print(f"not run: {place}: {why}")
    unknown = [block.place for block in BLOCKS if not (block.why_not or block.is_requests or block.is_commands)]
    assert unknown == [], "say in tests/helpers/documented.py why these are not run"
    assert useless(BLOCKS) == []
    printed = {line for block in BLOCKS if block.is_commands for line in commands(block)}
    assert printed >= NOT_RUN.keys()


LOOKS = [block for block in BLOCKS if block.is_requests and searches(block)]
STORES = [block for block in BLOCKS if block.is_requests and not searches(block)]
COMMANDS = [block for block in BLOCKS if block.is_commands]


@pytest.mark.parametrize("block", LOOKS, ids=lambda block: block.place)
def test_searches_find_what_the_page_says(block: Block, es_url: str, filled_in: dict[str, str]) -> None:
    for request in requests_of(block):
        answer = send(request, es_url, filled_in).json()
        if "_simulate" in request.path:
            assert "sha256" in answer["docs"][0]["doc"]["_source"]["image"]
            continue
        assert block.marker in ("finds", "first", "counts"), "say before the block what it finds on the demo"
        if block.marker == "counts":
            ((_, counted),) = answer["aggregations"].items()
            keys = {bucket["key"] for bucket in counted["buckets"]}
            wanted = {key.replace("+", " ") for key in block.said.split()}
            assert wanted <= keys and bool(wanted) == bool(keys)
            continue
        found = [hit["_id"] for hit in answer["hits"]["hits"]]
        assert found[:1] == [block.said] if block.marker == "first" else sorted(found) == sorted(block.said.split())


@pytest.mark.parametrize("block", STORES, ids=lambda block: block.place)
def test_other_requests_are_answered(block: Block, es_url: str, filled_in: dict[str, str]) -> None:
    for request in requests_of(block):
        send(request, es_url, filled_in)


@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: block.place)
def test_commands_do_what_they_are_there_for(block: Block, es_url: str, demo: Service, folder: Path) -> None:
    for line in commands(block):
        if line in NOT_RUN:
            continue
        result = run(line, es_url, demo)
        # The doctor's code is about the cluster, to which other tests do things.
        allowed = (0, 1) if " doctor" in line else (0,)
        assert result.exit_code in allowed and not isinstance(result.exception, OSError), f"{line}: {result.output}"
        if " search" in line:
            assert "nothing found" not in result.output, line
    if "> flower.jpg" in block.text:
        assert (folder / "flower.jpg").read_bytes().startswith(b"\xff\xd8")


def test_the_program_in_the_readme(es: Elasticsearch, demo: Service, folder: Path) -> None:
    (program,) = (block.text for block in BLOCKS if block.page == "README.md" and block.language == "python")
    names = {"es": es, "base64": base64, "Path": Path}
    exec(compile(program, "README.md", "exec"), names)
    made = names["picture"]
    assert isinstance(made, bytes) and made.startswith(b"\xff\xd8")
