"""Opens models in the ONNX format in the way that workers can run them."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def open_model(file: Path) -> Any:
    """An onnxruntime session with one thread: the other cores have pictures of their own.

    Raises what onnxruntime raises; ImportError when it is not installed.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # An arena that grows in powers of two would reach the worker's memory limit early.
    options.enable_cpu_mem_arena = False
    # Errors only: some files have a warning for each layer.
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
