"""The exact shape of each box of AVIF and HEIF that may stay, and where it may lie (ISO/IEC 14496-12, 23008-12).

Numbers that no decoder needs become zero at their place, since a file has positions of bytes everywhere.
"""

from __future__ import annotations

from .heif_numbers import NUMBERS

FULL = 4
_FREE = (b"free", b"skip")
# What may lie in what. The root is the file; `stsd` stands for each of its kinds of samples.
_INSIDE: dict[bytes, frozenset[bytes]] = {
    b"": frozenset((b"ftyp", b"meta", b"moov", b"mdat")),
    b"meta": frozenset((b"hdlr", b"pitm", b"iloc", b"iinf", b"iref", b"iprp", b"idat", b"dinf")),
    b"iprp": frozenset((b"ipco", b"ipma")),
    b"ipco": frozenset(b"ispe pixi colr av1C hvcC pasp irot imir clap a1lx a1op clli mdcv cclv amve auxC".split()),
    b"moov": frozenset((b"mvhd", b"trak")),
    b"trak": frozenset((b"tkhd", b"edts", b"mdia", b"tref")),
    b"edts": frozenset((b"elst",)),
    b"mdia": frozenset((b"mdhd", b"hdlr", b"minf")),
    b"minf": frozenset((b"vmhd", b"nmhd", b"dinf", b"stbl")),
    b"dinf": frozenset((b"dref",)),
    b"stbl": frozenset(b"stsd stts stsc stsz stco co64 stss".split()),
    b"stsd": frozenset(b"av1C hvcC colr pasp auxi ccst btrt clli pixi".split()),
}
# What may be there several times.
_SEVERAL = frozenset((*_INSIDE[b"ipco"], b"trak", b"mdat"))
# How bright the screen was on which it was made, how many bits a second has. Such a box becomes an empty one.
_UNNEEDED = frozenset((b"clli", b"mdcv", b"cclv", b"amve", b"btrt"))
# Bytes of boxes that always have as many; two numbers for versions 0 and 1.
_LENGTHS = {
    **{b"ispe": (12,), b"irot": (1,), b"imir": (1,), b"clap": (32,), b"pasp": (8,), b"a1lx": (7, 13), b"a1op": (1,)},
    **{b"pitm": (6, 8), b"mvhd": (100, 112), b"tkhd": (84, 96), b"mdhd": (24, 36), b"vmhd": (12,), b"nmhd": (4,)},
    **{b"ccst": (8,)},
}
# The highest version and flags of boxes that begin with them.
_VERSIONS = {
    **dict.fromkeys((b"pitm", b"iinf", b"iref", b"mvhd", b"mdhd"), (1, 0)),
    **dict.fromkeys((b"ispe", b"pixi", b"auxC", b"auxi", b"ccst", b"hdlr", b"nmhd", b"dref"), (0, 0)),
    **dict.fromkeys((b"stsd", b"stts", b"stsc", b"stsz", b"stco", b"co64", b"stss"), (0, 0)),
    **{b"iloc": (2, 0), b"ipma": (1, 1), b"elst": (1, 1), b"tkhd": (1, 15), b"vmhd": (0, 1)},
}
# Of boxes with a table: bytes of an entry.
_TABLES = {b"stts": 8, b"stsc": 12, b"stco": 4, b"co64": 8, b"stss": 4}
# What to overwrite, by version: times, reserved numbers, numbers that are not used.
_UNUSED: dict[bytes, tuple[tuple[tuple[int, int], ...], ...]] = {
    b"mvhd": (((4, 12), (26, 36), (72, 96)), ((4, 20), (38, 48), (84, 108))),
    b"tkhd": (((4, 12), (16, 20), (24, 40)), ((4, 20), (24, 28), (36, 52))),
    b"mdhd": (((4, 12), (22, 24)), ((4, 20), (34, 36))),
    b"vmhd": (((4, 12),),),
    b"hdlr": (((4, 8), (12, 24)),),
}


# Boxes of which something is overwritten.
CHANGED = _UNNEEDED | _UNUSED.keys()


def check_box(inside: bytes, name: bytes, body: bytes, before: set[bytes]) -> None:
    """Raise ValueError when a box may not lie there, or has other numbers than its kind has.

    `before`: names of the boxes before it, to which its own is added.
    """
    if name in _FREE:
        sound = not any(body)
    else:
        once = name in _SEVERAL or name not in before
        sound = once and name in _INSIDE.get(inside, ()) and _is_sound(name, body)
    before.add(name)
    if not sound:
        raise ValueError("a box that is not known, or holds more than its numbers")


def overwritten(name: bytes, body: bytes) -> bytes:
    """The content of a box with zeros for numbers that no decoder needs."""
    if name in _UNNEEDED:
        return bytes(len(body))
    changed = bytearray(body)
    for begin, end in _UNUSED[name][body[0]]:
        changed[begin:end] = bytes(end - begin)
    return bytes(changed)


def renamed(name: bytes) -> bytes:
    """The name of a box whose content was overwritten."""
    return b"free" if name in _UNNEEDED else name


def _is_sound(name: bytes, body: bytes) -> bool:
    if name in _VERSIONS:
        version, flags = _VERSIONS[name]
        if body[0] > version or int.from_bytes(body[1:FULL]) > flags:
            return False
    if name in _LENGTHS:
        lengths = _LENGTHS[name]
        if len(body) != lengths[min(body[0], len(lengths) - 1)]:
            return False
    if name in _TABLES:
        return len(body) == 8 + _TABLES[name] * int.from_bytes(body[4:8])
    return name not in NUMBERS or NUMBERS[name](body)
