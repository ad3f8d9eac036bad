"""`ingest-image demo` as a newcomer sees it: a table, addresses, Ctrl-C; and a second start that finds everything again.

While it is up, every request and command of README and docs runs on it as printed, in the order of the pages.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from elasticsearch import Elasticsearch

from embedded_node.folder import throwaway_folder
from embedded_node.run_as import other_account
from ingest_image.demo.documents import DOCUMENTS
from processor_service.hash_bands import near_bands
from tests.helpers.dev_tools import Request, parse
from tests.helpers.documented import (
    LINES_NOT_RUN,
    STAYS_UP,
    Block,
    blocks,
    lost,
    questions_within_sentences,
    strangers,
    the_block,
    useless,
)
from tests.helpers.paths import PICTURES
from tests.helpers.pictures import b64, picture

from .running_demo import Demo, run, run_in_shell, run_until_interrupted, start, stop

BLOCKS = blocks()
SAMPLE = "pillow/flower.jpg"
# With it a plain answer of ten hits has megabytes, which no page may ask for.
LARGEST = 100_000


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """Where the node's user can get to, which pytest's own folders are not when root runs the tests."""
    path = throwaway_folder(other_account())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def demo(data: Path) -> Iterator[Demo]:
    process, printed = start(data)
    urls = [
        re.search(rf"^{name} .*?(http://127\.0\.0\.1:\d+)", printed, re.MULTILINE)
        for name in ("Elasticsearch", "Service", "Look at them:")
    ]
    url, service_url, gallery = (found[1] for found in urls if found)
    yield Demo(process, printed, url, service_url, gallery.rpartition(":")[2], (data / "token").read_text())
    # Unless the last test has.
    if process.poll() is None:
        stop(process)


@pytest.fixture(scope="module")
def es(demo: Demo) -> Iterator[Elasticsearch]:
    with Elasticsearch(demo.url, request_timeout=120) as client:
        yield client


@pytest.fixture(scope="module")
def filled_in(es: Elasticsearch) -> dict[str, str]:
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
        ("picture.jpg", SAMPLE),
        ("sunset.jpg", SAMPLE),
        ("photos/paris.jpg", "libavif/paris_exif_orientation_5.jpg"),
        ("more/cat.jpg", "pillow/hopper.jpg"),
        ("Pictures/trip/lake at noon.jpg", "exif-orientation/Landscape_1.jpg"),
    ):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PICTURES / file, path / name)
    # As docker/make-env writes it.
    (path / ".env").write_text("ELASTIC_PASSWORD=secret\n")
    before = Path.cwd()
    os.chdir(path)
    yield path
    os.chdir(before)


def commands(block: Block) -> list[str]:
    """The lines of a block without their comments."""
    return [" ".join(map(shlex.quote, shlex.split(line, comments=True))) for line in block.text.splitlines()]


def shell(block: Block) -> bool:
    """Whether it takes more than the program."""
    return "curl " in block.text


def requests_of(block: Block) -> list[Request]:
    return parse(block.text)


def searches(block: Block) -> bool:
    """Whether it only looks, so that what other blocks store cannot be found."""
    return all("_search" in request.path or "_simulate" in request.path for request in requests_of(block))


def send(request: Request, demo: Demo, placeholders: dict[str, str]) -> requests.Response:
    for name, value in placeholders.items():
        request.body = request.body.replace(name, value)
    answer = request.send(demo.url)
    request.check(answer)
    assert len(answer.content) < LARGEST, f"{len(answer.content)} bytes"
    return answer


# The first one: others delete documents.
def test_whoever_is_new_is_told_what_the_doctor_warns_of(demo: Demo) -> None:
    well = re.search(r"^Is all well: IMAGE_TOKEN=\$\(cat (\S+)\) \S+ (doctor .*)$", demo.printed, re.MULTILINE)
    assert well and Path(well[1]).read_text() == demo.token
    done = run(f"ingest-image {well[2]}", demo)
    assert "the service asks for a token" in done.output and "0 errors" in done.output, done.output
    # Whoever is new is told what they will see, and sees nothing else.
    assert "  (its one warning is about the broken file above" in demo.printed
    warned = [line for line in done.output.splitlines() if line.startswith("warn")]
    assert [line.split()[1] for line in warned] == ["errors:"] and "truncated_image" in warned[0], warned


def test_the_demo_shows_pictures_and_stays_up(demo: Demo) -> None:
    assert len(re.findall(r"^PUT images/_doc/", demo.printed, re.MULTILINE)) == len(DOCUMENTS)
    assert "truncated_image" in demo.printed and "Chelsea the cat" in demo.printed
    for recognized in (r"cat, .*animal", "1 face", "plate BXY1234", "'Region-based"):
        assert re.search(recognized, demo.printed), recognized
    gallery = re.search(r"Look at them: (http\S+)", demo.printed)
    assert gallery and "Chelsea the cat" in requests.get(gallery[1], timeout=60).text
    advised = re.findall(r"curl '(http\S+)'", demo.printed)
    assert len(advised) == 3 and all(requests.get(address, timeout=60).json() for address in advised)
    assert f" search --plate BXY1234 --url {demo.url}" in demo.printed


def test_every_block_is_run_or_has_a_reason() -> None:
    for place, why in [(block.place, block.why_not) for block in BLOCKS if block.why_not] + list(LINES_NOT_RUN.items()):
        print(f"not run: {place}: {why}")
    unknown = [block.place for block in BLOCKS if block.is_of_the_demo and not (block.is_requests or block.is_commands)]
    assert unknown == [], "say in tests/helpers/documented.py why these are not run"
    assert useless(BLOCKS) == []
    reasons = [block.nothing_to_run or block.elsewhere or block.why_not for block in BLOCKS]
    assert lost([*reasons, *LINES_NOT_RUN.values()]) == []
    assert strangers() == [], "these tests do not name the page of the blocks that they are said to run"
    printed = {line for block in BLOCKS if block.is_commands and not shell(block) for line in commands(block)}
    assert printed >= LINES_NOT_RUN.keys() | STAYS_UP.keys()


LOOKS = [block for block in BLOCKS if block.is_requests and searches(block)]
STORES = [block for block in BLOCKS if block.is_requests and not searches(block)]
COMMANDS = [block for block in BLOCKS if block.is_commands]


@pytest.mark.parametrize("block", LOOKS, ids=lambda block: block.place)
def test_searches_find_what_the_page_says(block: Block, demo: Demo, filled_in: dict[str, str]) -> None:
    for request in requests_of(block):
        answer = send(request, demo, filled_in).json()
        if "_simulate" in request.path:
            image = answer["docs"][0]["doc"]["_source"]["image"]
            assert "sha256" in image
            if block.marker == "hides":
                assert {what for what, count in image["redacted"].items() if count} == set(block.said.split())
            continue
        assert block.marker in ("finds", "first", "counts"), "say before the block what it finds on the demo"
        if block.marker == "counts":
            ((_, counted),) = answer["aggregations"].items()
            # Ranges are answered with all that were asked for, also those without pictures.
            keys = {bucket["key"] for bucket in counted["buckets"] if bucket["doc_count"]}
            wanted = {key.replace("+", " ") for key in block.said.split()}
            assert wanted <= keys and bool(wanted) == bool(keys)
            continue
        found = [hit["_id"] for hit in answer["hits"]["hits"]]
        assert found[:1] == [block.said] if block.marker == "first" else sorted(found) == sorted(block.said.split())


@pytest.mark.parametrize("block", STORES, ids=lambda block: block.place)
def test_other_requests_are_answered(block: Block, demo: Demo, filled_in: dict[str, str]) -> None:
    for request in requests_of(block):
        send(request, demo, filled_in)


def test_what_sentences_and_tables_ask_is_answered(demo: Demo, es: Elasticsearch) -> None:
    questions = questions_within_sentences()
    assert len(questions) > 10
    # A page stores it, which may not have run.
    es.options(ignore_status=409).create(index="images", id="1", document={"title": "Harbour"})
    for page, address in questions:
        # As Dev Tools takes it: older ones cut it at a blank.
        assert " " not in address, f"{page}: {address}"
        answer = requests.get(f"{demo.url}/{address}", timeout=60)
        # A filter that fits nothing is answered with nothing.
        assert answer.ok and answer.text.strip(" \n{}"), f"{page}: {address}: {answer.status_code} {answer.text[:500]}"


@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: block.place)
def test_commands_do_what_they_are_there_for(
    block: Block, demo: Demo, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The browser that one of them opens.
    monkeypatch.setenv("BROWSER", "true")
    if shell(block):
        run_in_shell(block, demo, folder)
    for line in [] if shell(block) else commands(block):
        if line in LINES_NOT_RUN:
            continue
        if line in STAYS_UP:
            run_until_interrupted(line, STAYS_UP[line], demo)
            continue
        # People are slower than the second after which a node shows what is new.
        requests.post(f"{demo.url}/images/_refresh", timeout=60).raise_for_status()
        result = run(line, demo)
        assert result.exit_code == 0, f"{line}: {result.output}"
        if " search" in line:
            assert "nothing found" not in result.output, line
    if "> flower.jpg" in block.text:
        assert (folder / "flower.jpg").read_bytes().startswith(b"\xff\xd8")


def test_the_program_in_the_readme(es: Elasticsearch, folder: Path) -> None:
    program = the_block("README.md", "data = ").text
    names = {"es": es, "base64": base64, "Path": Path}
    exec(compile(program, "README.md", "exec"), names)
    made = names["picture"]
    assert isinstance(made, bytes) and made.startswith(b"\xff\xd8")


def test_the_bulk_of_docs_indexing_md_says_what_was_refused(
    es: Elasticsearch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = the_block("docs/indexing.md", "from ").text
    picture_of = {"image": {"data": b64(picture(SAMPLE))}}
    one = {"_op_type": "index", "_index": "images", "_id": "of-bulk", "title": "one", **picture_of}
    bad = {"_op_type": "index", "_index": "images", "_id": "bad-of-bulk", "title": {"no": "text"}}
    exec(compile(program, "docs/indexing.md", "exec"), {"es": es, "actions": [one, bad]})
    assert es.get(index="images", id="of-bulk")["_source"]["image"]["width"]
    said = capsys.readouterr().out
    assert said.startswith("bad-of-bulk 400 ") and "parsing" in said and said.count("\n") == 1


def test_what_it_advises_for_own_pictures_can_be_run(demo: Demo) -> None:
    own = re.search(r"^Your own: \S+ (index) PATH\.\.\. (.*)$", demo.printed, re.MULTILINE)
    assert own
    done = run(f"ingest-image {own[1]} {shlex.quote(str(PICTURES / SAMPLE))} {own[2]}", demo)
    assert done.exit_code == 0 and "1 of 1 indexed" in done.output, done.output


def test_a_second_start_finds_everything_again_and_ends_with_its_service(demo: Demo, data: Path) -> None:
    stop(demo.process)
    process, printed = start(data)
    # A page has deleted it.
    assert re.findall(r"^PUT images/_doc/(\S+)", printed, re.MULTILINE) == ["truncated"]
    assert "current: index template images" in printed
    assert "Chelsea the cat" in printed
    stop(process, kill_service=True)
