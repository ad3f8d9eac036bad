"""Icons of several pictures, of which the largest ones are broken."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Iterator, Mapping

from PIL import Image

from tests.helpers.pictures import encoded, opened, picture

SIDES = (64, 48, 32)


def scene(side: int) -> Image.Image:
    return opened(picture("cases/base.png")).convert("RGB").resize((side, side))


def icon(kind: int, pictures: Mapping[int, bytes | list[bytes]]) -> bytes:
    """An ICO (kind 1) or a CUR (kind 2) of one or several pictures by their sides, the smallest first."""
    several = {side: [one] if isinstance(one, bytes) else one for side, one in pictures.items()}
    listed = [(side, one) for side in sorted(several) for one in several[side]]
    at, head, body = 6 + 16 * len(listed), struct.pack("<HHH", 0, kind, len(listed)), b""
    for side, content in listed:
        head += struct.pack(
            "<BBBBHHII", side, side, 0, 0, 1 if kind == 1 else 0, 32 if kind == 1 else 0, len(content), at
        )
        at, body = at + len(content), body + content
    return head + body


def icon_of_a_mac(pictures: Mapping[bytes, bytes]) -> bytes:
    packed = b"".join(name + (len(body) + 8).to_bytes(4) + body for name, body in pictures.items())
    return b"icns" + (len(packed) + 8).to_bytes(4) + packed


def bitmap(side: int) -> bytes:
    rows = scene(side).convert("RGBA").transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes("raw", "BGRA")
    return (
        struct.pack("<IiiHHIIiiII", 40, side, 2 * side, 1, 32, 0, 0, 0, 0, 0, 0)
        + rows
        + bytes(side * ((side + 31) // 32 * 4))
    )


def black(side: int) -> bytes:
    """Of one bit, all black and opaque."""
    row = bytes((side + 31) // 32 * 4)
    header = struct.pack("<IiiHHIIiiII", 40, side, 2 * side, 1, 1, 0, 0, 0, 0, 0, 0)
    return header + bytes(4) + b"\xff\xff\xff\0" + row * side * 2


BREAKS: dict[str, Callable[[bytes], bytes]] = {
    "pixels": lambda data: re.sub(rb"(?s)(IDAT.{20}).{40}", rb"\1" + bytes(40), data, count=1),
    "header": lambda data: data.replace(b"IHDR", b"IHDX"),
    "end": lambda data: data[: len(data) // 2],
    "everything": lambda data: data[:8] + b"\xff" * (len(data) - 8),
}


def windows() -> Iterator[tuple[str, bytes, int]]:
    """Name, file, and the side of the largest sound picture."""
    sound = {side: encoded(scene(side), "PNG") for side in SIDES}
    for kind, name in ((1, "ICO"), (2, "CUR")):
        for how, broken in BREAKS.items():
            for count in (1, 2):
                pictures = {side: broken(one) if side in SIDES[:count] else one for side, one in sound.items()}
                yield f"{name}, {how}, {count}", icon(kind, pictures), SIDES[count]
        pictures = sound | {64: b"\x28\0\0\0rubbish", 32: bitmap(32), 48: bitmap(48)}
        yield f"{name}, a bitmap that is none", icon(kind, pictures), 48


def macintosh() -> Iterator[tuple[str, bytes, int]]:
    buffer = io.BytesIO()
    scene(512).save(buffer, "ICNS")
    data = buffer.getvalue()
    blocks, at = [], 8
    while at < len(data):
        size = int.from_bytes(data[at + 4 : at + 8])
        blocks.append((data[at : at + 4], data[at + 8 : at + size]))
        at += size
    for how, broken in BREAKS.items():
        for largest, left in (((b"ic10",), 512), ((b"ic10", b"ic09", b"ic14"), 256)):
            changed = [(name, broken(body) if name in largest else body) for name, body in blocks if name != b"TOC "]
            yield f"ICNS, {how}, {len(largest)}", icon_of_a_mac(dict(changed)), left
