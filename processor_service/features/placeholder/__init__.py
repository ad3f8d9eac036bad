"""placeholder."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pybase64

from ...fields import SIGNATURE, DocumentField
from ...picture import Picture
from ...pixels.reduced import reduced
from ...pixels.scaling import shrunk
from .. import Feature
from .thumb_hash import SIDE, thumb_hash


class Placeholder(Feature):
    """A blurred preview (ThumbHash) in about 25 bytes, to show while the picture is loading."""

    fields: ClassVar[tuple[DocumentField, ...]] = (
        DocumentField(
            "placeholder",
            "blurred preview of about 25 bytes (ThumbHash), base64",
            SIGNATURE,
            holds_picture=True,
            longest=40,
        ),
    )

    def extract(self, picture: Picture) -> dict[str, Any]:
        """The ThumbHash as base64."""
        small = shrunk(reduced(picture), SIDE).convert("RGBA")
        return {"placeholder": pybase64.b64encode_as_string(thumb_hash(np.asarray(small)))}
