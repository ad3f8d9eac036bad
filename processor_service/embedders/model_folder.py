"""Reads the folder of a model: `embedder.json` describes the input and output of its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from . import EmbedderError

DESCRIPTION = "embedder.json"
_IMAGE_FILES = ("model.onnx", "image.onnx")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ImageInput(_Part):
    """How a picture becomes numbers: value = (0 to 255 / `divisor` - `mean`) / `std`, for red, green and blue."""

    size: tuple[int, int] = Field(description="width and height in pixels")
    resize: Literal["squash", "crop"] = Field(
        "crop", description="`crop`: the shorter side fits, the middle is taken; `squash`: stretched, nothing is lost"
    )
    resample: Literal["bicubic", "bilinear", "lanczos"] = Field("bicubic", description="or `bilinear`, `lanczos`")
    divisor: float = Field(255.0, gt=0, description="value = (0 to 255 / divisor - mean) / std")
    mean: tuple[float, float, float] = Field((0.0, 0.0, 0.0), description="for red, green, blue")
    std: tuple[float, float, float] = Field((1.0, 1.0, 1.0), description="for red, green, blue")
    layout: Literal["nchw", "nhwc"] = Field("nchw", description="or `nhwc`")
    input: str | None = Field(None, description="name in the model; default: the first")
    output: str | None = Field(None, description="name in the model; default: the first. It must be one vector")

    @property
    def mean_array(self) -> Any:
        """`mean` to be subtracted from an array of height x width x 3."""
        return np.array(self.mean, np.float32)

    @property
    def std_array(self) -> Any:
        """`std`, likewise."""
        return np.array(self.std, np.float32)


class TextInput(_Part):
    """How words become numbers: tokens, cut or padded to `length`."""

    file: str = Field("text.onnx", description="the model, in the folder")
    tokenizer: str = Field("tokenizer.json", description="in the folder, as Hugging Face's `tokenizers` writes it")
    length: int = Field(77, ge=1, le=4096, description="tokens above it are cut off")
    pad_id: int = Field(0, ge=0, description="fills up fewer tokens")
    input: str | None = Field(
        None, description="name in the model; default: `input_ids` and `attention_mask`, as the model has them"
    )
    output: str | None = Field(None, description="name in the model; default: the first")


class Description(_Part):
    """What `embedder.json` holds; `name` is stored with every vector."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    image: ImageInput
    text: TextInput | None = None


@dataclass(frozen=True)
class ModelFolder:
    """A folder with a model whose files exist."""

    path: Path
    name: str
    image: ImageInput
    image_file: str
    text: TextInput | None

    @classmethod
    def read(cls, path: Path) -> ModelFolder:
        """Read the description, and check that the files exist. Raises EmbedderError."""
        file = path / DESCRIPTION
        try:
            described = Description.model_validate_json(file.read_bytes())
        except OSError as error:
            raise EmbedderError(f"{file} cannot be read: {error.strerror}; docs/likeness.md shows one") from error
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise EmbedderError(f"{file}: {where}: {first['msg']}" if where else f"{file}: {first['msg']}") from error
        image_file = next((name for name in _IMAGE_FILES if (path / name).is_file()), _IMAGE_FILES[0])
        text = described.text
        needed = [image_file, *((text.file, text.tokenizer) if text else ())]
        if missing := [name for name in needed if not (path / name).is_file()]:
            raise EmbedderError(f"{path} has no {' and no '.join(missing)}")
        return cls(path, described.name, described.image, image_file, text)
