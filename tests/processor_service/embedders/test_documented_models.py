"""What docs/likeness.md shows of `embedder.json`: a folder with it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from processor_service.embedders.model_folder import ModelFolder
from tests.helpers.documented import the_block


@pytest.mark.parametrize("name", ["efficientnet-lite0", "clip-vit-b32"])
def test_a_folder_with_what_the_page_shows_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "embedder.json").write_text(the_block("docs/likeness.md", rf'\{{\s*"name": "{name}"').text)
    for file in ("image.onnx", "text.onnx", "tokenizer.json"):
        (tmp_path / file).touch()
    read = ModelFolder.read(tmp_path)
    assert (read.name, read.image.size, read.image.output is None) == (name, (224, 224), False)
    assert bool(read.text) == (name == "clip-vit-b32")
