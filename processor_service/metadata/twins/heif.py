"""AVIF and HEIF: colour spaces and EXIFs of items. AVIF's decoder refuses a picture that has two of the former."""

from __future__ import annotations

from collections import defaultdict

from ...formats.item_properties import ItemProperty, item_properties, without_properties
from ..box_metadata import exif_items
from ..exif import Exif
from .sound import sound_profile

_COLOR, _PROFILES, _NUMBERS = b"colr", (b"prof", b"rICC"), b"nclx"
_NUMBERS_BYTES = 11
_NOTHING = b"free"


def without_broken_twins(data: bytes) -> bytes:
    """Each item has one colour profile, and colours in numbers once. EXIFs that are not sound are called otherwise."""
    found: dict[tuple[int, bool], list[ItemProperty]] = defaultdict(list)
    for one in item_properties(data):
        if one.name == _COLOR:
            found[one.item, data[one.start : one.start + 4] in _PROFILES].append(one)
    dropped: list[ItemProperty] = []
    for (_, profiles), several in found.items():
        if len(several) > 1:
            contents = [data[one.start + 4 : one.end] for one in several]
            place = sound_profile(contents) if profiles else _sound_numbers(contents)
            dropped += [one for at, one in enumerate(several) if at != (place or 0)]
    changed = bytearray(without_properties(data, dropped) if dropped else data)
    for at, content in exif_items(data):
        if not Exif(content).main:
            changed[at : at + 4] = _NOTHING
    return data if changed == data else bytes(changed)


def _sound_numbers(contents: list[bytes]) -> int | None:
    return next((at for at, content in enumerate(contents) if 4 + len(content) >= _NUMBERS_BYTES), None)
