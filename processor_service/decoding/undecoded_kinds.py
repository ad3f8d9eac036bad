"""Names kinds of JPEG and PSD that are in order but not decoded, and what only looks like an icon.

Decoders say no more of them than of a broken file.
"""

from __future__ import annotations

from ..formats.containers import jpeg_header

# Start of frame (ITU-T T.81, table B.1) of other processes than sequential and progressive DCT.
_PROCESSES = {
    **dict.fromkeys((0xC3, 0xCB), "lossless"),
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), "hierarchical"),
}
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
_MOST_BLOCKS = 10
# Bits of a channel that a PSD may have (Adobe Photoshop File Formats Specification) and that are not decoded.
_DEPTHS = (16, 32)
# Resources begin 256 bytes on, their map stands behind them (Inside Macintosh: More Macintosh Toolbox, 1-122). An icon
# begins so, too.
_RESOURCES = b"\0\0\1\0"


def undecoded_kind(data: bytes) -> str | None:
    """What kind of picture it is, when decoders do not know it; None for any other file."""
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data.startswith(_RESOURCES) and int.from_bytes(data[4:8]) == 256 + int.from_bytes(data[8:12]):
        return "a Mac's file of resources, such as a font (.dfont),"
    depth = int.from_bytes(data[22:24])
    if data.startswith(b"8BPS\0\1") and depth in _DEPTHS:
        return f"a PSD of {depth} bits a channel"
    return None


def _jpeg(data: bytes) -> str | None:
    for marker, segment in jpeg_header(data)[0]:
        if process := _PROCESSES.get(marker):
            return f"a {process} JPEG"
        if marker in _FRAMES:
            return _odd_sampling(segment)
    return None


def _odd_sampling(frame: bytes) -> str | None:
    """What libjpeg does not know: a component with one and a half samples for one of another, and more than ten blocks
    of all components together (ITU-T T.81, B.2.3).
    """
    factors = [(octet >> 4, octet & 15) for octet in frame[11::3]]
    if not factors or any(not 1 <= factor <= 4 for pair in factors for factor in pair):
        return None
    most = [max(pair[side] for pair in factors) for side in (0, 1)]
    is_whole = all(most[side] % pair[side] == 0 for pair in factors for side in (0, 1))
    if is_whole and (len(factors) == 1 or sum(across * down for across, down in factors) <= _MOST_BLOCKS):
        return None
    return f"a JPEG with the sampling factors {', '.join(f'{across}x{down}' for across, down in factors)}"
