"""A PNG and APNG decoder that shares nothing with Pillow: straight from the specification (W3C PNG, third edition)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def decode_png(data: bytes) -> NDArray[np.uint8]:
    """Height x width x 4 (RGBA, 8 bits); more than 8 bits are rounded as the specification says."""
    chunks: dict[bytes, bytes] = {}
    for kind, body in read_chunks(data):
        chunks[kind] = chunks.get(kind, b"") + body
    return _decode(chunks)


def decode_apng(data: bytes) -> list[NDArray[np.uint8]]:
    """Every frame of an animation, composed, as height x width x 4."""
    shared: dict[bytes, bytes] = {}
    frames: list[tuple[bytes, bytearray]] = []
    for kind, body in read_chunks(data):
        if kind == b"fcTL":
            frames.append((body, bytearray()))
        elif kind == b"IDAT" and frames:
            frames[-1][1].extend(body)
        elif kind == b"fdAT":
            frames[-1][1].extend(body[4:])
        elif kind in (b"IHDR", b"PLTE", b"tRNS"):
            shared[kind] = body
    size = int.from_bytes(shared[b"IHDR"][4:8]), int.from_bytes(shared[b"IHDR"][:4])
    canvas, shown = np.zeros((*size, 4), np.uint8), []
    for number, (control, compressed) in enumerate(frames):
        width, height, left, top = (int.from_bytes(control[start : start + 4]) for start in (4, 8, 12, 16))
        disposal, blend = control[24], control[25]
        part = _decode({**shared, b"IHDR": control[4:12] + shared[b"IHDR"][8:], b"IDAT": bytes(compressed)})
        before, region = canvas.copy(), canvas[top : top + height, left : left + width]
        region[:] = _over(region, part) if blend else part
        shown.append(canvas.copy())
        if disposal == 1 or (disposal == 2 and number == 0):
            region[:] = 0
        elif disposal == 2:
            canvas = before
    return shown


def _over(below: NDArray[np.uint8], above: NDArray[np.uint8]) -> NDArray[np.uint8]:
    lower, upper = below / 255, above / 255
    alpha = upper[..., 3:] + lower[..., 3:] * (1 - upper[..., 3:])
    color = upper[..., :3] * upper[..., 3:] + lower[..., :3] * lower[..., 3:] * (1 - upper[..., 3:])
    color = np.divide(color, alpha, out=np.zeros_like(color), where=alpha > 0)
    shown: NDArray[np.uint8] = np.rint(np.concatenate([color, alpha], axis=2) * 255).astype(np.uint8)
    return shown


def read_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 8
    while position < len(data):
        size, kind = int.from_bytes(data[position : position + 4]), data[position + 4 : position + 8]
        yield kind, data[position + 8 : position + 8 + size]
        position += 12 + size


def _decode(chunks: dict[bytes, bytes]) -> NDArray[np.uint8]:
    width, height = int.from_bytes(chunks[b"IHDR"][:4]), int.from_bytes(chunks[b"IHDR"][4:8])
    depth, color, interlace = chunks[b"IHDR"][8], chunks[b"IHDR"][9], chunks[b"IHDR"][12]
    raw, channels = zlib.decompress(chunks[b"IDAT"]), _CHANNELS[color]
    samples = np.zeros((height, width, channels), np.uint32)
    position = 0
    for x, y, dx, dy in _ADAM7 if interlace else ((0, 0, 1, 1),):
        columns, rows = -(-(width - x) // dx), -(-(height - y) // dy)
        if columns > 0 and rows > 0:
            part, used = _unfilter(raw[position:], columns, rows, channels, depth)
            samples[y::dy, x::dx] = part
            position += used
    return _rgba(samples, color, depth, chunks)


def _unfiltered(kind: int, filtered: bytes, above: bytes, step: int) -> bytes:
    """One line; `step` is the distance of a byte to the one on its left. Sums are modulo 256."""
    values = np.frombuffer(filtered, np.uint8)
    if kind == 0:
        return filtered
    if kind == 1:
        return np.cumsum(values.reshape(-1, step), axis=0, dtype=np.uint8).tobytes()
    if kind == 2:
        return (values + np.frombuffer(above, np.uint8)).tobytes()
    line = bytearray(step) + filtered
    corners = bytes(step) + above
    for index, (up, corner) in enumerate(zip(above, corners, strict=False)):
        left = line[index]
        if kind == 3:
            guess = (left + up) // 2
        else:
            by_left, by_up, by_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
            guess = left if by_left <= by_up and by_left <= by_corner else up if by_up <= by_corner else corner
        line[index + step] = (line[index + step] + guess) & 255
    return bytes(line[step:])


def _unfilter(raw: bytes, columns: int, rows: int, channels: int, depth: int) -> tuple[NDArray[np.uint32], int]:
    line, step = -(-columns * channels * depth // 8), max(1, channels * depth // 8)
    above, lines = bytes(line), []
    for row in range(rows):
        kind, filtered = raw[row * (line + 1)], raw[row * (line + 1) + 1 : (row + 1) * (line + 1)]
        above = _unfiltered(kind, filtered, above, step)
        lines.append(above)
    packed = np.frombuffer(b"".join(lines), np.uint8).reshape(rows, line)
    if depth == 16:
        values = packed.reshape(rows, -1, 2).astype(np.uint32)
        values = values[:, :, 0] * 256 + values[:, :, 1]
    else:
        bits = np.unpackbits(packed, axis=1).reshape(rows, -1, depth)
        values = (bits * (1 << np.arange(depth - 1, -1, -1))).sum(axis=2).astype(np.uint32)
    return values[:, : columns * channels].reshape(rows, columns, channels), rows * (line + 1)


def _rgba(samples: NDArray[np.uint32], color: int, depth: int, chunks: dict[bytes, bytes]) -> NDArray[np.uint8]:
    height, width, _ = samples.shape
    top = (1 << depth) - 1
    out = np.full((height, width, 4), top, np.uint32)
    key = chunks.get(b"tRNS")
    if color == 3:
        palette = np.full((256, 4), 255, np.uint8)
        entries = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)
        palette[: len(entries), :3] = entries
        if key:
            palette[: len(key), 3] = np.frombuffer(key, np.uint8)
        return palette[samples[:, :, 0]]
    out[:, :, :3] = samples[:, :, : 1 if color in (0, 4) else 3]
    if color in (4, 6):
        out[:, :, 3] = samples[:, :, -1]
    elif key:
        match = [int.from_bytes(key[i : i + 2]) & top for i in range(0, 2 if color == 0 else 6, 2)]
        out[:, :, 3] = np.where((samples == match).all(axis=2), 0, top)
    return ((out * 510 + top) // (2 * top)).astype(np.uint8)
