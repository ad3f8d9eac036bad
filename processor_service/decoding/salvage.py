"""Saves good pictures with broken metadata: yields the file without the broken parts, and keeps the sound ones.

Each part is tried in a tiny file of its own. If Pillow does not open that, the part is at fault. If that is not enough,
less and less is kept.
"""

from __future__ import annotations

import io
import re
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

from PIL import Image

from ..formats.apng_numbers import has_sound_numbers
from ..formats.boxes import box
from ..formats.containers import PNG_SIGNATURE, is_metadata, jpeg_header, riff_chunks
from .png_checksum import has_checksum

# PNG chunks without which a picture or an animation looks different; texts; chunks and texts that hold metadata.
_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"}
# Chunks that make an animation of it, and their smallest sizes; those of them that hold its numbers. If one is smaller,
# or numbers or their checksum are wrong, only the still picture is left.
_ANIMATION = {b"acTL": 20, b"fcTL": 38, b"fdAT": 16}
_NUMBERS = {b"acTL", b"fcTL"}
_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_TELLING = {b"iCCP", b"eXIf"}
_TELLING_TEXTS = (b"XML:com.adobe.xmp\0", b"Raw profile type ")
# Most chunks have less than 16 MB.
_NEXT_CHUNK = re.compile(rb"\0.{3}(?:" + b"|".join(sorted(_NEEDED | _TEXTS | _TELLING)) + b")", re.DOTALL)
# JFIF (APP0) and Adobe (APP14) say how to read the colours of a JPEG; their sizes when they are complete.
_NEEDED_SEGMENTS = {0xE0: 18, 0xEE: 14}
_WEBP_PARTS = {b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L", b"EXIF", b"XMP "}
_WEBP_NEEDED = _WEBP_PARTS - {b"EXIF", b"XMP "}
# The profile stands behind the head, the pixels behind it.
_HEAD_OF_WEBP, _PIXELS_OF_WEBP = 64, re.compile(rb"ANIM|ALPH|VP8[ L]")
# Boxes of JPEG 2000 (ISO 15444-1, annex I) before the codestream: signature, type, header.
_JP2_NEEDED = {b"jP  ", b"ftyp", b"jp2h"}
_JP2_PIXELS = b"jp2c\xff\x4f\xff\x51"
# How a PSD, and each of its resources, begins; where its colours begin, behind the head.
_PSD, _RESOURCE, _COLORS = b"8BPS", b"8BIM", 26
# Most bytes of all texts of a PNG, decompressed. Further texts are dropped.
MOST_TEXT = 1024**2
# The entry of an AVIF that says that an item is EXIF (ISO 14496-12, 8.11.6). Decoders ignore `free`.
_AVIF_EXIF = re.compile(rb"(infe[\x02\x03].{3}.{4,6})Exif", re.DOTALL)
# Up to this many parts are tried one by one.
_MOST_TRIED = 200


def without_metadata(data: bytes) -> Iterator[bytes]:
    """The same picture without the parts at fault, then with less and less metadata."""
    before = data
    try:
        for less in _lesser(data):
            if less != before:
                yield less
                before = less
    except (ValueError, IndexError):
        # The file has not the structure of its format, so its parts cannot be told apart.
        return


def _lesser(data: bytes) -> Iterator[bytes]:
    if data.startswith(PNG_SIGNATURE):
        yield from _png(data)
    elif data.startswith(b"\xff\xd8"):
        yield from _jpeg(data)
    elif data.startswith(b"RIFF"):
        sound = _without_stray_profile(data)
        yield from (_webp(sound, kept) for kept in (_WEBP_PARTS, _WEBP_NEEDED))
    elif data[4:8] == b"jP  ":
        yield _jp2(data)
    elif data.startswith(_PSD):
        yield from _psd(data)
    elif data[4:8] == b"ftyp":
        yield _AVIF_EXIF.sub(rb"\1free", data)


def _png(data: bytes) -> Iterator[bytes]:
    chunks = list(_png_chunks(data))
    header = next((chunk for name, chunk in chunks if name == b"IHDR"), b"")
    palette = next((chunk for name, chunk in chunks if name == b"PLTE"), b"")
    at_fault: set[int] = set()
    room, left = MOST_TEXT, _MOST_TRIED
    still = any(len(chunk) < _ANIMATION.get(name, 0) for name, chunk in chunks)
    still = still or not all(has_checksum(chunk) for name, chunk in chunks if name in _NUMBERS)
    still = still or not has_sound_numbers(chunks)
    needed = _NEEDED - _ANIMATION.keys() if still else _NEEDED
    # Turn, profile and texts that hold metadata come first, so that other parts do not use up their room.
    for number, (name, chunk) in sorted(enumerate(chunks), key=lambda item: _rank(*item[1])):
        if name[:1].isupper() or name in _NEEDED - {b"tRNS"}:
            continue
        room -= _text_length(name, chunk[8:-4], min(room, MOST_TEXT // 2)) if name in _TEXTS else 0
        left -= 1
        tiny = PNG_SIGNATURE + header + palette + chunk + _SCRAP
        if (name in _TEXTS and room < 0) or left < 0 or not _opens(tiny):
            at_fault.add(number)

    def kept(wanted: Callable[[bytes, bytes], bool]) -> bytes:
        # Unknown critical chunks stay: without them the picture may be unreadable.
        return PNG_SIGNATURE + b"".join(
            chunk
            for number, (name, chunk) in enumerate(chunks)
            if number not in at_fault and (name in needed or name[:1].isupper() or wanted(name, chunk))
        )

    yield kept(lambda name, _: name not in _ANIMATION)
    yield kept(lambda name, chunk: (name not in _TEXTS and name not in _ANIMATION) or _tells(chunk))
    yield kept(lambda name, _: name in _TELLING)
    yield kept(lambda name, _: name == b"iCCP")
    yield kept(lambda *_: False)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks. After one of metadata whose length or checksum is wrong, the next one is searched for."""
    position = len(PNG_SIGNATURE)
    while position + 8 <= len(data):
        name, end = data[position + 4 : position + 8], position + 12 + int.from_bytes(data[position : position + 4])
        may_go = name[:1].islower() and name not in _NEEDED
        is_wrong = may_go and (end > len(data) or not has_checksum(data[position:end]))
        found = _NEXT_CHUNK.search(data, position + 12) if is_wrong else None
        if found is None:
            yield name, data[position:end]
            if name == b"IEND":
                return
        position = found.start() if found else end


def _rank(name: bytes, chunk: bytes) -> int:
    return 0 if name in _TELLING else 1 if _tells(chunk) else 2


def _tells(chunk: bytes) -> bool:
    return chunk[4:8] in _TEXTS and chunk[8:].startswith(_TELLING_TEXTS)


def _text_length(name: bytes, body: bytes, most: int) -> int:
    """Bytes of a text, which may be compressed; decompressed no further than `most` + 1."""
    _, _, rest = body.partition(b"\0")
    if name == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    else:
        packed, rest = name == b"zTXt", rest[1:]
    if not packed:
        return len(body)
    try:
        return len(zlib.decompressobj().decompress(rest, max(0, most) + 1))
    except zlib.error:
        return 0


def _jpeg(data: bytes) -> Iterator[bytes]:
    """Without the comments and application segments at fault; then without all that do not say how to decode."""
    segments, rest = jpeg_header(data)
    sound = [
        segment
        for number, (marker, segment) in enumerate(segments)
        if not is_metadata(marker) or (number <= _MOST_TRIED and _is_sound(segment))
    ]
    yield b"".join([data[:2], *sound, rest])
    needed = [
        segment
        for marker, segment in segments
        if not is_metadata(marker) or len(segment) >= _NEEDED_SEGMENTS.get(marker, len(data))
    ]
    yield b"".join([data[:2], *needed, rest])


def _is_sound(segment: bytes) -> bool:
    return int.from_bytes(segment[2:4]) >= 2 and _opens(b"\xff\xd8" + segment + _TINY_JPEG[2:])


def _webp(data: bytes, kept: set[bytes]) -> bytes:
    """The file with only those chunks that are complete."""
    chunks = [
        chunk
        for name, chunk in riff_chunks(data)
        if name in kept and len(chunk) >= 8 + int.from_bytes(chunk[4:8], "little")
    ]
    if chunks and chunks[0].startswith(b"VP8X") and len(chunks[0]) >= 18:
        flags = chunks[0][8] & ~0x2C
        for name, flag in ((b"ICCP", 0x20), (b"EXIF", 0x08), (b"XMP ", 0x04)):
            flags |= flag if any(chunk.startswith(name) for chunk in chunks) else 0
        chunks[0] = chunks[0][:8] + bytes([flags]) + chunks[0][9:]
    body = b"".join(chunks)
    return b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WEBP" + body


def _without_stray_profile(data: bytes) -> bytes:
    """A WebP without a profile behind which no chunk begins: its length is wrong, so the pixels are searched for."""
    at = data.find(b"ICCP", 12, _HEAD_OF_WEBP)
    length = int.from_bytes(data[at + 4 : at + 8], "little")
    behind = at + 8 + length + length % 2
    if at < 0 or data[behind : behind + 4] in _WEBP_PARTS:
        return data
    found = _PIXELS_OF_WEBP.search(data, at + 8)
    return data[:at] + data[found.start() :] if found else data


def _jp2(data: bytes) -> bytes:
    """The boxes that make the picture. After a box with an impossible length, the pixels are searched for.

    Ends with the pixels: decoders also read what follows, and stumble over the head of a video.
    """
    found: list[bytes] = []
    position = 0
    while 0 <= position <= len(data) - 8:
        size, name = int.from_bytes(data[position : position + 4]), data[position + 4 : position + 8]
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16])
        end = len(data) if size == 0 else position + size
        if (size and size < 8) or end > len(data):
            position = data.find(b"jp2c", position + 5) - 4
            continue
        if name == b"jp2c":
            return b"".join(found) + (data[position:end] if size else box(name, _codestream(data[position + 8 :])))
        if name in _JP2_NEEDED:
            found.append(data[position:end])
        position = end
    # The length of a box is possible, but wrong: it reaches over the beginning of the pixels.
    start = data.find(_JP2_PIXELS)
    return b"".join(found) + (box(b"jp2c", _codestream(data[start + 4 :])) if start >= 0 else b"")


def _codestream(data: bytes) -> bytes:
    """A codestream of unknown length up to its end, which its pixels cannot contain (ISO 15444-1, B.10.1)."""
    end = data.find(b"\xff\xd9", max(0, data.find(b"\xff\x90\0\x0a")))
    return data[: end + 2] if end > 0 else data


def _psd(data: bytes) -> Iterator[bytes]:
    """Without the resources at fault; then also without the layers, of which none is shown."""
    colors = _section_end(data, _COLORS)
    resources = _section_end(data, colors)
    kept = b"".join(_resources(data[colors + 4 : resources]))
    for rest in (data[resources:], bytes(4) + data[_section_end(data, resources) :]):
        yield data[:colors] + len(kept).to_bytes(4) + kept + rest


def _section_end(data: bytes, at: int) -> int:
    return at + 4 + int.from_bytes(data[at : at + 4])


def _resources(section: bytes) -> Iterator[bytes]:
    """Those of a PSD that end where they should: after number, name and length, filled up to even lengths."""
    # All at once: to search in each one again would take the square of their number.
    places = [found.start() for found in re.finditer(_RESOURCE, section)]
    number = 0
    while number < len(places) and (at := places[number]) < len(section) - 12:
        name = at + 6
        start = name + section[name] // 2 * 2 + 2
        end = _section_end(section, start)
        even = end + (end - start) % 2
        # One that says that it is longer than it is takes those behind it along.
        is_followed = section[even : even + 4] in (_RESOURCE, b"")
        within = bisect_right(places, end - len(_RESOURCE)) - bisect_left(places, start)
        is_sound = end <= len(section) and (is_followed or within <= 0)
        if is_sound:
            yield section[at:end] + bytes(even - end)
        number = bisect_left(places, even, number) if is_sound else number + 1


def _opens(data: bytes) -> bool:
    """Whether Pillow reads the header of a file that is tiny except for one part."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")):
            return True
    except Exception:
        return False


def _tiny(format: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (1, 1)).save(buffer, format)
    return buffer.getvalue()


_TINY_JPEG = _tiny("JPEG")
# The rest of a PNG after its header. Its pixels do not matter.
_SCRAP = _tiny("PNG")[33:]
