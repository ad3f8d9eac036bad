from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from ingest_image.files import PictureFile, Unfit, document, find, id_of_content, id_of_path, title
from processor_service.formats.registry import FORMATS, extensions, is_unmistakable, readable
from processor_service.settings import Settings
from tests.helpers.paths import PICTURES
from tests.helpers.pictures import encoded, picture


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def test_folders_are_searched_to_the_bottom(tmp_path: Path) -> None:
    touch(
        tmp_path, "b.JPG", "a.png", "2019/deep/c.webp", "notes.txt", "IMG.heic", "README", ".hidden.jpg", ".git/x.png"
    )
    found = find([tmp_path])
    assert [file.relative for file in found.files] == ["2019/deep/c.webp", "IMG.heic", "a.png", "b.JPG"]
    assert found.skipped == {".txt": 1, "no extension": 1}
    assert (found.hidden, found.left_out, found.unread) == (2, {}, {})


@pytest.mark.parametrize(
    "name",
    [
        "a.heic",
        "b.HEIF",
        "c.hif",
        "d.apng",
        "e.psd",
        "f.tga",
        "g.qoi",
        "h.jp2",
        "i.j2k",
        "j.avif",
        "k.mpo",
        "l.TIFF",
        "m.dds",
        "n.icns",
        "o.pfm",
        "p.Jpe",
    ],
)
def test_everything_that_the_service_reads_is_taken(tmp_path: Path, name: str) -> None:
    touch(tmp_path, name)
    assert [file.relative for file in find([tmp_path]).files] == [name]


@pytest.mark.parametrize("name", ["a.jxl", "b.nef", "c.pdf", "d.svg", "e.mp4", "f.eps", "g.zip", "h.dng", "i.cr3"])
def test_what_no_service_reads_is_counted(tmp_path: Path, name: str) -> None:
    touch(tmp_path, name)
    assert find([tmp_path]).skipped == {name[1:]: 1}


def test_what_this_service_does_not_read_is_counted_apart(tmp_path: Path) -> None:
    touch(tmp_path, "a.heic", "b.HEIC", "c.psd", "d.jpg")
    found = find([tmp_path], extensions(tuple(one for one in FORMATS if one.name in ("jpeg", "png"))))
    assert [file.relative for file in found.files] == ["d.jpg"]
    assert (found.unread, found.skipped) == ({".heic": 2, ".psd": 1}, {})


def test_content_tells_a_picture_whose_name_does_not(tmp_path: Path) -> None:
    photo = picture("pillow/hopper.jpg")
    for name in ("IMG_0001", "photo.jpg~1", "download.bin"):
        (tmp_path / name).write_bytes(photo)
    # A camera's raw file begins like a TIFF, a text may begin like a bitmap.
    (tmp_path / "raw.nef").write_bytes(encoded(Image.new("RGB", (8, 8)), "TIFF"))
    (tmp_path / "BMW").write_text("BMW, P6 and other letters")
    found = find([tmp_path])
    assert [file.relative for file in found.files] == ["IMG_0001", "download.bin", "photo.jpg~1"]
    assert found.skipped == {".nef": 1, "no extension": 1}


def test_marks_of_formats() -> None:
    for name in ("pillow/hopper.jpg", "thumbor/image.heic", "skimage/chelsea.png", "libavif/paris_icc_exif_xmp.avif"):
        assert is_unmistakable((PICTURES / name).read_bytes()[:32]), name
    for head in (b"", b"%PDF-1.7", b"BM", b"\0\0\1\0", b"II*\0", b"\0\0\0 ftypisom\0\0\0\0mp42", b"<svg", b"P6"):
        assert not is_unmistakable(head)


def test_a_file_named_itself_is_taken_whatever_its_name(tmp_path: Path) -> None:
    touch(tmp_path, "picture.dat", ".hidden")
    assert [f.relative for f in find([tmp_path / "picture.dat", tmp_path / ".hidden"]).files] == [
        "picture.dat",
        ".hidden",
    ]


def test_each_file_once(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "sub/b.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    assert [f.relative for f in find([tmp_path / "sub", tmp_path, tmp_path / "a.png"]).files] == ["b.png", "a.png"]


def test_extensions_are_those_of_the_formats() -> None:
    assert {"jpg", "heic", "hif", "apng", "tga", "mpo"} <= extensions(readable(Settings())) == extensions(FORMATS)
    common = extensions(readable(Settings(formats="common")))
    assert "jpg" in common and "heif" in common and "psd" not in common
    assert not extensions(FORMATS) & {"eps", "pdf", "svg", "mpg", "fits", "jxl", ""}


def test_the_service_decides_what_is_read_also_when_it_is_newer(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "b.new", "c.txt", "d.psd")
    found = find([tmp_path], frozenset({"png", "new"}))
    assert [file.relative for file in found.files] == ["a.png", "b.new"]
    assert (found.skipped, found.unread) == ({".txt": 1}, {".psd": 1})


def test_links_out_of_the_folder_are_not_followed_and_named(tmp_path: Path) -> None:
    touch(tmp_path, "out/secret.png", "out/more/b.png", "in/a.png", "in/sub/c.png")
    links = {
        "in/file.png": "out/secret.png",
        "in/folder": "out/more",
        "in/sub/up": "",
        "in/notes.txt": "out/secret.png",
        "in/same.png": "in/a.png",
        "in/loop": "in",
        "in/sub/again": "in/sub",
        "in/nothing.png": "in/missing.png",
    }
    for name, target in links.items():
        (tmp_path / name).symlink_to(tmp_path / target)
    (tmp_path / "in/self.png").symlink_to("self.png")
    found = find([tmp_path / "in"])
    assert [file.relative for file in found.files] == ["a.png", "sub/c.png"]
    assert found.left_out == {
        "linked out of the folder": ["file.png", "folder", "notes.txt", "sub/up"],
        "leading nowhere": ["nothing.png", "self.png"],
    }


def test_a_folder_or_file_that_is_named_may_be_a_link(tmp_path: Path) -> None:
    touch(tmp_path, "real/a.png")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "b.png").symlink_to(tmp_path / "real/a.png")
    assert [file.relative for file in find([tmp_path / "link"]).files] == ["a.png"]
    assert [file.relative for file in find([tmp_path / "b.png"]).files] == ["b.png"]


@pytest.mark.timeout(120)
def test_what_is_no_regular_file_never_blocks(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "pipe link.png").symlink_to(tmp_path / "pipe.png")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "socket.png"))
        found = find([tmp_path])
    assert [file.relative for file in found.files] == ["a.png"]
    assert found.left_out == {"not regular files": ["pipe link.png", "pipe.png", "socket.png"]}
    for path in (tmp_path / "pipe.png", Path("/dev/zero")):
        (file,) = find([path]).files
        with pytest.raises(Unfit, match="not a regular file"):
            file.read(1000)


def test_empty_and_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.png", "locked/b.png")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "empty").touch()
    listed = Path.iterdir

    def refused(path: Path) -> Iterator[Path]:
        if path.name == "locked":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", refused)
    found = find([tmp_path])
    assert [file.relative for file in found.files] == ["a.png"]
    assert found.left_out == {"empty": ["empty.jpg"], "unreadable (Permission denied)": ["locked"]}
    assert found.skipped == {"no extension": 1}


def test_a_file_that_became_a_link_after_it_was_found_is_not_read(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "secret")
    (file,) = find([tmp_path / "a.png"]).files
    (tmp_path / "a.png").unlink()
    (tmp_path / "a.png").symlink_to(tmp_path / "secret")
    with pytest.raises(Unfit, match="not a regular file"):
        file.read(1000)


def test_reading_is_bounded(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    (file,) = find([tmp_path]).files
    assert file.read(5) == b"a.png"
    with pytest.raises(Unfit, match="has 5 bytes, more than 4"):
        file.read(4)


def test_names_that_are_not_utf8_become_documents_that_are(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9_am\xffsee.png")
    (tmp_path / name).write_bytes(b"x")
    (file,) = find([tmp_path]).files
    made = document(file, b"x")
    json.dumps(made, ensure_ascii=False).encode()
    assert (made["title"], made["file_name"]) == ("caf\ufffd am\ufffdsee", "caf\ufffd_am\ufffdsee.png")
    other = PictureFile(tmp_path / os.fsdecode(b"caf\xe8_am\xffsee.png"), "x")
    assert id_of_path(file) != id_of_path(other)


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
def test_title(stem: str, expected: str) -> None:
    assert title(stem) == expected


def test_document(tmp_path: Path) -> None:
    file = PictureFile(tmp_path / "x" / "old_harbour.jpg", "x/old_harbour.jpg")
    assert document(file, b"bytes") == {
        "title": "old harbour",
        "file_name": "old_harbour.jpg",
        "file_path": "x/old_harbour.jpg",
        "image": {"data": base64.b64encode(b"bytes").decode()},
    }


def test_the_id_of_a_path_is_the_same_however_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "sub/a.png", "sub/b.png")
    monkeypatch.chdir(tmp_path)
    (from_folder, other) = find([tmp_path]).files
    (named,) = find([type(tmp_path)("sub/a.png")]).files
    assert id_of_path(from_folder) == id_of_path(named) != id_of_path(other)


def test_a_path_that_is_not_utf8_has_an_id(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    assert len(id_of_path(PictureFile(tmp_path / name, name))) == 32


def test_the_id_of_content_is_that_of_the_bytes() -> None:
    assert id_of_content(b"a") == id_of_content(b"a") != id_of_content(b"b")
