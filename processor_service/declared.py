"""What operations and features share: one file each, found by scanning their package, declared by a pydantic model."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from functools import cache
from types import ModuleType
from typing import Annotated, Any, ClassVar, Literal

from PIL import ImageColor
from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic.config import JsonDict

_OPAQUE = r"#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|black|white|gray"
_OPAQUE_COLOR = rf"^({_OPAQUE})$"
_COLOR = rf"^({_OPAQUE}|#[0-9a-fA-F]{{8}}|transparent)$"
OpaqueColor = Annotated[str, StringConstraints(pattern=_OPAQUE_COLOR)]
Color = Annotated[str, StringConstraints(pattern=_COLOR)]
Unit = Literal["pixels", "fraction"]
# In a JSON schema: a parameter that another one excludes.
ABSENT: JsonDict = {"type": "null"}
_SIDE = r"[1-9][0-9]{0,4}(\.[0-9]{1,4})?"
_RATIO = rf"^{_SIDE}:{_SIDE}$"
Ratio = Annotated[str, StringConstraints(pattern=_RATIO)]
# In a JSON schema: in pixels, or not beyond the whole.
IN_PIXELS: JsonDict = {"properties": {"unit": {"const": "pixels"}}}
AT_MOST_ALL: JsonDict = {"maximum": 1}
# What a text should have been, in words: nobody reads a pattern.
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
    """Raise ValueError for a box whose numbers are of the other unit: what it is to cut or hide would be missed."""
    sides = list(sides)
    if unit == "fraction" and any(number > 1 for number in (*offsets, *sides)):
        raise ValueError("fractions are at most 1; percent are divided by 100, pixels need unit pixels")
    if unit == "pixels" and all(side < 1 for side in sides):
        raise ValueError("the box is smaller than a pixel; fractions need unit fraction")


class Declared(Parameters):
    """A named thing with parameters (the model's fields), a docstring and an example; its name is that of its file."""

    example: ClassVar[dict[str, Any]] = {}

    @classmethod
    def name(cls) -> str:
        """The name by which a recipe calls it."""
        return cls.__module__.rpartition(".")[2]

    @classmethod
    def summary(cls) -> str:
        """The docstring's first paragraph, on one line."""
        return cls.paragraphs()[0]

    @classmethod
    def paragraphs(cls) -> list[str]:
        """The docstring, each paragraph on one line."""
        return [" ".join(paragraph.split()) for paragraph in (inspect.getdoc(cls) or "").split("\n\n")]


@cache
def scan(package: ModuleType, base: type[Any]) -> dict[str, type[Any]]:
    """Name to class of every subclass of `base`, which has a `name()`, in the modules of `package`, sorted by name."""
    found: dict[str, type[Any]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for member in vars(module).values():
            if inspect.isclass(member) and issubclass(member, base) and member.__module__ == module.__name__:
                kind: Any = member
                found[kind.name()] = kind
    return dict(sorted(found.items()))
