"""Photographs of different things that packages bring, by which recognition of labels is measured.

    apt-get download gcompris-qt-data opencv-doc mate-backgrounds tuxpaint-stamps-default lomiri-wallpapers-16.04 \\
        lomiri-wallpapers-20.04 plasma-workspace-wallpapers darknet palapeli-data
    for package in *.deb; do dpkg -x $package FOLDER; done
    pip download --no-deps foolbox==3.3.4 gradio==5.49.1 scikit-image==0.26.0 scikit-learn==1.9.1
    for wheel in *.whl; do unzip -o $wheel '*.jpg' '*.png' -d FOLDER; done

GCompris keeps its pictures in files of Qt's resource compiler (.rcc), a tree of names and a heap of data; see `rcc` in
Qt's sources (`qresource.cpp`). Photographs are free (CC BY-SA, public domain, GPL); none is copied into the project.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image

_RESOURCES = "usr/share/gcompris-qt/rcc/*.rcc"
_STAMPS = "usr/share/tuxpaint/stamps"
_FILES = (
    *("usr/share/doc/opencv-doc/examples/**/*.jpg", "usr/share/backgrounds/mate/*/*.jpg"),
    *("usr/share/backgrounds/*.jpg", "usr/share/darknet/data/*.jpg", "usr/share/palapeli/collection/*.jpg"),
    *("foolbox/data/*.jpg", "skimage/data/*", "sklearn/datasets/images/*.jpg"),
    *("gradio/media_assets/images/*.jpg", "gradio/test_data/*.jpg"),
)
# The same picture in many sizes.
_WALLPAPERS = "usr/share/wallpapers/*/contents/images"
_DIRECTORY = 2
_LARGEST = 1600


def package_photographs(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """Every photograph in unpacked packages, by activity or folder and name without its ending (`erase/alpaca`), by its
    path among the stamps of Tux Paint, or as a wallpaper (`wallpapers/Path`)."""
    for file in sorted(folder.glob(_RESOURCES)):
        for name, data in _resources(file.read_bytes()):
            if name.endswith((".jpg", ".jpeg", ".webp", ".png")) and len(data) > 4:
                yield from _opened(f"{file.stem}/{Path(name).stem}", BytesIO(data))
    for pattern in _FILES:
        for file in sorted(folder.glob(pattern)):
            yield from _opened(f"{file.parent.name}/{file.stem}", file)
    for sizes in sorted(folder.glob(_WALLPAPERS)):
        yield from _opened(f"wallpapers/{sizes.parents[1].name}", max(sorted(sizes.iterdir())))
    for file in sorted((folder / _STAMPS).rglob("*.png")):
        yield from _opened(file.relative_to(folder / _STAMPS).with_suffix("").as_posix(), file)


def _opened(name: str, file: Path | BytesIO) -> Iterator[tuple[str, Image.Image]]:
    try:
        image = Image.open(file)
        image.draft("RGB", (_LARGEST, _LARGEST))
        image.thumbnail((_LARGEST, _LARGEST))
    except OSError:
        # Compressed again within the resources, as drawings are.
        return
    yield name, image.convert("RGBA" if image.has_transparency_data else "RGB")


def _resources(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and data of a resource file of version 2 or later."""
    _, _, tree, heap, names = struct.unpack_from(">4sIIII", content)

    def walk(number: int) -> Iterator[tuple[str, bytes]]:
        at, flags = struct.unpack_from(">IH", content, tree + 22 * number)
        count = struct.unpack_from(">H", content, names + at)[0]
        name = content[names + at + 6 : names + at + 6 + 2 * count].decode("utf-16-be") if number else ""
        if flags & _DIRECTORY:
            children, first = struct.unpack_from(">II", content, tree + 22 * number + 6)
            for child in range(first, first + children):
                for below, data in walk(child):
                    yield f"{name}/{below}", data
        else:
            start = heap + struct.unpack_from(">I", content, tree + 22 * number + 10)[0]
            size = struct.unpack_from(">I", content, start)[0]
            yield name, content[start + 4 : start + 4 + size]

    return walk(0)
