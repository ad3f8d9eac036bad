"""Where things are in the checkout."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
PICTURES = TESTS / "pictures"
# The whole corpus lies beside the checkout for some of us, as in CI.
CORPUS = ROOT.parent / "shared" / "images"
# Makes environments, and installs into them.
UV = ROOT / ".venv" / "bin" / "uv"
