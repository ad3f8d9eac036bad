"""How a command is found and started."""

from __future__ import annotations

import subprocess
import sys

COUNT = """
import gc, sys
from ingest_image.cli import main
rounds = [0]
gc.callbacks.append(lambda phase, info: rounds.__setitem__(0, rounds[0] + (phase == "start")))
main.get_command(None, "index")
print(rounds[0], gc.isenabled(), gc.get_freeze_count() > 100_000)
"""


def test_the_garbage_collector_rests_while_a_command_is_loaded_and_leaves_what_was_loaded_alone() -> None:
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["0", "True", "True"]
