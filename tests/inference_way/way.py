"""Documents through a pipeline of the inference way: real processors, conditions and templates, a real service."""

from __future__ import annotations

import copy
from typing import Any

from PIL import Image

from pipelines.inference.endpoints import Service as Kind
from pipelines.inference.endpoints import in_inference_form
from pipelines.resources import Kind as ResourceKind
from pipelines.resources import Resource, bundled
from tests.helpers.pictures import b64, encoded, picture
from tests.helpers.service import TOKEN

from .stock import StockProcessors

# A service in the middle of a change of tokens takes this one, too.
OTHER_TOKEN = "another-token"
PHOTO = b64(picture("exif-orientation/Landscape_6.jpg"))
OTHER = b64(picture("pillow/hopper.jpg"))
IMAGES = next(r for r in bundled() if r.name == "images" and r.kind is ResourceKind.PIPELINE)
IMAGE = IMAGES.body["processors"][0]["image"]


def taken_by(artist: str) -> bytes:
    """A JPEG that names its photographer."""
    exif = Image.Exif()
    exif[0x013B] = artist
    return encoded(Image.effect_noise((200, 100), 60), "JPEG", exif=exif)


class Way:
    """A pipeline in the inference form with its endpoint."""

    def __init__(self, stock: StockProcessors, url: str, token: str = TOKEN, kind: Kind = "custom", **options: Any):
        body = copy.deepcopy(IMAGES.body)
        body["processors"][0]["image"] |= options
        definition = Resource(ResourceKind.PIPELINE, "images", body)
        self.endpoint, self.pipeline = in_inference_form([definition], kind, url, token)
        self._stock = stock

    def __call__(self, document: dict[str, Any]) -> dict[str, Any]:
        return self._stock.run(self.pipeline.body, [self.endpoint], document)

    def merged(self, stored: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
        """The stored document after a bulk update with `doc_as_upsert`: the part's result is merged into it by names."""
        return dict(merged(stored, self._stock.run(self.pipeline.body, [self.endpoint], part, index=None)))


def merged(stored: Any, part: Any) -> Any:
    """As Elasticsearch merges; without nulls, which are nothing to the mapping."""
    if not isinstance(part, dict):
        return part
    before = stored if isinstance(stored, dict) else {}
    both = {name: merged(before.get(name), value) for name, value in part.items()}
    return {name: value for name, value in (before | both).items() if value is not None}
