"""onnx: a model that the user brings, from the folder `IMAGE_EMBEDDER_MODEL` (docs/likeness.md)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..extras import installing
from ..onnx_model import open_model
from ..settings import Settings
from . import Embedder, EmbedderError, Vector
from .model_folder import ImageInput, ModelFolder

_RESAMPLE = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
}
_GREY = Image.new("RGB", (64, 64), (128, 128, 128))


class Onnx(Embedder):
    """A model in the ONNX format for pictures, and perhaps one for words that makes vectors in the same space."""

    has_model = True

    @classmethod
    def check(cls, settings: Settings) -> None:
        """Read the folder's description, and check that its files and the packages exist, without loading them."""
        folder = ModelFolder.read(_path(settings))
        for package, needed in (("onnxruntime", True), ("tokenizers", folder.text is not None)):
            if needed and importlib.util.find_spec(package) is None:
                raise EmbedderError(f"the package {package} is missing: {installing('onnx')}")

    @classmethod
    def load(cls, settings: Settings) -> Onnx:
        cls.check(settings)
        return cls(ModelFolder.read(_path(settings)))

    def __init__(self, folder: ModelFolder) -> None:
        self.label = folder.name
        self._image_input, self._text_input = folder.image, folder.text
        self._image_model = _Model(folder.path / folder.image_file, folder.image.output)
        if folder.text:
            from tokenizers import Tokenizer

            self._text_model = _Model(folder.path / folder.text.file, folder.text.output)
            self._tokenizer = Tokenizer.from_file(str(folder.path / folder.text.tokenizer))
            self._tokenizer.enable_truncation(folder.text.length)
            self._tokenizer.enable_padding(length=folder.text.length, pad_id=folder.text.pad_id)
        # Find out now whether everything fits together, not with the first document.
        self.dims = self.image(_GREY).size
        if folder.text and (words := self.text("a picture").size) != self.dims:
            raise EmbedderError(f"{folder.path}: vectors of words have {words} numbers, those of pictures {self.dims}")

    def image(self, image: Image.Image) -> Vector:
        pixels = prepared(image, self._image_input)
        name = self._image_input.input or self._image_model.inputs[0]
        return self._image_model.run({name: pixels})

    def text(self, words: str) -> Vector:
        if self._text_input is None:
            return super().text(words)
        encoding = self._tokenizer.encode(words)
        known = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        names = {self._text_input.input: encoding.ids} if self._text_input.input else known
        return self._text_model.run(
            {
                name: np.array([names[name]], self._text_model.types[name])
                for name in self._text_model.inputs
                if name in names
            }
        )


class _Model:
    """A file of the model, and the one of its outputs that is the vector."""

    def __init__(self, file: Path, output: str | None) -> None:
        self.file = file
        try:
            self._session = open_model(file)
        except Exception as error:
            raise EmbedderError(f"{file}: onnxruntime cannot load it: {_first_line(error)}") from error
        self.inputs = [tensor.name for tensor in self._session.get_inputs()]
        self.types = {
            tensor.name: np.int32 if "int32" in tensor.type else np.int64 for tensor in self._session.get_inputs()
        }
        outputs = [tensor.name for tensor in self._session.get_outputs()]
        self._output = output or outputs[0]
        if self._output not in outputs:
            raise EmbedderError(f"{file}: has no output [{self._output}]; its outputs are {', '.join(outputs)}")

    def run(self, inputs: dict[str, Any]) -> Vector:
        """The output's one vector."""
        try:
            result = np.asarray(self._session.run([self._output], inputs)[0])
        except Exception as error:
            raise EmbedderError(f"{self.file}: {_first_line(error)}") from error
        if result.size != result.shape[-1]:
            shape = "x".join(map(str, result.shape))
            raise EmbedderError(
                f"{self.file}: output [{self._output}] is {shape}, not one vector; name another `output`"
            )
        return result.reshape(-1).astype(np.float32)


def prepared(image: Image.Image, wanted: ImageInput) -> Vector:
    """The picture as the model needs it: 1 x 3 x height x width, or 1 x height x width x 3."""
    width, height = wanted.size
    resample = _RESAMPLE[wanted.resample]
    if wanted.resize == "crop":
        # The shorter side fits, and the middle of the longer one is used.
        ratio = max(width / image.width, height / image.height)
        fitted = image.resize(
            (max(width, round(image.width * ratio)), max(height, round(image.height * ratio))), resample
        )
        left, top = (fitted.width - width) // 2, (fitted.height - height) // 2
        sized = fitted.crop((left, top, left + width, top + height))
    else:
        sized = image.resize((width, height), resample)
    values = (np.asarray(sized, np.float32) / wanted.divisor - wanted.mean_array) / wanted.std_array
    if wanted.layout == "nchw":
        values = values.transpose(2, 0, 1)
    return np.ascontiguousarray(values[None], np.float32)


def _path(settings: Settings) -> Path:
    if settings.embedder_model is None:
        raise EmbedderError("IMAGE_EMBEDDER is [onnx], so IMAGE_EMBEDDER_MODEL must name the folder with the model")
    return settings.embedder_model


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300] or type(error).__name__
