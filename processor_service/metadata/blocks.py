"""Sorts blocks of metadata by how they begin: containers have boxes, chunks and segments of many names for them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ..picture import Metadata
from .exif import Exif, Tag
from .iptc import read_iptc
from .xmp import read_xmp

_EXIF = re.compile(rb"(?:Exif\0.)*(?:II\*\0|MM\0\*|II\+\0|MM\0\+)", re.DOTALL)
_XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION_SEGMENT = b"http://ns.adobe.com/xmp/extension/\0"
_XMP = re.compile(rb"[\s\0]*(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\0{0,3}<")
PHOTOSHOP_SEGMENT = b"Photoshop 3.0\0"
_RESOURCE = b"8BIM"
_SIGNATURES = (_RESOURCE, b"PHUT", b"AgHg", b"DCSR", b"MeSa")
# Numbers of Photoshop's image resources (Adobe Photoshop File Formats Specification).
_RESOURCE_IPTC, _RESOURCE_EXIF, _RESOURCE_XMP = 1028, 1058, 1060
_MOST_RESOURCES = 1000
_MOST_COMMENTS = 100
# Most blocks of a kind that are looked into when the first one is broken.
_MOST_LOOKED = 100
# Besides words an extension holds pictures and depth maps. The XMP reader takes no more than this, either.
_MOST_EXTENSION = 8 * 1024 * 1024

_SOUND: dict[str, Callable[[bytes], bool]] = {
    "exif": lambda block: bool(Exif(block).main),
    "xmp": lambda block: bool(read_xmp(block)),
    "iptc": lambda block: bool(read_iptc(block)),
}


@dataclass
class Blocks:
    """The blocks found so far. Of each kind the first one counts that is sound, or else the first one."""

    exif: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""
    extensions: list[bytes] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    # How many blocks of a kind were looked into, and of which kinds the one that counts is not sound.
    looked: Counter[str] = field(default_factory=Counter)
    broken: set[str] = field(default_factory=set)

    def add(self, block: bytes) -> None:
        """Add a block by its kind. Blocks of unknown kinds are left out."""
        if _EXIF.match(block):
            self._offer("exif", block)
        elif block.startswith(_XMP_SEGMENT):
            self._offer("xmp", block.removeprefix(_XMP_SEGMENT))
        elif block.startswith(_EXTENSION_SEGMENT):
            self.extensions.append(block.removeprefix(_EXTENSION_SEGMENT))
        elif block.startswith((PHOTOSHOP_SEGMENT, _RESOURCE)):
            self.add_resources(_resources(block.removeprefix(PHOTOSHOP_SEGMENT)))
        elif block.startswith(b"\x1c"):
            self._offer("iptc", block)
        elif _XMP.match(block):
            self._offer("xmp", block)

    def _offer(self, kind: str, block: bytes) -> None:
        """Take the block if there is none of its kind, or if only this one is sound."""
        before = getattr(self, kind)
        if not before:
            setattr(self, kind, block)
        elif before != block and self.looked[kind] < _MOST_LOOKED:
            is_sound = _SOUND[kind]
            if not self.looked[kind] and not is_sound(before):
                self.broken.add(kind)
            self.looked[kind] += 1
            if kind in self.broken and is_sound(block):
                setattr(self, kind, block)
                self.broken.remove(kind)

    def add_resources(self, resources: Iterable[tuple[int, bytes]]) -> None:
        """Add Photoshop's resources by their numbers."""
        for number, content in resources:
            if number in (_RESOURCE_IPTC, _RESOURCE_EXIF, _RESOURCE_XMP):
                self.add(content)

    def add_text(self, keyword: str, text: str) -> None:
        """Add a text that the container has a name for."""
        self.texts.setdefault(keyword.casefold(), text)

    def add_comment(self, text: str) -> None:
        """Add a comment. A file may have several."""
        if len(self.comments) < _MOST_COMMENTS:
            self.comments.append(text)

    def metadata(self) -> Metadata:
        """All metadata. XMP and IPTC within the EXIF, as in every TIFF, come last."""
        if self.exif:
            inside = Exif(self.exif)
            for tag in (Tag.XMP, Tag.IPTC, Tag.PHOTOSHOP):
                self.add(inside.block(tag))
        if self.comments:
            # Those of an animation are often the same.
            self.add_text("comment", "\n".join(dict.fromkeys(self.comments)))
        return Metadata(self.exif, self.xmp, self.iptc, self._extension(), self.texts)

    def _extension(self) -> bytes:
        """The extension that the packet names by its digest, joined from its parts (XMP Specification, part 3)."""
        parts = sorted(
            (int.from_bytes(part[36:40]), part[40:]) for part in self.extensions if part[:32] and part[:32] in self.xmp
        )
        whole = b""
        for offset, content in parts:
            if offset < len(whole):
                continue
            if offset > len(whole) or offset + len(content) > _MOST_EXTENSION:
                return b""
            whole += content
        return whole


def _resources(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each of Photoshop's image resources."""
    position = 0
    for _ in range(_MOST_RESOURCES):
        if data[position : position + 4] not in _SIGNATURES or len(data) < position + 12:
            return
        number = int.from_bytes(data[position + 4 : position + 6])
        # The name: its length and letters together have an even number of bytes.
        position += 6 + (data[position + 6] + 2) // 2 * 2
        length = int.from_bytes(data[position : position + 4])
        yield number, data[position + 4 : position + 4 + length]
        position += 4 + length + length % 2
