"""Recognizes raw files of cameras: data of the sensor, not a picture yet.

Their small preview must not be taken for the picture.
"""

from __future__ import annotations

import re

from PIL.ExifTags import Base as Tag

from ..formats.tiff_directories import everywhere

# Offset, signature, name. Most others are TIFFs, which can be recognized by their tags.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (8, b"CR\x02", "CR2"),
    (4, b"ftypcrx ", "CR3"),
    (6, b"HEAPCCDR", "CRW"),
    (0, b"FUJIFILMCCD-RAW", "RAF"),
    (0, b"IIRO", "ORF"),
    (0, b"IIRS", "ORF"),
    (0, b"MMOR", "ORF"),
    (0, b"MMRO", "ORF"),
    (0, b"IIU\x00", "RW2"),
    (0, b"MM\x00U", "RW2"),
    (0, b"\x00MRM", "MRW"),
    (0, b"FOVb", "X3F"),
    (0, b"qktk", "QTK"),
    (0, b"qktn", "QTK"),
    (0, b"MLVI", "MLV"),
    (0, b"NOKIARAW", "NOKIARAW"),
    (0, b"DSC-Image", "Kodak raw"),
    # Kyocera, the other way round.
    (25, b"ARECOYK", "Contax raw"),
    (0, b"ARRI\x12\x34\x56\x78", "ARRIRAW"),
    (0, b"PXN\x00", "PXN"),
    (4, b"RED1", "R3D"),
    (4, b"RED2", "R3D"),
)
_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+", b"II\x00*", b"MM*\x00")
# Values of a sensor: through a colour filter, or linear light (DNG 1.7, PhotometricInterpretation).
_SENSOR = {32803, 34892}
# Tags that only raw files have: CFAPattern (TIFF/EP), DNGVersion, DNG's private data (Sony's SRF and SR2 have it
# alone), the slices of a CR2.
_ONLY_RAW = {33422, 50706, 50740, 50752}
_DNG_VERSION = 50706
# Compressions of Nikon, Sony, Pentax, Samsung, Epson, Kodak and of lossy DNG. No TIFF has them.
_ONLY_RAW_COMPRESSIONS = {262, 32767, 32769, 32770, 32772, 32867, 34713, 34892, 52546, 65000, 65535}
# Phase One's IIQ, which begins like a TIFF: `Raw` in either byte order after the header.
_PHASE_ONE = re.compile(rb".{8}(?:IIII.waR|MMMMRaw)", re.DOTALL)
_REMARK = "is a camera's raw file; send the JPEG that the camera or a raw converter makes of it"


def describe_raw(data: bytes) -> str | None:
    """A clause that names the raw format of the bytes; None when they have none."""
    for offset, signature, name in _SIGNATURES:
        if data.startswith(signature, offset):
            return f"{name} {_REMARK}"
    if data.startswith(_TIFF):
        if _PHASE_ONE.match(data):
            return f"IIQ {_REMARK}"
        for directory in everywhere(data):
            tags = directory.entries.keys()
            if (
                directory.number(Tag.PhotometricInterpretation) in _SENSOR
                or tags & _ONLY_RAW
                or directory.number(Tag.Compression) in _ONLY_RAW_COMPRESSIONS
            ):
                return f"{'DNG' if _DNG_VERSION in tags else 'the TIFF'} {_REMARK}"
    return None
