"""Types of the parameters of operations and features, which are pydantic models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from PIL import ImageColor
from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic.config import JsonDict

_OPAQUE = r"#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|black|white|gray"
_OPAQUE_COLOR = rf"^({_OPAQUE})$"
_COLOR = rf"^({_OPAQUE}|#[0-9a-fA-F]{{8}}|transparent)$"
OpaqueColor = Annotated[str, StringConstraints(pattern=_OPAQUE_COLOR)]
Color = Annotated[str, StringConstraints(pattern=_COLOR)]
Unit = Literal["pixels", "fraction"]
# In a JSON schema: a parameter that must be absent.
ABSENT: JsonDict = {"type": "null"}
_SIDE = r"[1-9][0-9]{0,4}(\.[0-9]{1,4})?"
_RATIO = rf"^{_SIDE}:{_SIDE}$"
Ratio = Annotated[str, StringConstraints(pattern=_RATIO)]
# In a JSON schema: in pixels, or not beyond the whole.
IN_PIXELS: JsonDict = {"properties": {"unit": {"const": "pixels"}}}
AT_MOST_ALL: JsonDict = {"maximum": 1}
# What a text should look like, in words: nobody reads a pattern.
MEANT = {
    _OPAQUE_COLOR: "a colour should be #rgb, #rrggbb, black, white or gray",
    _COLOR: "a colour should be #rgb, #rrggbb, #rrggbbaa, black, white, gray or transparent",
    _RATIO: "an aspect ratio should be width:height, such as 16:9 or 1.91:1",
}


def rgba(color: str) -> tuple[int, int, int, int]:
    """A colour parameter as red, green, blue, alpha, 0 to 255 each."""
    if color == "transparent":
        return 255, 255, 255, 0
    red, green, blue, *alpha = ImageColor.getrgb(color)
    return red, green, blue, alpha[0] if alpha else 255


def ratio(text: str) -> float:
    """An aspect ratio parameter such as `16:9` as width / height."""
    width, _, height = text.partition(":")
    return float(width) / float(height)


class Parameters(BaseModel):
    """Typed, ranged parameters, strict (`"90"` is not a number) as in the JSON schema that the node checks."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def check_unit(unit: Unit, offsets: Iterable[float], sides: Iterable[float]) -> None:
    """Raise ValueError for a box whose numbers are in the other unit: it would miss what it should cut or hide."""
    sides = list(sides)
    if unit == "fraction" and any(number > 1 for number in (*offsets, *sides)):
        raise ValueError("fractions are at most 1; percent are divided by 100, pixels need unit pixels")
    if unit == "pixels" and all(side < 1 for side in sides):
        raise ValueError("the box is smaller than a pixel; fractions need unit fraction")
