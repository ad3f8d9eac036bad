"""Too little memory is told as such, whatever a decoder or an encoder says of it; large JPEGs take as much as they need."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from processor_service.decoding.decode import decode
from processor_service.decoding.working_memory import coefficients
from processor_service.errors import Code
from processor_service.settings import Settings
from tests.helpers.built_jpegs import flat_jpeg
from tests.helpers.kinds import SETTINGS, refused
from tests.helpers.large_jpegs import QUARTERS, quartered
from tests.helpers.paths import ROOT
from tests.helpers.pictures import b64, encoded, pixel
from tests.helpers.turned_heif import heic

Codes = Callable[..., list[str]]
SIDES = (2000, 1500)
PIXELS = SIDES[0] * SIDES[1]
# Forks for each line, which can get so many bytes more than it has, and says the codes, or `ok`. It loads for half a
# second, and so would each of forty.
SCRIPT = """
import base64, json, os, re, resource, sys
from pathlib import Path
from processor_service.decoding.decode import decode
from processor_service.decoding.open import load_decoders
from processor_service.encoding.encode import encode
from processor_service.errors import ImageError, lacks_memory
from processor_service.picture import Output
from tests.helpers.kinds import SETTINGS
load_decoders(SETTINGS)

def tried(data, target, output, amounts):
    small = decode(data, SETTINGS) if output else None
    for amount in amounts:
        has = int(re.search(r"VmData:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (has + amount, resource.RLIM_INFINITY))
        try:
            if small:
                small.output = Output(**output)
                encode(small)
            else:
                decode(data, SETTINGS, (lambda *_: tuple(target)) if target else None)
            yield "ok"
        except ImageError as error:
            yield error.code.code
        except Exception as error:
            # As a worker does with what it does not expect.
            yield "out_of_memory" if lacks_memory(error) else repr(error)
        resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

for line in sys.stdin.buffer:
    if pid := os.fork():
        if os.waitpid(pid, 0)[1]:
            print(json.dumps(["the process died"]), flush=True)
        continue
    data, *others = json.loads(line)
    print(json.dumps(list(tried(base64.b64decode(data), *others))), flush=True)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def loaded() -> Iterator[subprocess.Popen[str]]:
    environment = {"PATH": "/usr/bin", "OPENBLAS_NUM_THREADS": "1", "MALLOC_TRIM_THRESHOLD_": "0"}
    environment |= {"MALLOC_MMAP_THRESHOLD_": "65536"}
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.fixture
def codes(loaded: subprocess.Popen[str]) -> Codes:
    """What comes of a picture in a process of its own, for each number of bytes that it can get."""

    def found(data: bytes, amounts: list[int], *, target: tuple[int, int] | None = None, **output: Any) -> list[str]:
        assert loaded.stdin and loaded.stdout
        print(json.dumps([b64(data), target, output, amounts]), file=loaded.stdin, flush=True)
        return [str(code) for code in json.loads(loaded.stdout.readline())]

    return found


def picture_of(format: str, mode: str = "RGB", **options: Any) -> bytes:
    return encoded(Image.linear_gradient("L").resize(SIDES).convert(mode), format, **options)


DECODED: dict[str, Any] = {
    "baseline": lambda: picture_of("JPEG"),
    "progressive": lambda: picture_of("JPEG", progressive=True),
    "progressive, without its end": lambda: picture_of("JPEG", progressive=True)[:-2],
    "progressive inks": lambda: picture_of("JPEG", "CMYK", progressive=True),
    "lossy WebP": lambda: picture_of("WEBP", method=0),
    "lossless WebP": lambda: picture_of("WEBP", lossless=True, quality=0, method=0),
    "AVIF": lambda: picture_of("AVIF", speed=10),
    "PNG": lambda: picture_of("PNG", compress_level=1),
    "TIFF": lambda: picture_of("TIFF", compression="tiff_lzw"),
    "JPEG 2000": lambda: picture_of("JPEG2000"),
    # A small one: nothing here writes HEIC. Its decoder takes more for its threads.
    "HEIC": heic,
}


@pytest.mark.parametrize("kind", DECODED)
def test_a_decoder_with_too_little_memory_is_not_told_as_a_broken_picture(codes: Codes, kind: str) -> None:
    amounts = [PIXELS * number // 2 for number in (*range(1, 24), *range(24, 50, 4), 100)]
    found = codes(DECODED[kind](), amounts)
    assert set(found) == {"ok", "out_of_memory"}, dict(zip(amounts, found, strict=True))
    assert found[0] == "out_of_memory" and found[-1] == "ok"


ENCODED: dict[str, dict[str, Any]] = {
    "progressive JPEG": {"format": "jpeg", "progressive": True},
    "WebP": {"format": "webp"},
    "lossless WebP": {"format": "webp", "lossless": True},
    "AVIF": {"format": "avif"},
    "AVIF with all colours": {"format": "avif", "chroma": "4:4:4"},
    "PNG": {"format": "png"},
    "GIF": {"format": "gif"},
}


@pytest.mark.parametrize("kind", ENCODED)
def test_an_encoder_with_too_little_memory_is_not_told_as_one_that_cannot(codes: Codes, kind: str) -> None:
    amounts = [PIXELS * number // 2 for number in (0, *range(1, 20, 2), *range(20, 120, 10), 200)]
    found = codes(picture_of("JPEG"), amounts, **ENCODED[kind])
    assert set(found) == {"ok", "out_of_memory"}, dict(zip(amounts, found, strict=True))
    assert found[0] == "out_of_memory" and found[-1] == "ok"


@pytest.mark.parametrize("kind", DECODED)
def test_a_broken_picture_is_called_broken_where_there_is_memory(kind: str) -> None:
    data = DECODED[kind]()
    assert refused(data[: len(data) // 2])[0] in (Code.CORRUPT_IMAGE, Code.TRUNCATED_IMAGE)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # Two bytes for each coefficient, in whole blocks of all components.
        (encoded(Image.new("RGB", (160, 80)), "JPEG", progressive=True), 160 * 80 * 3),
        (encoded(Image.new("RGB", (160, 80)), "JPEG", progressive=True, subsampling=0), 160 * 80 * 6),
        (encoded(Image.new("L", (161, 81)), "JPEG", progressive=True), 168 * 88 * 2),
        (encoded(Image.new("RGB", (160, 80)), "JPEG"), 0),
        (flat_jpeg(160, 80, [(1, 1)] * 3, (120, 90, 200)), 0),
    ],
)
def test_coefficients_of_a_jpeg(data: bytes, expected: int) -> None:
    assert coefficients(data) == expected


def test_the_advice_is_how_to_send_it_so_that_it_needs_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processor_service.decoding.working_memory.is_room_for", lambda size: size == 0)
    code, reason = refused(encoded(Image.new("RGB", (1600, 800)), "JPEG", progressive=True)[:-40])
    assert code is Code.OUT_OF_MEMORY
    assert "IMAGE_WORKER_MEMORY" in reason and "4 MB" in reason and "(baseline)" in reason


@pytest.mark.parametrize("size", [(65_500, 8_000), (8_000, 65_500), (40_000, 12_000)], ids=str)
def test_a_jpeg_with_long_sides_counts_with_those_that_it_has_when_it_is_decoded(size: tuple[int, int]) -> None:
    width, height = size
    data = quartered(width, height)
    small = width // 20, height // 20
    image = decode(data, SETTINGS, lambda *_: small).image
    assert image.size == small
    for place, expected in zip([(3, 3), (-3, 3), (3, -3), (-3, -3)], QUARTERS, strict=True):
        at = place[0] % small[0], place[1] % small[1]
        assert all(abs(a - b) < 25 for a, b in zip(pixel(image, at), expected, strict=True)), (place, at)
    for target in (None, lambda *_: (width * 9 // 10, height * 9 // 10)):
        code, reason = refused(data, target=target)
        assert code is Code.DIMENSION_TOO_LARGE
        assert "IMAGE_MAX_DIMENSION" in reason


def test_sides_in_between_are_decoded_at_any_eighth() -> None:
    data = quartered(40_000, 1_000)
    assert decode(data, SETTINGS, lambda *_: (29_000, 725)).image.size == (29_000, 725)


def test_a_jpeg_with_longer_sides_than_its_decoder_takes() -> None:
    data = flat_jpeg(65_501, 8, [(1, 1)] * 3, (120, 90, 200))
    code, reason = refused(data, Settings(max_dimension=70_000), target=lambda *_: (100, 1))
    assert code is Code.DIMENSION_TOO_LARGE
    assert "65500" in reason
