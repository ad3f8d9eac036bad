import base64
import os

import pytest

from pipelines.files import EXTENSIONS, PictureFile, document, find, id_of_content, id_of_path, title


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def test_folders_are_searched_to_the_bottom(tmp_path):
    touch(
        tmp_path, "b.JPG", "a.png", "2019/deep/c.webp", "notes.txt", "IMG.heic", "README", ".hidden.jpg", ".git/x.png"
    )
    found = find([tmp_path])
    assert [file.relative for file in found.files] == ["2019/deep/c.webp", "a.png", "b.JPG"]
    assert found.skipped == {".txt": 1, ".heic": 1, "no extension": 1}


def test_a_file_named_itself_is_taken_whatever_its_name(tmp_path):
    touch(tmp_path, "picture.dat", ".hidden")
    assert [f.relative for f in find([tmp_path / "picture.dat", tmp_path / ".hidden"]).files] == [
        "picture.dat",
        ".hidden",
    ]


def test_each_file_once(tmp_path):
    touch(tmp_path, "a.png", "sub/b.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    assert [f.relative for f in find([tmp_path / "sub", tmp_path, tmp_path / "a.png"]).files] == ["b.png", "a.png"]


def test_all_extensions_are_lower_case_with_dot():
    assert all(extension.startswith(".") and extension == extension.lower() for extension in EXTENSIONS)


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("old_harbour-02", "old harbour 02"),
        ("IMG_1234", "IMG 1234"),
        ("a.b+c  d", "a b c d"),
        ("Käse_am_Abend", "Käse am Abend"),
        ("---", "---"),
    ],
)
def test_title(stem, expected):
    assert title(stem) == expected


def test_document(tmp_path):
    file = PictureFile(tmp_path / "x" / "old_harbour.jpg", "x/old_harbour.jpg")
    assert document(file, b"bytes") == {
        "title": "old harbour",
        "file_name": "old_harbour.jpg",
        "file_path": "x/old_harbour.jpg",
        "image": {"data": base64.b64encode(b"bytes").decode()},
    }


def test_the_id_of_a_path_is_the_same_however_it_is_named(tmp_path, monkeypatch):
    touch(tmp_path, "sub/a.png", "sub/b.png")
    monkeypatch.chdir(tmp_path)
    (from_folder, other) = find([tmp_path]).files
    (named,) = find([type(tmp_path)("sub/a.png")]).files
    assert id_of_path(from_folder) == id_of_path(named) != id_of_path(other)


def test_a_path_that_is_not_utf8_has_an_id(tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    assert len(id_of_path(PictureFile(tmp_path / name, name))) == 32


def test_the_id_of_content_is_that_of_the_bytes():
    assert id_of_content(b"a") == id_of_content(b"a") != id_of_content(b"b")
