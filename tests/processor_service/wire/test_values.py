from __future__ import annotations

import subprocess
import sys

import pytest

from processor_service.wire.values import MOST_OF_A_BYTE, memory_of_values
from tests.helpers.pictures import b64, picture

# Prints the bytes that the values of a text took, which comes by standard input.
PROGRAM = """
import sys, orjson
text = sys.stdin.buffer.read()
orjson.loads(b'[{"a":[1.5]},"b"]')
def resident(): return int(open("/proc/self/statm").read().split()[1]) * 4096
before = resident()
values = orjson.loads(text)
print(resident() - before)
"""
TINY = [b"{},", b"[],", b'{"a":1},', b"1.5,", b'"",', b"[[]],", b'{"a":{}},', b'"ab",', b"12345678901,"]


@pytest.mark.parametrize("value", TINY)
def test_tiny_values_take_no_more_memory_than_estimated(value: bytes) -> None:
    text = b"[" + value * 300_000 + b"0]"
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=text, capture_output=True, check=True)
    assert int(done.stdout) < memory_of_values(text)
    assert memory_of_values(text) < MOST_OF_A_BYTE * len(text)


def test_different_keys_take_no_more_memory_than_estimated() -> None:
    text = b"{" + b",".join(b'"%d":{}' % number for number in range(200_000)) + b"}"
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=text, capture_output=True, check=True)
    assert int(done.stdout) < memory_of_values(text)


def test_a_picture_counts_as_nothing() -> None:
    text = b64(picture("skimage/chelsea.png")).encode()
    assert memory_of_values(b'{"data":"%b","operations":[]}' % text) < 1000
