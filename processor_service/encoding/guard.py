"""Turns what encoders raise into errors with a code: it is the picture's or the recipe's fault, never a defect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PIL import Image

from ..errors import Code, ImageError, lacks_memory
from ..room import is_room_for

# Bytes a pixel without which AVIF's encoder may crash. It needs a few more.
_NEEDED = {"avif": 28}
# Bytes a pixel, at most, of encoders that do not say when they get too little: a progressive JPEG has two for each
# sample, AVIF copies of the picture in several sizes, GIF its colours.
_WANTED = {"jpeg": 12, "avif": 64, "gif": 16}


@contextmanager
def encoder_errors(frames: Sequence[Image.Image], name: str) -> Iterator[None]:
    """Turn every exception into an ImageError: `out_of_memory`, or `cannot_encode`. `name`: of the format."""
    (width, height), mode = frames[0].size, frames[0].mode
    if not is_room_for(_NEEDED.get(name, 0) * width * height):
        raise _no_memory(name)
    try:
        yield
    except ImageError:
        raise
    except Exception as error:
        if lacks_memory(error) or not is_room_for(_WANTED.get(name, 0) * width * height):
            raise _no_memory(name) from error
        raise ImageError(
            Code.CANNOT_ENCODE,
            f"the picture ({width}x{height}, {mode}, frames: {len(frames)}) cannot be stored as {name}: "
            f"{str(error)[:200] or type(error).__name__}; another format may do",
        ) from error


def _no_memory(name: str) -> ImageError:
    return ImageError(
        Code.OUT_OF_MEMORY,
        f"storing the picture as {name} needs more memory than a worker may use (IMAGE_WORKER_MEMORY); another format "
        "or a smaller resize may do",
    )
