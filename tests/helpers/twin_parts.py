"""Pictures with two parts of a kind, of which one is broken: profiles, EXIFs, XMP, IPTC, before or after the sound one."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from functools import cache
from itertools import permutations

from PIL import ExifTags, Image

from processor_service.formats.boxes import box, boxes
from processor_service.formats.containers import png_chunks, riff_chunks
from tests.helpers.metadata_files import iptc, raw_profile, resources, xmp
from tests.helpers.pictures import encoded, opened, picture
from tests.helpers.png_chunks import chunk
from tests.helpers.secrets_in_files import segment
from tests.helpers.turned_heif import heic, profile, with_exifs, with_properties

ARTIST, TITLE, HEADLINE = "Zebedee", "A harbour", "Boats"
PROFILE = opened(picture("libavif/apple_gainmap_old.jpg")).info["icc_profile"]
XMP = xmp(f"<dc:title><rdf:Alt><rdf:li>{TITLE}</rdf:li></rdf:Alt></dc:title>")
IPTC = iptc((105, HEADLINE.encode()))
# What is no profile, one that is cut off, and one of inks, which says nothing of the pixels.
PROFILES = {"rubbish": b"x" * 300, "half": PROFILE[:200], "inks": PROFILE[:16] + b"CMYK" + PROFILE[20:]}
ICC, APP1, APP2, APP13 = b"ICC_PROFILE\0", 0xE1, 0xE2, 0xED
Files = Iterator[tuple[str, bytes]]


@cache
def scene() -> Image.Image:
    return opened(picture("cases/base.png")).convert("RGB")


def turned() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Artist] = 6, ARTIST
    return exif.tobytes().removeprefix(b"Exif\0\0")


# No directory, nothing at all, another header, a directory that is cut off.
EXIFS = {"loose": b"MM\0*\xff\xff\xff\xff", "empty": b"", "rubbish": b"II*\0" + b"\xff" * 40, "half": turned()[:14]}
XMPS = {"half": XMP[: len(XMP) // 2], "empty": xmp()}


def both(sound: bytes, broken: bytes) -> Iterator[tuple[str, bytes]]:
    yield "before", broken + sound
    yield "after", sound + broken


def jpegs() -> Files:
    bare = encoded(scene(), "JPEG", quality=95)

    def made(profiles: bytes = segment(APP2, ICC + b"\1\1" + PROFILE), exifs: bytes = b"", more: bytes = b"") -> bytes:
        return bare[:2] + (exifs or segment(APP1, b"Exif\0\0" + turned())) + profiles + more + bare[2:]

    for what, broken in PROFILES.items():
        for where, parts in both(segment(APP2, ICC + b"\1\1" + PROFILE), segment(APP2, ICC + b"\1\1" + broken)):
            yield f"profile, {what}, {where}", made(parts)
    for what, broken in EXIFS.items():
        for where, parts in both(segment(APP1, b"Exif\0\0" + turned()), segment(APP1, b"Exif\0\0" + broken)):
            yield f"EXIF, {what}, {where}", made(exifs=parts)
    halves = [segment(APP2, ICC + b"\1\2" + PROFILE[:300]), segment(APP2, ICC + b"\2\2" + PROFILE[300:])]
    stray = segment(APP2, ICC + b"\1\2" + b"x" * 300)
    for number, order in enumerate(permutations([*halves, stray])):
        yield f"profile in two pieces, and one of them again, {number}", made(b"".join(order))
    gap = segment(APP2, ICC + b"\1\3" + b"x" * 300) + segment(APP2, ICC + b"\3\3" + b"x" * 300)
    for where, parts in both(b"".join(halves), gap):
        yield f"profile without its second piece, {where}", made(parts)
    for what, broken in XMPS.items():
        name = b"http://ns.adobe.com/xap/1.0/\0"
        for where, parts in both(segment(APP1, name + XMP), segment(APP1, name + broken)):
            yield f"XMP, {what}, {where}", made(more=parts)
    for where, parts in both(_photoshop(IPTC), _photoshop(b"\x1c\x02\x69\xff\xff")):
        yield f"IPTC, {where}", made(more=parts)


def _photoshop(block: bytes) -> bytes:
    return segment(APP13, b"Photoshop 3.0\0" + resources((1028, block)))


def pngs() -> Files:
    bare = [part for _, part in png_chunks(encoded(scene(), "PNG"))]

    def made(profiles: bytes = _packed(PROFILE), exifs: bytes = b"", last: bytes = b"", more: bytes = b"") -> bytes:
        front = profiles + (exifs or chunk(b"eXIf", turned())) + more
        return picture("cases/base.png")[:8] + bare[0] + front + b"".join(bare[1:-1]) + last + bare[-1]

    profiles = {what: _packed(broken) for what, broken in PROFILES.items()} | {
        "not packed": chunk(b"iCCP", b"x\0\0rubbish"),
        "another packing": chunk(b"iCCP", b"x\0\1" + zlib.compress(PROFILE)),
        "above 1 MB": _packed(PROFILE + bytes(1_500_000)),
        "a wrong checksum": chunk(b"iCCP", b"x\0\0" + zlib.compress(PROFILE), 7),
        "empty": chunk(b"iCCP", b""),
    }
    exifs = {what: chunk(b"eXIf", broken) for what, broken in EXIFS.items()}
    exifs["a wrong checksum"] = chunk(b"eXIf", turned(), 7)
    for what, broken in profiles.items():
        for where, parts in both(_packed(PROFILE), broken):
            yield f"profile, {what}, {where}", made(parts)
        yield f"profile, {what}, behind the pixels", made(last=broken)
    for what, broken in exifs.items():
        for where, parts in both(chunk(b"eXIf", turned()), broken):
            yield f"EXIF, {what}, {where}", made(exifs=parts)
        yield f"EXIF, {what}, behind the pixels", made(last=broken)
        text = chunk(b"tEXt", b"Raw profile type exif\0" + raw_profile("exif", b"Exif\0\0" + turned()))
        yield f"EXIF, {what}, beside one in a text", made(exifs=broken, more=text)
    for what, broken in XMPS.items():
        head = b"XML:com.adobe.xmp\0\0\0\0\0"
        for where, parts in both(chunk(b"iTXt", head + XMP), chunk(b"iTXt", head + broken)):
            yield f"XMP, {what}, {where}", made(more=parts)


def _packed(content: bytes) -> bytes:
    return chunk(b"iCCP", b"x\0\0" + zlib.compress(content))


def webps() -> Files:
    header, _, pixels, _ = (
        part for _, part in riff_chunks(encoded(scene(), "WEBP", lossless=True, exif=turned(), icc_profile=PROFILE))
    )
    header = header[:8] + bytes([header[8] | 4]) + header[9:]

    def made(*parts: bytes) -> bytes:
        body = b"".join((header, *parts))
        return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body

    icc, exif = _riff(b"ICCP", PROFILE), _riff(b"EXIF", turned())
    for what, broken in PROFILES.items():
        for where, parts in both(icc, _riff(b"ICCP", broken)):
            yield f"profile, {what}, {where}", made(parts, pixels, exif)
        yield f"profile, {what}, behind the pixels", made(icc, pixels, _riff(b"ICCP", broken), exif)
    yield "profile behind the pixels, a broken one before them", made(_riff(b"ICCP", b"x" * 99), pixels, icc, exif)
    for what, broken in EXIFS.items():
        for where, parts in both(exif, _riff(b"EXIF", broken)):
            yield f"EXIF, {what}, {where}", made(icc, pixels, parts)
        yield f"EXIF, {what}, before the pixels", made(icc, _riff(b"EXIF", broken), pixels, exif)
    for what, broken in XMPS.items():
        for where, parts in both(_riff(b"XMP ", XMP), _riff(b"XMP ", broken)):
            yield f"XMP, {what}, {where}", made(icc, pixels, exif, parts)


def _riff(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def boxed() -> Files:
    """AVIF, HEIC and JPEG 2000, in which nothing of the EXIF turns the picture."""
    avif, jp2 = encoded(scene(), "AVIF", quality=95), encoded(scene(), "JPEG2000")
    for what, broken in PROFILES.items():
        for where, (one, other) in {"before": (broken, PROFILE), "after": (PROFILE, broken)}.items():
            yield f"AVIF, profile, {what}, {where}", with_properties(avif, profile(one), profile(other))
            yield f"HEIC, profile, {what}, {where}", heic(profile(one), profile(other))
            colors = [box(b"colr", b"\2\0\0" + part) for part in (one, other)]
            yield f"JPEG 2000, profile, {what}, {where}", with_colors(jp2, b"".join(colors))


def described() -> Files:
    """HEIC and JPEG 2000 with two EXIFs. Neither turns the picture."""
    jp2 = encoded(scene(), "JPEG2000")
    at = jp2.index(b"jp2c") - 4
    for what, broken in EXIFS.items():
        for where, (one, other) in {"before": (broken, turned()), "after": (turned(), broken)}.items():
            yield f"HEIC, EXIF, {what}, {where}", with_exifs(one, other)
            uuids = b"".join(box(b"uuid", b"JpgTiffExif->JP2" + part) for part in (one, other))
            yield f"JPEG 2000, EXIF, {what}, {where}", jp2[:at] + uuids + jp2[at:]


def with_colors(data: bytes, colors: bytes) -> bytes:
    """A JPEG 2000 with these boxes `colr` instead of its own."""
    parts = []
    for name, start, end in boxes(data):
        content = data[start:end]
        if name == b"jp2h":
            inside = [colors if kind == b"colr" else box(kind, data[at:to]) for kind, at, to in boxes(data, start, end)]
            content = b"".join(inside)
        parts.append(box(name, content))
    return b"".join(parts)
