"""The blocks of code in README and docs: which are requests, which are commands, and why the others are not run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.paths import ROOT

_BLOCK = re.compile(
    r"(?:^<!-- (?P<marker>\w+):(?P<said>.*?)-->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```", re.M | re.S
)
_REQUEST = re.compile(r"(GET|PUT|POST|DELETE) [^<\s]+(\n|$)")
_COMMAND = re.compile(r"(venv/bin/)?ingest-image |curl |\. \./\.env\n")

# In each table: page (or * for all), how a block begins, and what is to be said of it. Each row must be of use.
# What nobody can run: drawings, answers, parts of a program.
NOTHING_TO_RUN = (
    ("README.md", r" PUT images/_doc, _bulk|PUT images/_doc/1 \{", "a drawing"),
    ("docs/architecture.md", r" client", "a drawing"),
    ("docs/commands.md", r"ingest-image .*\[OPTIONS\]", "the usage of a command, rendered from the program"),
    ("docs/doctor.md", r"ok ", "an answer"),
    ("docs/operations.md", r"\[|\{", "a recipe, rendered from the declarations: test_operations_golden.py runs it"),
    ("docs/traces.md", r"PUT", "a drawing"),
    ("docs/wire.md", r"Authorization", "the form of a header"),
)
# What another test runs as printed: that test names the page, and takes the block from it.
ELSEWHERE = (
    ("README.md", r"PUT images/_doc/dot|POST images/_update/dot|GET images/_search\?q=dot", "end_to_end/test_tour.py"),
    (
        "README.md",
        r"POST _bulk|POST _ingest/pipeline/images-grayscale|PUT _ingest/pipeline/avatars|GET people/",
        "end_to_end/test_tour.py",
    ),
    ("README.md", r"pip install", "tests/docker/test_wheel.py"),
    ("README.md", r"data = ", "end_to_end/own_nodes/test_demo.py"),
    ("docs/addresses.md", r"PUT images/_doc/1", "end_to_end/test_addresses.py"),
    ("docs/commands.md", r"eval ", "tests/ingest_image/test_cli.py"),
    ("docs/embedded-node.md", r"from ", "tests/embedded_node/test_starting_and_stopping.py"),
    ("docs/indexing.md", r"from ", "end_to_end/own_nodes/test_demo.py"),
    # OpenAI's client is not installed; a double of it sends what that would.
    ("docs/inference-way.md", r"\{|client = ", "tests/inference_way/test_service.py"),
    ("docs/likeness.md", r"\{", "tests/processor_service/embedders/test_documented_models.py"),
    ("docs/privacy.md", r"GET images/_search\n|ingest-image search", "end_to_end/recognition/test_same_person.py"),
    ("docs/privacy.md", r"GET|\{", "end_to_end/recognition/test_recognition_docs.py"),
    ("docs/recognition.md", r"from ", "tests/processor_service/recognition/test_documented_program.py"),
    ("docs/recognition.md", r"PUT _ingest/pipeline/seen|GET images-street/|\{", "test_recognition_docs.py"),
    (
        "docs/recognition.md",
        r"PUT _ingest/pipeline/people|ingest-image search|GET images/",
        "end_to_end/recognition/test_same_person.py",
    ),
    ("docs/rendering.md", r"GET", "end_to_end/test_render.py"),
    # With other people's addresses and keys, so that the service takes them is all that can be seen.
    ("docs/rendering.md", r"IMAGE_", "tests/site/test_documented_names.py"),
    ("docs/store.md", r"IMAGE_", "tests/site/test_documented_names.py"),
    ("docs/store.md", r"PUT", "end_to_end/store/test_store.py"),
    ("docs/wire.md", r"\{", "tests/processor_service/wire/test_documented_request.py"),
)
# The rest, each with its reason.
NOT_RUN = (
    (
        "README.md",
        r"make ",
        "takes long: CI runs `make test`, and own_nodes/test_demo.py the demo; make knows each target (test_documented_names.py)",
    ),
    (
        "CONTRIBUTING.md",
        r"make ",
        "takes long: CI runs `make lint` and `make test`; make knows each target (test_documented_names.py)",
    ),
    (
        "docs/compose.md",
        r"docker|SERVICE_REPLICAS|curl",
        "no containers here: Compose itself reads the files and services of each line (test_documented_compose.py)",
    ),
    (
        "docs/data-streams.md",
        r"POST photos",
        "an embedded node has no processor `set`: OpenSearch's runs it (test_stream_time.py), the rest runs with a time "
        "in the document (test_data_streams.py)",
    ),
    (
        "docs/data-streams.md",
        r"PUT _ilm",
        "an embedded node has no ILM: by hand, the classes of Elasticsearch 9.5.3 read and validate the policy "
        "(tests/load/lifecycle/__main__.py)",
    ),
    (
        "docs/embedded-node.md",
        r"ingest-image node",
        "it stays up: test_starting_and_stopping.py starts nodes in this way",
    ),
    (
        "docs/gallery.md",
        r"oauth2-proxy",
        "somebody's login: tried by hand, as the page says; test_gallery_login.py has the other way",
    ),
    ("docs/gallery.md", r"server ", "needs nginx: tried by hand with nginx 1.22, as the page says"),
    (
        "docs/inference-way.md",
        r"IMAGE_TOKEN",
        "a licence, which an embedded node has not: tests/inference_way/test_bootstrap.py has a double of the cluster",
    ),
    (
        "docs/install.md",
        r"python3",
        "takes long and stays up: tests/docker/test_wheel.py, and `benchmarks/first-ten-minutes` by hand",
    ),
    (
        "docs/first-ten-minutes.md",
        r"python3",
        "takes long and stays up: tests/docker/test_wheel.py, and `benchmarks/first-ten-minutes` by hand",
    ),
    (
        "docs/kibana.md",
        r"ingest-image|curl",
        "no Kibana here: a double of it gets the requests, and a node what its charts would ask (test_kibana_queries.py)",
    ),
    (
        "docs/kubernetes.md",
        r"# The image",
        "no cluster here: Helm renders, Kubernetes' schemas check, values and files are there (test_documented_install.py)",
    ),
    (
        "docs/monitoring.md",
        r"scrape_configs",
        "a part of a file of Prometheus: its ports are ours (test_documented_names.py)",
    ),
    ("docs/performance.md", r"jcmd", "profiles a node for a minute: by hand"),
    ("docs/security.md", r"ingest\.image", "a part of a file: its settings are there (test_documented_names.py)"),
    ("docs/security.md", r"apiVersion", "a part of a file: Kubernetes' schemas check it (test_documented_install.py)"),
    (
        "docs/versions.md",
        r"bin/",
        "a distribution of Elasticsearch, which cannot be had here: other_releases.py unpacks the same zips",
    ),
)
# Lines of blocks that are run, and why these are not.
LINES_NOT_RUN = {
    "ingest-image search --same-person photo.jpg": "needs vectors of faces: test_same_person.py",
    "ingest-image search --same-person photo.jpg --filter taken:2020": "needs vectors of faces: test_same_person.py",
}
# Lines that stay up, and what they say when they are: they are run until then, and interrupted.
STAYS_UP = {
    "ingest-image enrich": "enriching ",
    "ingest-image enrich --index 'photos-*'": "enriching ",
    "ingest-image gallery": "Ctrl-C",
    "ingest-image gallery --known-as pictures.example": "Ctrl-C",
}


@dataclass(frozen=True)
class Block:
    """Text between fences, and what the comment before it says: `<!-- finds: ids -->`, `<!-- counts: keys -->`."""

    page: str
    line: int
    language: str
    text: str
    marker: str = ""
    said: str = ""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self.page}:{self.line}"

    @property
    def nothing_to_run(self) -> str:
        """What it is, if nobody can run it."""
        return "an answer" if self.language == "text" else _said(NOTHING_TO_RUN, self)

    @property
    def elsewhere(self) -> str:
        """The test that runs it, if that is not the one of the demo."""
        return _said(ELSEWHERE, self)

    @property
    def why_not(self) -> str:
        """Why no test runs it; empty for what one does."""
        return _said(NOT_RUN, self)

    @property
    def is_of_the_demo(self) -> bool:
        """Whether it is run on the demo: requests, or commands."""
        return not (self.nothing_to_run or self.elsewhere or self.why_not)

    @property
    def is_requests(self) -> bool:
        """Whether it is for Dev Tools."""
        return self.is_of_the_demo and bool(_REQUEST.match(self.text))

    @property
    def is_commands(self) -> bool:
        """Whether it is for a shell."""
        return self.is_of_the_demo and bool(_COMMAND.match(self.text))


def blocks() -> list[Block]:
    """All blocks of README, CONTRIBUTING and docs, in their order."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [
        Block(
            str(page.relative_to(ROOT)),
            text[: found.start("language")].count("\n") + 1,
            found["language"],
            found["text"],
            found["marker"] or "",
            (found["said"] or "").strip(),
        )
        for page in pages
        for text in [page.read_text()]
        for found in _BLOCK.finditer(text)
    ]


def questions_within_sentences() -> list[tuple[str, str]]:
    """What sentences and tables say that Elasticsearch is asked with `GET`: page and address. Ours begin with a slash."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    said = [(page.name, re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)) for page in pages]
    return [(name, address) for name, text in said for address in re.findall(r"`GET\s+([^`/\s<][^`]*)`", text)]


def the_block(page: str, begins: str) -> Block:
    """The block of a page that begins so, for a test that runs it elsewhere than on the demo."""
    (found,) = (block for block in blocks() if block.page == page and re.match(begins, block.text))
    return found


def useless(all_blocks: list[Block]) -> list[str]:
    """Rows of the tables that are about no block."""
    rows = (*NOTHING_TO_RUN, *ELSEWHERE, *NOT_RUN)
    return [f"{row[0]}: {row[1]}" for row in rows if not any(_is(row, block) for block in all_blocks)]


def lost(reasons: Iterable[str]) -> list[str]:
    """Tests that reasons name and that are not there: who looks for what stands in for a block finds nothing."""
    named = {path for why in reasons for path in re.findall(r"tests/[\w/.]+|[\w/]+\.py", why)}
    return sorted(path for path in named if not _tests(path))


def strangers() -> list[str]:
    """Rows whose test does not name the page, so that it can have no block from there."""
    return [
        f"{page}: {begins}: {path}"
        for page, begins, path in ELSEWHERE
        if not any(page.rpartition("/")[2] in test.read_text() for test in _tests(path))
    ]


def _tests(path: str) -> list[Path]:
    return list((ROOT / "tests").rglob(path.removeprefix("tests/")))


def _said(rows: tuple[tuple[str, str, str], ...], block: Block) -> str:
    return next((row[2] for row in rows if _is(row, block)), "")


def _is(row: tuple[str, str, str], block: Block) -> bool:
    page, begins, _ = row
    return page in ("*", block.page) and bool(re.match(begins, block.text))
