"""What operations and features share: one file each, found by scanning their package, declared by a pydantic model."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from types import ModuleType
from typing import Annotated, Any, ClassVar, Literal

from PIL import ImageColor
from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic.config import JsonDict

_OPAQUE = r"#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|black|white|gray"
OpaqueColor = Annotated[str, StringConstraints(pattern=rf"^({_OPAQUE})$")]
Color = Annotated[str, StringConstraints(pattern=rf"^({_OPAQUE}|#[0-9a-fA-F]{{8}}|transparent)$")]
Unit = Literal["pixels", "fraction"]
# In a JSON schema: a parameter that another one excludes.
ABSENT: JsonDict = {"type": "null"}
_SIDE = r"[1-9][0-9]{0,4}(\.[0-9]{1,4})?"
Ratio = Annotated[str, StringConstraints(pattern=rf"^{_SIDE}:{_SIDE}$")]


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
        return " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())


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
