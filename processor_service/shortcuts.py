"""What a recipe allows to do faster or with less loss. Knows single operations, as `operations/` does."""

from __future__ import annotations

from collections.abc import Iterable

from .decoding.decode import Target
from .operations import Operation
from .operations.auto_orient import AutoOrient
from .operations.resize import Resize
from .operations.strip_metadata import StripMetadata
from .picture import Picture, Tables


def leaves_pixels(operations: tuple[Operation, ...]) -> bool:
    """Whether the picture is stored unchanged except for its metadata."""
    return all(isinstance(operation, StripMetadata) for operation in operations)


def target_of(operations: tuple[Operation, ...]) -> Target:
    """The size to which these operations scale a picture first. Decoded straight to it, the result is the same."""

    def target(width: int, height: int, orientation: int) -> tuple[int, int] | None:
        turned = False
        for operation in operations:
            if isinstance(operation, Resize):
                size = operation.size(height, width)[::-1] if turned else operation.size(width, height)
                # A picture is enlarged by the operation itself, after its size was checked.
                return size if size[0] <= width and size[1] <= height else None
            if not operation.scale_free:
                return None
            # Orientations 5 to 8 swap the sides.
            turned = turned or (isinstance(operation, AutoOrient) and orientation >= 5)
        return None

    return target


def tables_to_keep(picture: Picture, operations: Iterable[Operation]) -> Tables:
    """The original's tables, turned as the picture was; none when any of its pixels has changed."""
    source, size = picture.source, picture.image.size
    if not all(operation.output_only or isinstance(operation, AutoOrient | Resize) for operation in operations):
        return ()
    if size == (source.width, source.height):
        return source.tables
    if size == (source.height, source.width):
        return tuple(
            tuple(table[8 * column + row] for row in range(8) for column in range(8)) for table in source.tables
        )
    return ()
