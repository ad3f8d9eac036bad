"""Tests. What is said here holds before anything else of them is imported."""

import os
import sys

# Hundreds of processes are started: each would compile all modules again, which takes longer than what they do. pytest
# also keeps what it makes of the assertions in plugins as large as hypothesis, which is half of collecting all tests.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
