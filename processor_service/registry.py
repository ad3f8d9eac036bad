"""Finds operations, features and embedders, one file each, by scanning their package."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from types import ModuleType
from typing import Any, ClassVar

from .parameters import Parameters

# The parameter that asks whose faces they are (docs/privacy.md). It needs more than recognition does.
IDENTITY = "identity"


class RecipeEntry(Parameters):
    """A named thing with parameters (the model's fields), a docstring and an example; its name is that of its file."""

    example: ClassVar[dict[str, Any]] = {}
    # Whether it needs the models of recognition (docs/recognition.md), and so a recognizer.
    recognizes: ClassVar[bool] = False

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


def entry_names(entries: Any) -> list[str]:
    """The names in a list of operations or properties, which need not be valid."""
    return [
        name
        for entry in (entries if isinstance(entries, list) else ())
        for name in ([entry] if isinstance(entry, str) else entry if isinstance(entry, dict) else ())
    ]


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
