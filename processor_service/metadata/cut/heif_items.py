"""The items of AVIF and HEIF: each is part of the picture, and so are their properties (ISO/IEC 23008-12, 9.3)."""

from __future__ import annotations

from ...formats.boxes import Numbers, boxes

_PIXELS = frozenset((b"av01", b"hvc1", b"grid"))
# Names that encoders give to items and handlers. Other names may hold anything.
_NAMES = frozenset((b"", b"Color", b"Alpha", b"Image", b"pict", b"libavif", b"Picture", b"HEIC", b"PictureHandler"))
_FULL = 4
_Ids = set[int]


def check_name(text: bytes) -> None:
    """Raise ValueError for a name that nobody knows."""
    if text.rstrip(b"\0") not in _NAMES:
        raise ValueError("a name that may be anything")


def check_items(data: bytes, start: int, end: int) -> None:
    """Raise ValueError when the content of a box `meta` has items or properties that the picture does not use.

    Raises KeyError when it has no items.
    """
    inside = {name: data[begin:last] for name, begin, last in boxes(data, start + _FULL, end)}
    ids = _items(inside[b"iinf"])
    primary = int.from_bytes(inside[b"pitm"][_FULL:])
    if _shown(primary, _references(inside[b"iref"], ids) if b"iref" in inside else set()) != ids:
        raise ValueError("an item that the picture does not need")
    properties = inside[b"iprp"]
    within = {name: properties[begin:last] for name, begin, last in boxes(properties)}
    count = sum(1 for _ in boxes(within[b"ipco"]))
    if _properties(within[b"ipma"], ids) != set(range(1, count + 1)):
        raise ValueError("a property that no item has")


def _items(body: bytes) -> _Ids:
    """Numbers of the items in a box `iinf` (14496-12, 8.11.6)."""
    found: list[int] = []
    size = 4 if body[0] else 2
    first = last = _FULL + size
    count = int.from_bytes(body[_FULL:first])
    for name, begin, last in boxes(body, first):
        numbers = Numbers(body[begin:last], 0)
        version, flags = numbers.next(1), numbers.next(3)
        found.append(numbers.next(4 if version > 2 else 2))
        protection, kind = numbers.next(2), numbers.next(4).to_bytes(4)
        if name != b"infe" or version not in (2, 3) or flags > 1 or protection or kind not in _PIXELS:
            raise ValueError("an item that holds no pixels")
        check_name(body[begin + numbers.position : last])
    if last != len(body) or len(found) != count or len(set(found)) != count:
        raise ValueError("a list of items that is not built as it should be")
    return set(found)


def _references(body: bytes, ids: _Ids) -> set[tuple[bytes, int, int]]:
    """Kind, origin and target of each reference in a box `iref` (14496-12, 8.11.12)."""
    found: list[tuple[bytes, int, int]] = []
    size, last = 4 if body[0] else 2, _FULL
    for kind, begin, last in boxes(body, _FULL):
        numbers = Numbers(body[begin:last], 0)
        origin = numbers.next(size)
        found += [(kind, origin, numbers.next(size)) for _ in range(numbers.next(2))]
        numbers.check_end()
    if last != len(body) or len(set(found)) != len(found):
        raise ValueError("references that are not built as they should be")
    if not {item for _, *both in found for item in both} <= ids:
        raise ValueError("a reference to an item that is not there")
    return set(found)


def _shown(primary: int, references: set[tuple[bytes, int, int]]) -> _Ids:
    """The items of which the primary one is made, and their transparency."""
    shown, waiting = {primary}, [primary]
    while waiting:
        item = waiting.pop()
        needed = {target for kind, origin, target in references if origin == item and kind in (b"dimg", b"prem")}
        needed |= {origin for kind, origin, target in references if target == item and kind == b"auxl"}
        waiting += needed - shown
        shown |= needed
    if not {kind for kind, *_ in references} <= {b"dimg", b"prem", b"auxl"}:
        raise ValueError("a reference that is not known")
    return shown


def _properties(body: bytes, ids: _Ids) -> _Ids:
    """Numbers of the properties that items have, by a box `ipma`."""
    numbers, found, seen = Numbers(body, _FULL), set[int](), list[int]()
    wide = body[3] & 1
    for _ in range(numbers.next(4)):
        seen.append(numbers.next(4 if body[0] else 2))
        count = numbers.next(1)
        own = {numbers.next(2) & 0x7FFF if wide else numbers.next(1) & 0x7F for _ in range(count)}
        if len(own) != count:
            raise ValueError("an item has a property twice")
        found |= own
    numbers.check_end()
    if not set(seen) <= ids or len(set(seen)) != len(seen):
        raise ValueError("properties of an item that is not there")
    return found
