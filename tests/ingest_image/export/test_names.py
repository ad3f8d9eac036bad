"""What documents say may be anything; the file is always a visible one below the folder."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

import pytest

from ingest_image.export.folder import LIST, ExportFolder
from ingest_image.export.names import file_name
from ingest_image.search.found.hits import hit_of
from ingest_image.search.questions.question import UserError

KEY = ("images", "1", None, 0)
PATH = PurePosixPath("a.jpg")


def name(format: str = "jpeg", number: int = 0, **source: object) -> str:
    image = [{"format": format, "sha256": "ab" * 32}] * (number + 1)
    return str(file_name(hit_of({"_index": "images", "_id": "the id", "_source": {**source, "image": image}}), number))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("harbour/old boats-1.JPG", "harbour/old boats-1.JPG"),
        ("../../etc/cron.d/x.jpg", "etc/cron.d/x.jpg"),
        ("/srv/.ssh/id.jpeg", "srv/ssh/id.jpeg"),
        ("C:\\Users\\me\\a.jpg", "C_/Users/me/a.jpg"),
        ("con.jpg", "_con.jpg"),
        ("a\0b\n\u202egpj.jpg", "a_b__gpj.jpg"),
        ("cut\ud83d.jpg", "cut\ufffd.jpg"),
        ("scan.tiff", "scan.jpg"),
        ("v1.2", "v1.2.jpg"),
        ("..", "the id.jpg"),
        ("é" * 200 + ".jpg", "é" * 90 + ".jpg"),
        ("a/" * 100 + "b.jpg", "a/" * 15 + "b.jpg"),
    ],
)
def test_paths_are_kept_as_far_as_they_are_safe(path: str, expected: str) -> None:
    assert name(file_path=path) == expected


def test_what_the_file_system_has_no_bytes_for_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    hit = hit_of({"_index": "images", "_id": "1", "_source": {"file_path": "M\u00fcnchen/\u65c5.jpg"}})
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "latin-1")
    assert file_name(hit, 0) == PurePosixPath("M\u00fcnchen/_.jpg")
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "ascii")
    assert file_name(hit, 0) == PurePosixPath("M_nchen/_.jpg")


def test_what_a_document_without_a_path_is_called() -> None:
    assert name(file_name="a.png", title="b") == "a.jpg"
    assert name(title="Sunset / Lake: 2020") == "Sunset _ Lake_ 2020.jpg"
    assert name() == "the id.jpg"
    assert name(number=2, file_name="a.png", format="webp") == "a-3.webp"
    assert name(format="nonsense", file_name="a.png") == "a.png"


def test_pictures_of_one_name_get_numbers_also_where_case_does_not_count(tmp_path: Path) -> None:
    folder = ExportFolder(tmp_path)
    (tmp_path / "b.jpg").write_text("somebody else's")
    written = [
        folder.write(("images", id, None, 0), id, PurePosixPath(wanted), b"x")
        for id, wanted in zip("1234", ("a.jpg", "A.JPG", "a.jpg", "b.jpg"), strict=True)
    ]
    assert written == ["a.jpg", "A-2.JPG", "a-3.jpg", "b-2.jpg"]
    assert (tmp_path / "b.jpg").read_text() == "somebody else's"


def test_an_export_that_was_killed_is_continued(tmp_path: Path) -> None:
    ExportFolder(tmp_path).write(KEY, "s1", PATH, b"one")
    with (tmp_path / LIST).open("a") as lines:
        lines.write('{"index": "images", "id": "2", "num')
    again = ExportFolder(tmp_path)
    assert again.has(KEY, "s1") and not again.has(KEY, "s2") and not again.has(("images", "2", None, 0), "s")
    # What has changed takes the same file, and what was removed is written again.
    assert again.write(KEY, "s2", PATH, b"two") == "a.jpg" and (tmp_path / "a.jpg").read_bytes() == b"two"
    (tmp_path / "a.jpg").unlink()
    assert not ExportFolder(tmp_path).has(KEY, "s2")


def test_no_link_is_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "linked").symlink_to(outside)
    (inside / "a.jpg").symlink_to(outside / "a.jpg")
    folder = ExportFolder(inside)
    with pytest.raises(UserError, match="leads out of"):
        folder.write(KEY, "s", PurePosixPath("linked/a.jpg"), b"x")
    assert folder.write(KEY, "s", PATH, b"x") == "a-2.jpg"
    with pytest.raises(UserError, match="leads out of"):
        folder.write(KEY, "s", PurePosixPath("linked/made/a.jpg"), b"x")
    assert list(outside.iterdir()) == []


def test_a_file_in_the_place_of_a_folder_fails_alone(tmp_path: Path) -> None:
    folder = ExportFolder(tmp_path)
    folder.write(KEY, "s", PATH, b"x")
    with pytest.raises(UserError, match="a file has that name"):
        folder.write(("images", "2", None, 0), "s", PATH / "b.jpg", b"x")
    assert not list(tmp_path.glob("*.part"))
