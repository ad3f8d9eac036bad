"""Chunks of PNGs."""

from __future__ import annotations

import struct
import zlib


def chunk(kind: bytes, body: bytes, checksum: int | None = None) -> bytes:
    """A chunk with its checksum, or with another one."""
    right = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", right if checksum is None else checksum)
