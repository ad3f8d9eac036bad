"""An export that was killed, at whatever step, and is run again: one file for each picture, and a whole list."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from types import FrameType
from typing import Any

import pytest

from ingest_image.export import folder as export_folder
from ingest_image.export.folder import LIST, ExportFolder

# Id, SHA-256 and the name that is wanted. The first is changed later: it becomes a PNG.
BEFORE = (("1", "s1", "a.jpg"), ("2", "s2", "a.jpg"), ("3", "s3", "below/a.jpg"))
AFTER = (("1", "s4", "a.png"), *BEFORE[1:])


def export(path: Path, pictures: tuple[tuple[str, str, str], ...], routing: str | None = None) -> None:
    """As the command does it. What is in a file is its SHA-256 here."""
    folder = ExportFolder(path)
    for id, sha256, name in pictures:
        if not folder.has(("images", id, routing, 0), sha256):
            folder.write(("images", id, routing, 0), sha256, PurePosixPath(name), sha256.encode())


def forget_routing(path: Path) -> None:
    """The list becomes one as it was before lines said the routing."""
    lines = [json.loads(line) for line in (path / LIST).read_text().splitlines()]
    for line in lines:
        del line["routing"]
    (path / LIST).write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def check(path: Path) -> None:
    lines = [json.loads(line) for line in (path / LIST).read_text().splitlines()]
    listed = {line["id"]: (line["sha256"], line["file"]) for line in lines}
    files = {file.relative_to(path).as_posix(): file.read_text() for file in path.rglob("*") if file.is_file()}
    del files[LIST]
    assert {id: sha256 for id, (sha256, _) in listed.items()} == {id: sha256 for id, sha256, _ in AFTER}
    assert files == {file: sha256 for sha256, file in listed.values()}


@pytest.fixture
def steps(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Path]]:
    """What is on the disk before each line of the program: what somebody who kills it there leaves.

    The parameter: the routing of documents of which an earlier list has those before; none for a new list.
    """
    path, kept = tmp_path / "export", tmp_path / "steps"
    path.mkdir()
    if request.param:
        export(path, BEFORE)
        forget_routing(path)
    found: list[Path] = []

    def look(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        if frame.f_code.co_filename != export_folder.__file__:
            return None
        if event == "line":
            state = {file.relative_to(path): file.read_bytes() for file in path.rglob("*") if file.is_file()}
            if state not in states:
                states.append(state)
                found.append(kept / str(len(found)))
                shutil.copytree(path, found[-1])
        return look

    states: list[dict[Path, bytes]] = []
    before = sys.gettrace()
    sys.settrace(look)
    try:
        if not request.param:
            export(path, BEFORE)
        export(path, AFTER, request.param)
    finally:
        sys.settrace(before)
    check(path)
    yield found


@pytest.mark.parametrize(("steps", "routing", "least"), [(None, None, 12), ("r", "r", 5)], indirect=["steps"])
def test_an_export_that_is_killed_at_any_step_is_continued(steps: list[Path], routing: str | None, least: int) -> None:
    # Each picture is written in more than three steps: four, or one, and two that are only claimed.
    assert len(steps) > least
    for state in steps:
        for _ in range(3):
            export(state, AFTER, routing)
            check(state)


@pytest.mark.parametrize("routing", ["r", None])
@pytest.mark.parametrize("other", ["s2", "s1"])
@pytest.mark.parametrize("is_other_first", [False, True])
def test_an_earlier_list_without_routing_is_of_one_document_of_that_id(
    tmp_path: Path, routing: str | None, other: str, is_other_first: bool
) -> None:
    export(tmp_path, (("1", "s1", "a.jpg"),))
    forget_routing(tmp_path)
    # It had left out one with another routing.
    documents = [("s", other), (routing, "s1")] if is_other_first else [(routing, "s1"), ("s", other)]
    for of, sha256 in documents * 2:
        export(tmp_path, (("1", sha256, "a.jpg"),), of)
    files = sorted(file.name for file in tmp_path.iterdir() if file.name != LIST)
    assert files == ["a-2.jpg", "a.jpg"]
    assert sorted((tmp_path / file).read_text() for file in files) == sorted(["s1", other])
    folder = ExportFolder(tmp_path)
    assert all(folder.has(("images", "1", of, 0), sha256) for of, sha256 in documents)


def test_a_line_that_was_cut_off_anywhere_loses_no_other(tmp_path: Path) -> None:
    export(tmp_path / "whole", BEFORE)
    data = (tmp_path / "whole" / LIST).read_bytes()
    last = len(data.splitlines(keepends=True)[-1])
    for end in range(len(data) - last, len(data)):
        state = tmp_path / str(end)
        shutil.copytree(tmp_path / "whole", state)
        (state / LIST).write_bytes(data[:end])
        for _ in range(3):
            export(state, AFTER)
            check(state)
