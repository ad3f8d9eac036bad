"""The blocks of code in README and docs: which are requests, which are commands, and why the others are not run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tests.helpers.paths import ROOT

_BLOCK = re.compile(
    r"(?:^<!-- (?P<marker>\w+):(?P<said>.*?)-->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```", re.M | re.S
)
_REQUEST = re.compile(r"(GET|PUT|POST|DELETE) [^<\s]+(\n|$)")
_COMMAND = re.compile(r"(venv/bin/)?ingest-image |curl ")

# Page (or * for all), how a block begins, and why this is not run by tests/end_to_end/own_nodes/test_demo.py. Each must be of use.
NOT_RUN = (
    ("*", r"\{|^ *\w+ = |^from |^client = ", "a part of a request, an answer or a program, not whole"),
    ("docs/operations.md", r"\[|\{", "a recipe, rendered from the declarations: test_operations_golden.py"),
    ("docs/commands.md", r"ingest-image .*\[OPTIONS\]", "the usage of a command, rendered from the program"),
    ("docs/commands.md", r"eval ", "for the files of a shell: tests/ingest_image/test_cli.py"),
    ("README.md", r" PUT images/_doc, _bulk|PUT images/_doc/1 \{", "a drawing"),
    ("README.md", r"PUT images/_doc/dot|POST images/_update/dot|GET images/_search\?q=dot", "end_to_end/test_tour.py"),
    ("README.md", r"POST _bulk|POST _ingest/|PUT _ingest/pipeline/avatars|GET people/", "end_to_end/test_tour.py"),
    ("README.md", r"pip install", "tests/docker/test_wheel.py"),
    ("README.md", r"make ", "hours: end_to_end/own_nodes/test_demo.py has the demo"),
    ("docs/architecture.md", r" client", "a drawing"),
    ("docs/addresses.md", r"PUT images/_doc/1", "the address is an example: end_to_end/test_addresses.py"),
    ("docs/compose.md", r"docker|\. \./\.env|SERVICE_REPLICAS|curl", "containers, which do not run here: tests/docker"),
    (
        "docs/data-streams.md",
        r"ingest-image|POST photos|PUT _ilm",
        "no processor `set` and no ILM on an embedded node: test_data_streams.py, install/test_streams.py",
    ),
    ("docs/doctor.md", r"ok ", "an answer"),
    ("docs/embedded-node.md", r"ingest-image node|from ", "stays up: tests/embedded_node"),
    ("docs/gallery.md", r"ingest-image gallery", "stays up: tests/ingest_image/gallery"),
    ("docs/gallery.md", r"server ", "a part of a file of nginx, which does not run here"),
    ("docs/inference-way.md", r"IMAGE_TOKEN", "a licence, which an embedded node has not: tests/inference_way"),
    ("docs/install.md", r"python3", "tests/docker/test_wheel.py"),
    ("docs/first-ten-minutes.md", r"python3", "tests/docker/test_wheel.py, end_to_end/own_nodes/test_demo.py"),
    ("docs/kibana.md", r"ingest-image|curl", "Kibana, which does not run here: tests/pipelines/kibana"),
    ("docs/kubernetes.md", r"# The image", "Kubernetes, which does not run here: tests/deploy"),
    ("docs/monitoring.md", r"scrape_configs", "a part of a file of Prometheus"),
    ("docs/performance.md", r"jcmd", "profiles a node for a minute"),
    ("docs/privacy.md", r"GET|ingest-image", "other data: test_recognition_docs.py, test_same_person.py"),
    ("docs/recognition.md", r"GET|PUT", "other data: test_recognition_docs.py, test_same_person.py"),
    ("docs/rendering.md", r"GET|IMAGE_|\$ ", "of the service: processor_service/web/test_rendering_served.py"),
    ("docs/security.md", r"ingest\.image|apiVersion", "a part of a file"),
    ("docs/security.md", r"IMAGE_TOKEN", "of the service: processor_service/web/test_signed_requests.py"),
    ("docs/store.md", r"IMAGE_|PUT", "a store, and what is left out: end_to_end/store/test_store.py"),
    ("docs/traces.md", r"PUT", "a drawing"),
    (
        "docs/versions.md",
        r"ingest-image plugin",
        "bin/elasticsearch-plugin: tests/docker/test_wheel.py, other_releases.py",
    ),
    ("docs/wire.md", r"\{|Authorization", "of the service: processor_service/web"),
    ("CONTRIBUTING.md", r"make ", "hours; CI does it"),
)


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
    def why_not(self) -> str:
        """Why it is not run; empty for what is."""
        if self.language == "text":
            return "an answer"
        return next((row[2] for row in NOT_RUN if _is(row, self)), "")

    @property
    def is_requests(self) -> bool:
        """Whether it is for Dev Tools."""
        return not self.why_not and bool(_REQUEST.match(self.text))

    @property
    def is_commands(self) -> bool:
        """Whether it is for a shell."""
        return not self.why_not and bool(_COMMAND.match(self.text))


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


def useless(all_blocks: list[Block]) -> list[str]:
    """Rows of the table that are about no block."""
    return [f"{row[0]}: {row[1]}" for row in NOT_RUN if not any(_is(row, block) for block in all_blocks)]


def lost(reasons: Iterable[str]) -> list[str]:
    """Tests that reasons name and that are not there: who looks for what stands in for a block finds nothing."""
    named = {path for why in reasons for path in re.findall(r"tests/[\w/.]+|[\w/]+\.py", why)}
    return sorted(path for path in named if not any((ROOT / "tests").rglob(path.removeprefix("tests/"))))


def _is(row: tuple[str, str, str], block: Block) -> bool:
    page, begins, _ = row
    return page in ("*", block.page) and bool(re.match(begins, block.text))
