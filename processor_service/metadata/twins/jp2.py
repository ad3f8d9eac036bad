"""JPEG 2000: colour spaces in its header, of which decoders read the first (ISO/IEC 15444-1, I.5.3.3)."""

from __future__ import annotations

from ...formats.boxes import box, boxes
from .sound import sound_profile

_HEADER, _COLOR, _PROFILE_METHODS = b"jp2h", b"colr", (b"\2", b"\3")


def without_broken_twins(data: bytes) -> bytes:
    """Without colour profiles that are not sound, if there is another colour space."""
    start, end = next(((start, end) for name, start, end in boxes(data) if name == _HEADER), (0, 0))
    if not start or end > len(data):
        return data
    parts = [(name, data[begin:last]) for name, begin, last in boxes(data, start, end)]
    broken = {at for at, (name, content) in enumerate(parts) if name == _COLOR and _is_broken(content)}
    if not broken or sum(name == _COLOR for name, _ in parts) == len(broken):
        return data
    header = b"".join(box(*part) for at, part in enumerate(parts) if at not in broken)
    # The length before the name has four bytes, or as many as eight behind it.
    before = data[: data.rindex(_HEADER, 0, start) - 4]
    return before + box(_HEADER, header) + data[end:]


def _is_broken(content: bytes) -> bool:
    """Whether it is a profile, and not sound. Unknown methods are left to decoders."""
    return content[:1] in _PROFILE_METHODS and sound_profile([content[3:]]) is None
