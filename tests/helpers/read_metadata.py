"""What the property `metadata` makes of blocks of metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PIL import Image

from processor_service.features.metadata import Metadata
from processor_service.picture import Picture, RawMetadata, Source

_PNG = Image.new("RGB", (2, 2))


def read(
    exif: bytes = b"", xmp: bytes = b"", iptc: bytes = b"", texts: Mapping[str, str] | None = None, **parameters: Any
) -> dict[str, Any]:
    """Its fields; `parameters` are those of the property."""
    source = Picture([_PNG], Source("jpeg", 2, 2, 1, 1), metadata=RawMetadata(exif, xmp, iptc, texts=texts or {}))
    found: dict[str, Any] = Metadata(**parameters).extract(source).get("metadata", {})
    return found
