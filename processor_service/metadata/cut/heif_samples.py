"""The tables of samples of an animation in AVIF and HEIF (ISO/IEC 14496-12, 8.6 and 8.7)."""

from __future__ import annotations

import struct

from ...formats.boxes import boxes

Range = tuple[int, int]
_FULL = 4
# An animation longer than this between two frames does not move.
_MOST_TIME = 1 << 24


def samples(data: bytes, begin: int, end: int) -> tuple[bytes, list[Range]]:
    """The codec of a track's samples, and where they are in the file, chunk by chunk.

    Raises ValueError when a table says anything of samples that are not there.
    """
    tables = {name: data[start + _FULL : last] for name, start, last in boxes(data, begin, end)}
    size, count = struct.unpack_from(">II", tables[b"stsz"])
    if count > len(data) or size * count > len(data):
        raise ValueError("the samples are longer than the file")
    sizes = [size] * count if size else list(struct.unpack_from(f">{count}I", tables[b"stsz"], 8))
    wide = b"co64" in tables
    if wide and b"stco" in tables:
        raise ValueError("the places of chunks stand there twice")
    offsets = _numbers(tables[b"co64" if wide else b"stco"], "Q" if wide else "I")
    per_chunk = _per_chunk(_numbers(tables[b"stsc"], "III"), len(offsets))
    _check_times(_numbers(tables[b"stts"], "II"), count)
    keys = _numbers(tables[b"stss"], "I") if b"stss" in tables else ()
    if list(keys) != sorted({key for key in keys if 1 <= key <= count}):
        raise ValueError("whole frames that are not there")
    found, at, each = [], 0, 0
    for number, offset in enumerate(offsets, 1):
        each = per_chunk.get(number, each)
        if not sizes[at : at + each]:
            raise ValueError("a chunk without samples")
        found.append((offset, offset + sum(sizes[at : at + each])))
        at += each
    if at != count:
        raise ValueError("samples that are in no chunk")
    return tables[b"stsd"][8:12], found


def _numbers(table: bytes, entry: str) -> tuple[int, ...]:
    """The entries of a table, one after the other; their number precedes them."""
    return struct.unpack_from(">" + int.from_bytes(table[:4]) * entry, table, 4)


def _per_chunk(runs: tuple[int, ...], chunks: int) -> dict[int, int]:
    """How many samples a chunk has, from the chunk on that is named."""
    firsts, kinds = runs[::3], runs[2::3]
    if list(firsts) != sorted({first for first in firsts if 1 <= first <= chunks}) or set(kinds) != {1}:
        raise ValueError("chunks that are not there, or samples of several kinds")
    return dict(zip(firsts, runs[1::3], strict=True))


def _check_times(runs: tuple[int, ...], count: int) -> None:
    """Raise ValueError when the durations are not those of the samples."""
    if sum(runs[::2]) != count or 0 in runs[::2] or max(runs[1::2]) >= _MOST_TIME:
        raise ValueError("durations of samples that are not there")
