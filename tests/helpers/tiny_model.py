"""A model that knows three colours and their names: the smallest thing with an image and a text tower in one space."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from tests.helpers.service import Service, running_service

LABEL = "three-colors"
DIMS = 8
SIDE = 16
WORDS = {"[PAD]": 0, "[UNK]": 1, "red": 2, "green": 3, "blue": 4}
# Where red, green and blue lie in the common space.
COLORS = np.eye(3, DIMS, dtype=np.float32)


def write(folder: Path, label: str = LABEL, text: bool = True) -> Path:
    """Write a model folder as docs/likeness.md describes it."""
    folder.mkdir(parents=True, exist_ok=True)
    image = {"size": [SIDE, SIDE], "resize": "squash", "output": "vector"}
    described = {"name": label, "image": image, **({"text": {"length": 4}} if text else {})}
    (folder / "embedder.json").write_text(json.dumps(described))
    onnx.save(_image_tower(), folder / "image.onnx")
    if text:
        onnx.save(_text_tower(), folder / "text.onnx")
        tokenizer = Tokenizer(models.WordLevel(WORDS, "[UNK]"))
        tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
        tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@contextmanager
def running_with_it(folder: Path) -> Iterator[Service]:
    """A service whose embedder it is."""
    model = write(folder / "model")
    with running_service(folder / "service.log", embedder="onnx", embedder_model=str(model), workers="1") as running:
        yield running


def _image_tower() -> onnx.ModelProto:
    """The mean colour, laid into the space; and a second output that must not be taken."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixels"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["rgb"]),
        helper.make_node("MatMul", ["rgb", "colors"], ["vector"]),
    ]
    return _model(
        nodes,
        {"pixels": (TensorProto.FLOAT, [1, 3, SIDE, SIDE])},
        {"mean": [1, 3, 1, 1], "vector": [1, DIMS]},
        {"colors": COLORS},
    )


def _text_tower() -> onnx.ModelProto:
    """The sum of the words' vectors; padding and unknown words have none."""
    table = np.concatenate([np.zeros((2, DIMS), np.float32), COLORS])
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("ReduceSum", ["words", "axes"], ["text_vector"], keepdims=0),
    ]
    return _model(
        nodes,
        {"input_ids": (TensorProto.INT64, [1, 4])},
        {"text_vector": [1, DIMS]},
        {"table": table, "axes": np.array([1], np.int64)},
    )


def _model(
    nodes: list[onnx.NodeProto],
    inputs: dict[str, tuple[int, list[int]]],
    outputs: dict[str, list[int]],
    weights: dict[str, np.ndarray],
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        LABEL,
        [helper.make_tensor_value_info(name, *kind) for name, kind in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return model
