"""What a service loads at its start: each heavy library costs every start, and memory in every process."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"elasticsearch", "cv2", "obstore", "onnxruntime", "pi_heif", "rapidocr", "tokenizers"}


@pytest.mark.parametrize("module", ["processor_service.web.server", "processor_service.workers.jobs"])
def test_heavy_libraries_are_loaded_when_they_are_needed(module: str) -> None:
    script = f"import sys, {module}; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
