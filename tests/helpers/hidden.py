"""Says what is stored of a file with something hidden in it."""

from __future__ import annotations

import base64

from processor_service.errors import ImageError
from processor_service.metadata.cut import cut_refused
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request

from .pictures import assert_alike, b64, opened


def assert_gone(data: bytes, secret: bytes, tolerance: float = 6) -> None:
    """The secret is neither in what is stored without operations, nor in what is kept of a refused picture.

    What is stored looks like the file, up to `tolerance` levels. A decoder may refuse the file.
    """
    assert secret in data
    assert secret not in (cut_refused(data) or b"")
    try:
        fields = process(Request.parse({"data": b64(data)}), Settings(), Stopwatch())
    except ImageError:
        return
    stored = base64.b64decode(fields["data"])
    assert secret not in stored
    assert_alike(opened(stored).convert("RGBA"), opened(data).convert("RGBA"), tolerance, "hidden")
