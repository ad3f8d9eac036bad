"""Parts of files that decoders refuse, and what programs write behind a picture."""

from __future__ import annotations

import struct
import zlib

from tests.helpers.png_chunks import chunk

HUGE = zlib.compress(bytes(12_000_000), 9)
CHUNKS = {
    "a compressed text of 12 MB": chunk(b"zTXt", b"Comment\0\0" + HUGE),
    "an international text of 12 MB": chunk(b"iTXt", b"Comment\0\1\0\0\0" + HUGE),
    "a text of 3 MB": chunk(b"tEXt", b"Comment\0" + b"x" * 3_000_000),
    "a text with a wrong checksum": chunk(b"tEXt", b"Comment\0x", 7),
    "a text of unknown compression": chunk(b"zTXt", b"Comment\0\7x"),
    "short resolution": chunk(b"pHYs", b"\0"),
    "a text that is longer than the file": struct.pack(">I", 5_000_000) + b"tEXtComment\0x" + bytes(4),
    "a text that says it is longer": struct.pack(">I", 12) + b"tEXtComment\0x" + bytes(4),
    "short gamma": chunk(b"gAMA", b"\0"),
    "short chromaticities": chunk(b"cHRM", b"\0\0\0"),
    "short rendering intent": chunk(b"sRGB", b""),
    "an unknown chunk with a wrong checksum": chunk(b"prVt", b"xyz", 1),
    "two of them": chunk(b"zTXt", b"Comment\0\0" + HUGE) + chunk(b"pHYs", b"\0"),
    "more texts than are tried one by one": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(9_000), 9)) * 300,
    "a short animation control": chunk(b"acTL", b"\0\0"),
    "a short frame control": chunk(b"acTL", struct.pack(">2I", 2, 0)) + chunk(b"fcTL", b"\0\0"),
}


def segment(marker: int, body: bytes, length: int | None = None) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2 if length is None else length) + body


SEGMENTS = {
    "a short JFIF": segment(0xE0, b"JFIF"),
    "a JFIF with half a version": segment(0xE0, b"JFIF\0\1"),
    "an empty application segment": segment(0xE5, b""),
    "a length of 0": segment(0xE5, b"", 0),
    "a length of 1": segment(0xE5, b"", 1),
    "a length that is less than what follows": segment(0xE5, b"rubbish", 4),
    "a short Adobe": segment(0xEE, b"Ado"),
    "a broken index of pictures": segment(0xE2, b"MPF\0II*\0\xff\xff\xff\xff" + bytes(18)),
    "an index of pictures without entries": segment(0xE2, b"MPF\0II*\0\x08\0\0\0\0\0\0\0\0\0"),
    "broken Photoshop resources": segment(0xED, b"Photoshop 3.0\0008BIM\x04\x04\xff" + bytes(9)),
    "Photoshop resources cut off": segment(0xED, b"Photoshop 3.0\0008BIM\x04"),
    "a comment that is not text": segment(0xFE, b"\xff\xfe\xff"),
    "EXIF whose directory is beyond its end": segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff"),
    "EXIF that is none": segment(0xE1, b"Exif\0\0rubbish"),
    "a piece of no profile": segment(0xE2, b"ICC_PROFILE\0\0\0x"),
    "a piece of another profile": segment(0xE2, b"ICC_PROFILE\0\x09\x03" + b"x" * 50),
    "a broken preview": segment(0xE0, b"JFXX\0\x10"),
    "two of them": segment(0xE0, b"JFIF") + segment(0xE2, b"MPF\0II*\0\xff\xff\xff\xff" + bytes(18)),
}

# What programs write behind a picture: notes of a Samsung phone, the video of a motion photo.
BEHIND = {
    "nothing": b"",
    "zeros": bytes(100),
    "notes": b"SEFH" + bytes(200) + b"SEFT",
    "a video": struct.pack(">I", 24) + b"ftypmp42" + bytes(12) + struct.pack(">I", 5000) + b"mdat" + bytes(4992),
    "a text": b"rubbish " * 30,
}
