"""Reads and writes how often an animated AVIF plays, which Pillow does neither.

It follows from the edit list of the track (ISO 14496-12, 8.6.6): a repeating list says how long one round takes, the
track how long all rounds take. As in libavif, a track without an end plays forever.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .boxes import boxes

_WITHIN = {b"moov", b"trak", b"edts"}
# Position of the duration in each box, by the box's version: version 0 has 4 bytes for times, version 1 has 8.
_DURATION_AT = {b"mvhd": (16, 24), b"tkhd": (20, 28), b"elst": (8, 8)}
_MOST_BOXES = 1000


@dataclass(frozen=True)
class _Duration:
    """A duration in the file. `repeats`: whether an edit list repeats."""

    box: bytes
    at: int
    size: int
    value: int
    repeats: bool

    @property
    def is_endless(self) -> bool:
        return self.value == (1 << 8 * self.size) - 1


def avif_loops(data: bytes) -> int:
    """How often the animation plays. 0 means forever, also when the file does not say."""
    found = list(_durations(data))
    track = next((each for each in found if each.box == b"tkhd"), None)
    once = next((each for each in found if each.box == b"elst"), None)
    if track is None or once is None:
        return 0
    if not once.repeats:
        return 1
    return 0 if track.is_endless or not once.value else max(1, -(-track.value // once.value))


def with_avif_loops(data: bytes, loops: int) -> bytes:
    """Changes an AVIF of libavif, which plays forever, so that it plays `loops` times (0: forever)."""
    found = list(_durations(data))
    once = next((each for each in found if each.box == b"elst"), None)
    if not loops or once is None:
        return data
    changed = bytearray(data)
    for each in found:
        if each.box != b"elst":
            changed[each.at : each.at + each.size] = min(once.value * loops, (1 << 8 * each.size) - 2).to_bytes(
                each.size
            )
    return bytes(changed)


def _durations(data: bytes) -> Iterator[_Duration]:
    for name, start, end in _all_boxes(data):
        if name in _DURATION_AT and end - start >= 8:
            version = min(data[start], 1)
            at, size = start + _DURATION_AT[name][version], (4, 8)[version]
            if at + size <= end:
                yield _Duration(name, at, size, int.from_bytes(data[at : at + size]), bool(data[start + 3] & 1))


def _all_boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name of each box, and where its content begins and ends; nested boxes follow their parents."""
    waiting, left = [(0, len(data))], _MOST_BOXES
    while waiting:
        for name, start, end in boxes(data, *waiting.pop()):
            left -= 1
            if end > len(data) or left < 0:
                break
            yield name, start, end
            if name in _WITHIN:
                waiting.append((start, end))
