"""Metadata that tests put into files of many kinds, and the fields that come of it."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any

from processor_service.features.metadata import Metadata
from tests.helpers.kinds import decoded
from tests.helpers.metadata_files import SHORT, Directory, iptc, place, tiff, xmp

MAIN: Directory = {0x010F: "Testcam", 0x0110: "Model One", 0x8298: "© Jo"}
SUB: Directory = {0x9003: "2019:05:06 07:08:09", 0x8827: (SHORT, [400])}
EXIF = tiff(MAIN, SUB, place())
XMP = xmp("<dc:subject><rdf:Bag><rdf:li>harbour</rdf:li></rdf:Bag></dc:subject>", 'photoshop:Headline="At dusk"')
IPTC = iptc((25, b"boats"), (80, "Jö".encode("latin-1")), (116, b"all rights"))
OF_EXIF = {
    "camera": "Testcam Model One",
    "iso": 400,
    "taken_at": "2019-05-06T07:08:09",
    "copyright": "© Jo",
    "location": {"lat": 48.5, "lon": 2.25},
}
OF_XMP = {"title": "At dusk", "keywords": ["harbour"]}
OF_IPTC = {"keywords": ["boats"], "artist": "Jö", "rights": "all rights"}
OF_ALL = OF_EXIF | OF_XMP | OF_IPTC | {"keywords": ["harbour", "boats"]}

PREFIX = b"Exif\0\0"
XAP = b"http://ns.adobe.com/xap/1.0/\0"
PHOTOSHOP = b"Photoshop 3.0\0"


def fields(data: bytes, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = Metadata(location="full").extract(decoded(data, **options)).get("metadata", {})
    return found


def text(keyword: str, content: bytes) -> tuple[bytes, bytes]:
    return b"tEXt", keyword.encode() + b"\0" + content


def packed(keyword: str, content: bytes) -> tuple[bytes, bytes]:
    return b"zTXt", keyword.encode() + b"\0\0" + zlib.compress(content)


def international(keyword: str, content: bytes) -> tuple[bytes, bytes]:
    return b"iTXt", keyword.encode() + b"\0\0\0en\0word\0" + content


def international_packed(keyword: str, content: bytes) -> tuple[bytes, bytes]:
    return b"iTXt", keyword.encode() + b"\0\1\0en\0word\0" + zlib.compress(content)


def extended(packet: bytes, cut: int = 60_000, guid: bytes | None = None) -> tuple[str, list[bytes]]:
    guid = guid or hashlib.md5(packet).hexdigest().upper().encode()
    head = b"http://ns.adobe.com/xmp/extension/\0" + guid + len(packet).to_bytes(4)
    parts = [head + at.to_bytes(4) + packet[at : at + cut] for at in range(0, len(packet), cut)]
    return f'xmpNote:HasExtendedXMP="{guid.decode()}"', parts
