"""Finds the compressed pixels of AVIF and HEIF, and checks that nothing else is there (ISO/IEC 14496-12, 23008-12)."""

from __future__ import annotations

from ...formats.boxes import Place, item_places, items
from .heif_samples import Range, samples
from .units import check_av1, check_av1_configuration, check_hevc, check_hevc_configuration

CODECS = (b"av01", b"hvc1")
_FULL = 4
_IN_FILE, _IN_DATA_OF_ITEMS = 0, 1
# The picture and its transparency.
_MOST_TRACKS = 2


class Pixels:
    """What the boxes of a file say about its pixels. Each `add` gets a box by where its content begins and ends."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._media: list[Range] = []
        self._data_of_items: list[Range] = []
        self._kinds: dict[int, bytes] = {}
        self._places: list[Place] = []
        self._chunks: list[tuple[bytes, int, int]] = []
        self._length_sizes: set[int] = set()
        self._configured: list[bytes] = []
        self._tracks = 0

    def add_media_data(self, begin: int, end: int) -> None:
        self._media.append((begin, end))

    def add_data_of_items(self, begin: int, end: int) -> None:
        self._data_of_items.append((begin, end))

    def add_items(self, begin: int, end: int) -> None:
        if self._kinds:
            raise ValueError("a second list of items")
        self._kinds = {item: kind for item, kind, _ in items(self._data, begin, end)}

    def add_places(self, begin: int, _end: int) -> None:
        self._places += item_places(self._data, begin)

    def add_samples(self, begin: int, end: int) -> None:
        self._tracks += 1
        if self._tracks > _MOST_TRACKS:
            raise ValueError("more than an animation and its transparency")
        codec, chunks = samples(self._data, begin, end)
        self._chunks += [(codec, *chunk) for chunk in chunks]

    def add_hevc(self, begin: int, end: int) -> None:
        self._length_sizes.add(check_hevc_configuration(self._data[begin:end]))

    def add_av1(self, begin: int, end: int) -> None:
        self._configured.append(check_av1_configuration(self._data[begin:end]))

    def check(self) -> None:
        """Raise ValueError when there is anything else among the pixels."""
        ranges = [(place, self._range(place)) for place in self._places]
        used = [place for _, place in ranges] + [(begin, end) for _, begin, end in self._chunks]
        _covered(self._media + self._data_of_items, used)
        if sum(end - begin for begin, end in used) > 2 * len(self._data):
            raise ValueError("pixels lie in several places")
        parts: dict[int, bytes] = {}
        for place, (begin, end) in ranges:
            if self._kinds.get(place.item) in CODECS:
                parts[place.item] = parts.get(place.item, b"") + self._data[begin:end]
            elif not _is_grid(self._data[begin:end]):
                raise ValueError("how to put pictures together takes some numbers only")
        for item, part in parts.items():
            self._check(self._kinds[item], part)
        for codec, begin, end in self._chunks:
            self._check(codec, self._data[begin:end])
        # Decoders use the units among the pixels. The same ones may stand before them.
        if any(all(self._data.find(unit, begin, end) < 0 for begin, end in used) for unit in self._configured):
            raise ValueError("a configuration that does not belong to the pixels")

    def _range(self, place: Place) -> Range:
        """Where a place begins and ends in the file. Raises ValueError when it is elsewhere."""
        if place.method == _IN_FILE:
            begin, last = 0, len(self._data)
        elif place.method == _IN_DATA_OF_ITEMS and len(self._data_of_items) == 1:
            begin, last = self._data_of_items[0]
        else:
            raise ValueError("an item that lies in another one, or nowhere")
        begin += place.start
        # Without a length it extends to the end.
        end = begin + place.length if place.length else last
        if not begin <= end <= last:
            raise ValueError("an item reaches beyond what it lies in")
        return begin, end

    def _check(self, codec: bytes, part: bytes) -> None:
        if codec == b"av01":
            check_av1(part)
        else:
            # One file, one way to write lengths.
            (length_size,) = self._length_sizes
            check_hevc(part, length_size)


def _is_grid(body: bytes) -> bool:
    """Version, flags, rows, columns, and a size in numbers of two or four bytes (23008-12, 6.6.2.3)."""
    return len(body) == (8, 12)[body[1]] and body[0] == 0 and (len(body) == 8 or not any(body[4:6] + body[8:10]))


def _covered(media: list[Range], used: list[Range]) -> None:
    """Raise ValueError when media data holds bytes that belong to no item and no sample."""
    waiting = sorted(used, reverse=True)
    reached = 0
    for begin, end in sorted(media):
        reached = max(reached, begin)
        while waiting and waiting[-1][0] <= reached < end:
            reached = max(reached, waiting.pop()[1])
        if reached < end:
            raise ValueError("media data that belongs to nothing")
