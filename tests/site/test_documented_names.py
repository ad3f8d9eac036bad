"""Settings and targets of make that README and docs name are there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from processor_service.errors import Code
from processor_service.settings import Settings
from tests.helpers.documented import blocks, the_block
from tests.helpers.paths import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SERVICE = {f"IMAGE_{name.upper()}" for name in Settings.model_fields}
# Of the embedded node.
OTHERS = {"IMAGE_JAVA_HOME", "IMAGE_EMBEDDED_CACHE"}
CODE_JAVA = (ROOT / "elasticsearch_plugin/src/main/java/org/ingestimage/common/Code.java").read_text()
JAVA = (ROOT / "elasticsearch_plugin/src/main/java/org/ingestimage/service/ImageSettings.java").read_text()
CODES = {name.lower() for name in re.findall(r"^    ([A-Z_]+)\(Kind\.", CODE_JAVA, re.MULTILINE)}
NODE = set(re.findall(r'"(ingest\.image\.[a-z_.]+)"', JAVA))
TARGETS = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_and_targets_are_there(page: Path) -> None:
    text = page.read_text()
    assert set(re.findall(r"\bIMAGE_[A-Z_]*[A-Z]\b", text)) <= SERVICE | OTHERS
    assert set(re.findall(r"\bingest\.image\.[a-z_.]*[a-z]\b", text)) <= NODE
    assert set(re.findall(r"(?:^|`)make ([a-z][\w-]*)", text, re.MULTILINE)) <= TARGETS


@pytest.mark.parametrize("page", ["limits", "troubleshooting"])
def test_codes_of_errors_are_there(page: str) -> None:
    """After a status, or alone in the last column: what a node or a service answers."""
    text = (ROOT / f"docs/{page}.md").read_text()
    named = set(re.findall(r"\b[45]\d\d `([a-z_]+)`", text)) | set(re.findall(r"\| `([a-z]+_[a-z_]+)` \|$", text, re.M))
    assert len(named) >= 6 and named <= {code.code for code in Code} | CODES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_fit(page: Path) -> None:
    """What is not a table, an answer or an address."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    assert [line for line in text.splitlines() if len(line) > 120 and not line.startswith(("|", "!"))] == []


def test_there_are_some() -> None:
    assert len(NODE) > 10 and len(SERVICE) > 30 and {"demo", "test", "install"} <= TARGETS


def test_parts_of_files_are_such() -> None:
    node = yaml.safe_load(the_block("docs/security.md", r"ingest\.image").text)
    assert set(node) <= NODE and isinstance(node["ingest.image.hosts"], list)
    (job,) = yaml.safe_load(the_block("docs/monitoring.md", "scrape_configs").text)["scrape_configs"]
    ports = {target.rpartition(":")[2] for static in job["static_configs"] for target in static["targets"]}
    assert ports == {"8093", "8094"}


def _beginning(text: str) -> str:
    """The first words of a block, without a comment behind them."""
    return re.split(r"  | \\\\$", text.splitlines()[0])[0][:70].strip()


def test_the_docs_say_which_blocks_no_test_runs_and_why() -> None:
    rows = [
        f"| [{block.page}]({os.path.relpath(block.page, 'docs')}) | `{_beginning(block.text)}` | {block.why_not} |"
        for block in blocks()
        if block.why_not
    ]
    said = (ROOT / "docs/README.md").read_text().partition("## What is printed and not run\n")[2]
    # What the table has to be is seen when it is not.
    assert [line for line in said.splitlines() if line.startswith("| [")] == rows


@pytest.mark.parametrize("page", ["docs/rendering.md", "docs/store.md"])
def test_settings_of_a_shell_are_taken_by_the_service(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    block = the_block(page, "IMAGE_").text
    command = ["bash", "-euc", f"set -a\n{block}\nenv -0"]
    said = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True).stdout
    given = dict(line.split("=", 1) for line in said.split("\0") if line.startswith("IMAGE_"))
    assert len(given) == block.count("IMAGE_") - block.count("IMAGE_CACHE_BYTES")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert all(str(getattr(settings, name.removeprefix("IMAGE_").lower())) for name in given)


_SAID = re.compile(r"\b(IMAGE_[A-Z_]+)=([^\s`]*[^\s`.,;:)])")
SAID = sorted(
    (page.name, name, value.strip('"'))
    for page in PAGES
    for name, value in _SAID.findall(page.read_text())
    if not re.search(r"[<$]|\.\.\.$|^\.+$", value)
)


@pytest.mark.parametrize(("page", "name", "value"), SAID, ids=[f"{page} {name}" for page, name, _ in SAID])
def test_a_setting_is_taken_with_the_value_of_the_page(
    page: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also within a sentence, or before a command."""
    assert len(SAID) > 10
    monkeypatch.setenv(name, value)
    taken = getattr(Settings(), name.removeprefix("IMAGE_").lower())
    assert taken != Settings.model_fields[name.removeprefix("IMAGE_").lower()].default


def test_the_first_ten_minutes_have_the_steps_of_their_script() -> None:
    script = (ROOT / "benchmarks/first-ten-minutes").read_text()
    page = (ROOT / "docs/first-ten-minutes.md").read_text().partition("## On a bare machine")[0]
    program = r"(?:make dist|python3 -m venv|pip|ingest-image)[ \w-]*"
    steps = re.findall(rf"(?:step|\$|') (?:bash -c ')?(?:venv/bin/)?({program})", script)
    rows = re.findall(r"^\| \d+:\d\d \| `([\w -]+)", page, re.MULTILINE)
    assert len(rows) == 9 and [_command(row) for row in rows] == list(dict.fromkeys(map(_command, steps)))


def _command(line: str) -> str:
    """What a step does: program, command, and the kind of a search."""
    words = line.split()
    return " ".join([*words[:2], *(["--like"] if "--like" in words else [])])
