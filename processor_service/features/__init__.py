"""Features: what is extracted from a picture. One file each, with its parameters and the fields it produces."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from ..picture import Picture
from ..registry import Declared, scan


class Feature(Declared):
    """Something a recipe's `properties` can ask for."""

    # Names of the document fields (see `fields.py`) that this feature produces, directly under the target.
    produces: ClassVar[tuple[str, ...]] = ()
    # Whether it is extracted when a pipeline names no `properties`.
    default: ClassVar[bool] = True
    # Whether it reads what only the picture that came in has. A picture that was normalized before keeps these fields.
    of_source: ClassVar[bool] = False
    # Those of them that a document holds once: of a list of pictures, only the first has them.
    only_first: ClassVar[tuple[str, ...]] = ()

    def extract(self, picture: Picture) -> dict[str, Any]:
        """Read the fields from the finished picture; a field that does not apply is left out."""
        raise TypeError(f"feature {self.name()} does not implement extract")


def all_features() -> dict[str, Any]:
    """Every feature by name."""
    return scan(sys.modules[__name__], Feature)
