"""Validates the request for one picture (docs/wire.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import Code, ImageError
from ..features import Feature
from ..operations import Operation
from ..registry import IDENTITY
from ..store.refusals import off as store_off
from .one_off import check_kept, within_limit
from .recipe import Recipe, parse_operations, parse_recipe

_KEYS = frozenset(
    {"data", "url", "operations", "properties", "document_operations", "normalized", "truncated", "position", "store"}
    | {"originals", "later"}
)


@dataclass(frozen=True)
class Request:
    """One picture and what to do with it (docs/wire.md)."""

    data: Any
    recipe: Recipe
    document_operations: tuple[Operation, ...]
    normalized: bool
    # Where `data` was fetched from; None when the document holds it.
    url: str | None = None
    accept_truncated: bool = False
    # The picture's position in the document's list, from 0.
    position: int = 0
    # Whether the picture goes into the store, not into the document.
    external: bool = False
    # Whether the original goes there, too.
    keeps_original: bool = False
    # Names of the recipe's features that are left out now.
    later: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, body: Any) -> Request:
        """Validate a request body. Raises ImageError `invalid_request` or `invalid_recipe`."""
        if not isinstance(body, dict):
            raise ImageError(Code.INVALID_REQUEST, "the body must be a JSON object")
        url = body.get("url")
        if "stored" in body:
            # Where there is a store, the web process has put the picture in its place.
            raise store_off()
        if extra := body.keys() - _KEYS:
            raise _invalid(f"unknown key [{min(extra)[:80]}]")
        if "data" not in body and url is None:
            raise _invalid("data is missing")
        if "data" not in body:
            raise ImageError(Code.URL_NOT_ALLOWED, "nothing is fetched by address; IMAGE_URL_HOSTS names no hosts")
        if not isinstance(url, str | None) or (truncated := body.get("truncated", "fail")) not in ("fail", "accept"):
            raise _invalid("url must be a string, truncated `fail` or `accept`")
        if not isinstance(position := body.get("position", 0), int) or position < 0:
            raise _invalid("position must be a number from 0 on")
        if (originals := body.get("originals", "none")) not in ("none", "external"):
            raise _invalid("originals must be `none` or `external`")
        if (store := body.get("store", "data")) not in ("data", "external"):
            raise _invalid("store must be `data` or `external`")
        recipe = parse_recipe(body.get("operations"), body.get("properties"))
        document_operations = tuple(parse_operations(body.get("document_operations")))
        hiding = [each for each in (*recipe.operations, *document_operations) if each.conceals]
        if originals == "external" and hiding:
            raise ImageError(
                Code.INVALID_RECIPE,
                f"originals must be `none` beside operation [{hiding[0].name()}]: they would show what it hides",
            )
        check_kept(recipe.operations, document_operations)
        normalized = body.get("normalized") is True
        return cls(
            body["data"],
            recipe,
            document_operations,
            normalized,
            url,
            truncated == "accept",
            position,
            store == "external",
            originals == "external",
            _later(body.get("later", []), recipe),
        )

    def needs_store(self) -> bool:
        """Whether anything of the request goes into the store."""
        return self.external or self.keeps_original

    def features(self) -> tuple[Feature, ...]:
        """What is to be extracted now."""
        return tuple(feature for feature in self.recipe.features if feature.name() not in self.later)

    def pending(self) -> list[str]:
        """Names of the features that this picture is to get later, sorted."""
        left_out = {feature.name() for feature in self.recipe.features if feature.produces(self.position)}
        return sorted(left_out & self.later)

    def recognizer(self) -> str | None:
        """What of the request needs a recognizer, in words; None when nothing does."""
        for operation in self.operations_to_apply():
            if operation.recognizes:
                return f"operation [{operation.name()}]"
        return next((f"property [{feature.name()}]" for feature in self.features() if feature.recognizes), None)

    def identifies(self) -> str | None:
        """What asks whose faces they are, in words; None when nothing does."""
        asking = (feature for feature in self.features() if getattr(feature, IDENTITY, False))
        return next((f"property [{feature.name()}] with [{IDENTITY}]" for feature in asking), None)

    def operations_to_apply(self) -> tuple[Operation, ...]:
        """The operations to apply. A normalized picture already had those of the recipe, except how it is stored.

        Without operations of the document it is not stored again either: every byte stays, and its fields are read
        again.
        """
        if self.normalized and not self.document_operations:
            return ()
        recipe = self.recipe.operations
        applied = tuple(operation for operation in recipe if operation.output_only) if self.normalized else recipe
        return applied + within_limit(recipe, self.document_operations)


def _later(names: Any, recipe: Recipe) -> frozenset[str]:
    possible = {feature.name() for feature in recipe.features if feature.later}
    if not isinstance(names, list) or not all(isinstance(name, str) and name in possible for name in names):
        raise ImageError(
            Code.INVALID_REQUEST,
            f"later must be a list of properties of the recipe that can be added later: {', '.join(sorted(possible))}",
        )
    return frozenset(names)


def _invalid(what: str) -> ImageError:
    return ImageError(Code.INVALID_REQUEST, f"{what}; valid keys are {', '.join(sorted(_KEYS))}")
