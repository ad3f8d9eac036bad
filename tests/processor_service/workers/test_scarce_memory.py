"""A worker in which libraries get no memory says so, whatever these make of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.helpers.pictures import b64, picture

MB = 1024**2
CAT = b64(picture("skimage/chelsea.png")).encode()
# Standard input: the body. Arguments: megabytes of the process, or `+` and those beside what it has; whether it recognizes.
PROGRAM = """
import re, resource, sys
from pathlib import Path
from processor_service.settings import Settings
from processor_service.workers.jobs import handle

settings, body = Settings(), sys.stdin.buffer.read()
if sys.argv[2] == "recognizer":
    settings.use_recognition()
    # Models are loaded before pictures come.
    assert handle(body, settings)[0]["code"] == "ok"
limit = int(sys.argv[1]) * 1024**2
if sys.argv[1].startswith("+"):
    limit += int(re.search(r"VmData:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
summary, _ = handle(body, settings)
print(summary["code"], summary.get("defect"))
"""


def code_in(megabytes: str, body: bytes, kind: str = "worker") -> str:
    # What is freed goes back: else there may be enough of it.
    environment = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "0", "MALLOC_MMAP_THRESHOLD_": "65536"}
    command = [sys.executable, "-c", PROGRAM, megabytes, kind]
    done = subprocess.run(command, input=body, env=environment, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode()[-1000:]
    return done.stdout.decode().split()[0]


# What is before the values, one of them, and what is behind them.
MANY = {
    "objects": (b"[", b"{},", b"0]"),
    "texts": (b"[", b'"",', b"0]"),
    "values of a parameter": (b'[{"blur":{"radius":[', b"[],", b"0]}}]"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process")
@pytest.mark.parametrize("megabytes", ["800", "2048"])
@pytest.mark.parametrize("kind", MANY)
def test_millions_of_tiny_values_do_not_crash_a_worker(kind: str, megabytes: str) -> None:
    """With little memory orjson fails in odd ways or crashes, when it reads them and when it writes them again."""
    begin, value, end = MANY[kind]
    body = b'{"data": "' + CAT + b'", "operations": ' + begin + value * 8_000_000 + end + b"}"
    assert code_in(megabytes, body) in ("out_of_memory", "invalid_recipe")


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process")
def test_a_model_that_gets_no_memory_is_no_defect() -> None:
    """onnxruntime has an exception of its own for that."""
    body = b'{"data": "' + CAT + b'", "operations": [{"redact": {"what": ["faces"]}}], "properties": []}'
    assert code_in("+2", body, "recognizer") == "out_of_memory"
