"""lite0: what a picture shows, by the model of `labels`. Pictures of the same kind of thing are neighbours."""

from __future__ import annotations

from PIL import Image

from ..picture import Picture
from ..recognition import RecognitionMissing, labels, missing
from ..recognition.of_picture import glance
from ..settings import Settings
from . import Embedder, EmbedderError, Vector


class Lite0(Embedder):
    """EfficientNet-Lite0, which ships with the package (docs/recognition.md). It knows pictures only, no words."""

    label = labels.NAME
    dims = labels.DIMS
    has_model = True

    @classmethod
    def check(cls, settings: Settings) -> None:
        """Look whether the packages are there."""
        if lack := missing():
            raise EmbedderError(f"IMAGE_EMBEDDER is [lite0], but {lack}")

    @classmethod
    def load(cls, settings: Settings) -> Lite0:
        cls.check(settings)
        # Loaded before workers are forked, so that they share it.
        labels.glance(Image.new("RGB", (64, 64)))
        return cls()

    def of_picture(self, picture: Picture) -> Vector:
        # `labels` and `plates` use the same view.
        try:
            return glance(picture).vector
        except RecognitionMissing as error:
            raise EmbedderError(str(error)) from error

    def image(self, image: Image.Image) -> Vector:
        return labels.glance(image).vector
