"""ICC profiles with names in all the places that have room for one, and profiles of tables."""

from __future__ import annotations

import struct

import numpy as np

from tests.helpers.secrets_in_files import NAME

Tags = dict[bytes, tuple[int, int]]


def tags_of(profile: bytes) -> Tags:
    """Place and length of each tag."""
    (count,) = struct.unpack_from(">I", profile, 128)
    found = (struct.unpack_from(">4sII", profile, 132 + 12 * number) for number in range(count))
    return {name: (start, size) for name, start, size in found}


def profile_of(profile: bytes, more: dict[bytes, bytes], behind: bytes = b"") -> bytes:
    """The profile with further tags, or other ones of the same name; `behind`: what follows each tag's content."""
    tags = {name: profile[start : start + size] + behind for name, (start, size) in tags_of(profile).items()} | more
    at, table, body = 132 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    return struct.pack(">I", at + len(body)) + profile[4:128] + struct.pack(">I", len(tags)) + table + body


def named(profile: bytes) -> bytes:
    """The profile with a name in its texts, in private tags, in its header, and behind whatever tags hold."""
    wide = NAME.decode().encode("utf-16-be")
    words = b"mluc" + struct.pack(">4xII4sII", 1, 12, b"enUS", len(wide), 28) + wide + NAME
    text = b"text" + bytes(4) + NAME + b"\0"
    letters = b"desc" + struct.pack(">4xI", len(NAME) + 1) + NAME + bytes(1 + 8 + 3 + 67)
    first = words if profile[8] >= 4 else letters
    pairs = struct.pack(">4xII", 1, 16) + struct.pack(">4I", 32, len(wide), 32, len(wide)) + wide
    more = {
        b"desc": first,
        b"cprt": words if profile[8] >= 4 else text,
        b"dmnd": first,
        b"dmdd": first,
        b"vued": first,
        b"meta": b"dict" + pairs + NAME,
        b"targ": text,
        b"vcgt": b"vcgt" + bytes(4) + NAME,
        b"mmod": b"mmod" + bytes(8) + NAME,
        b"clrt": b"clrt" + struct.pack(">4xI", 1) + NAME.ljust(38, b"\0"),
        b"psid": b"psid" + bytes(4) + NAME,
        b"pseq": b"pseq" + struct.pack(">4xI", 1) + bytes(20) + letters + letters,
        b"PRVT": NAME,
    }
    whole = bytearray(profile_of(profile, more, behind=NAME))
    whole[4:8] = whole[40:44] = b"Zebe"
    whole[48:56], whole[80:84], whole[84:100], whole[100:113] = b"dee Quir", b"Quir", b"k" * 16, NAME
    return bytes(whole)


def table_profile(kind: bytes, space: bytes = b"RGB ") -> bytes:
    """A profile whose colours are in a table of that type, of random numbers: gentle ones, so that there is a way back."""
    count, grid = len(space.strip()), 5
    numbers = np.random.default_rng(7)
    ramp = np.stack(np.meshgrid(*[np.linspace(0, 1, grid)] * count, indexing="ij"), axis=-1)[..., :3]
    values = np.clip(ramp * 0.8 + numbers.random(ramp.shape) * 0.1, 0, 1)
    lines = np.linspace(0, 1, 256)
    there = {b"mft1": _of_8, b"mft2": _of_16, b"mAB ": _stages}[kind](count, grid, values, lines**1.2)
    tags = {b"A2B0": there, b"wtpt": b"XYZ " + bytes(4) + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)}
    if kind == b"mft2":
        back = np.stack(np.meshgrid(*[np.linspace(0, 1, grid)] * 3, indexing="ij"), axis=-1)
        back = np.concatenate([back, back[..., :1]], axis=-1)[..., :count]
        tags[b"B2A0"] = _of_16(3, grid, back, lines, count)
    version = 4 if kind == b"mAB " else 2
    text = b"mluc" + struct.pack(">4xII4sII", 1, 12, b"enUS", 2, 28) + b"\0x"
    old = b"desc" + struct.pack(">4xI", 2) + b"x\0" + bytes(78)
    tags |= {b"desc": text if version == 4 else old, b"cprt": text if version == 4 else b"text" + bytes(4) + b"x\0"}
    header = (
        struct.pack(">I4xBBxx", 0, version, 0) + b"prtr" + space + b"Lab " + struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    )
    header += b"acsp" + bytes(28) + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D) + bytes(48)
    return profile_of(header + bytes(4), tags)


def _head(kind: bytes, inputs: int, grid: int, outputs: int = 3) -> bytes:
    matrix = struct.pack(">9i", *np.eye(3, dtype=int).ravel() * 65536)
    return kind + bytes(4) + bytes((inputs, outputs, grid, 0)) + matrix


def _of_8(inputs: int, grid: int, values: np.ndarray, line: np.ndarray) -> bytes:
    table, curve = (np.round(part * 255).astype(np.uint8).tobytes() for part in (values, line))
    return _head(b"mft1", inputs, grid) + curve * inputs + table + curve * 3


def _of_16(inputs: int, grid: int, values: np.ndarray, line: np.ndarray, outputs: int = 3) -> bytes:
    table, curve = (np.round(part * 65535).astype(">u2").tobytes() for part in (values, line))
    sizes = struct.pack(">2H", len(line), len(line))
    return _head(b"mft2", inputs, grid, outputs) + sizes + curve * inputs + table + curve * outputs


def _stages(inputs: int, grid: int, values: np.ndarray, line: np.ndarray) -> bytes:
    """All five, with gaps between them."""
    sampled = b"curv" + struct.pack(">4xI", len(line)) + np.round(line * 65535).astype(">u2").tobytes()
    parametric = b"para" + struct.pack(">4xHH", 3, 0) + struct.pack(">5i", 0x20000, 0x10000, 0, 0x1000, 0x100)
    matrix = struct.pack(">12i", *np.eye(3, dtype=int).ravel() * 0xF000, 0x100, 0x200, 0x300)
    table = bytes([grid] * inputs).ljust(16, b"\0") + b"\2\0\0\0" + np.round(values * 65535).astype(">u2").tobytes()
    head, body = b"mAB " + bytes(4) + bytes((inputs, 3, 0, 0)), b""
    for stage in (sampled * 3, matrix, parametric * 3, table, sampled * inputs):
        body += NAME + bytes(-len(NAME) % 4)
        head += struct.pack(">I", 32 + len(body))
        body += stage + bytes(-len(stage) % 4)
    return head + body
