"""Validates recipes (the operations and properties of a pipeline), and computes their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import orjson
from pydantic import ValidationError

from ..byte_cache import byte_cache
from ..errors import Code, ImageError
from ..features import Feature, all_features
from ..nesting import check_nesting
from ..operations import Operation, all_operations
from ..parameters import MEANT
from ..registry import RecipeEntry

# Far above any recipe in use. Without a bound a small picture could keep a worker busy until its time is up.
MOST_ENTRIES = 64
# Most bytes as JSON. Two watermarks with the largest pictures fit.
MOST_BYTES = 256 * 1024


@dataclass(frozen=True)
class Recipe:
    """What a pipeline asks for. `hash` identifies it (docs/wire.md)."""

    operations: tuple[Operation, ...]
    features: tuple[Feature, ...]
    hash: str


def parse_recipe(operations: Any, properties: Any) -> Recipe:
    """Validate a pipeline's recipe. Raises ImageError `invalid_recipe` that lists the valid names and parameters."""
    # Pipelines send the same recipe with every picture, so it is parsed once.
    return _parse_cached(_as_json([operations, properties]))


def memory(text: bytes) -> int:
    """How many bytes a parsed recipe takes at most, by its JSON: entries take far more than their text."""
    return 6_000 + 4 * len(text) + 300 * text.count(b'"')


@byte_cache(8 * 1024**2, memory)
def _parse_cached(text: bytes) -> Recipe:
    operations, properties = orjson.loads(text)
    features = (
        tuple(feature() for feature in all_features().values() if feature.default)
        if properties is None
        # Sorted, as some use what others have found: labels that there are faces.
        else tuple(sorted(parse_entries(properties, "property", all_features()), key=lambda entry: entry.name()))
    )
    parsed = tuple(parse_operations(operations))
    _check_concealed(parsed, features)
    return Recipe(parsed, features, recipe_hash(operations, properties))


def _check_concealed(operations: tuple[Operation, ...], features: tuple[Feature, ...]) -> None:
    for operation in operations:
        for feature in features:
            if (name := feature.name()) in operation.concealed():
                raise ImageError(
                    Code.INVALID_RECIPE,
                    f"property [{name}] finds nothing where operation [{operation.name()}] hides {name}: leave one of "
                    f"them out; how many were hidden is in [redacted.{name}]",
                )


def parse_operations(operations: Any) -> list[Operation]:
    """Validate a list of operations; None is an empty list."""
    _as_json(operations)
    parsed: list[Operation] = [] if operations is None else parse_entries(operations, "operation", all_operations())
    if len(parsed) > 1 and any("all" in getattr(operation, "keep", ()) for operation in parsed):
        raise ImageError(
            Code.INVALID_RECIPE,
            "operation [strip_metadata]: keep [all] stores every byte of the original, so it must stand alone; "
            "beside others keep [icc] and [copyright]",
        )
    return parsed


def parse_entries(entries: Any, kind: str, known: Mapping[str, type[Any]]) -> list[Any]:
    """Instances for entries such as `"grayscale"` or `{"rotate": {"degrees": 90}}`."""
    if not isinstance(entries, list):
        raise ImageError(
            Code.INVALID_RECIPE, f"{_plural(kind)} must be a list of names or of objects with one {kind} each"
        )
    if len(entries) > MOST_ENTRIES:
        raise ImageError(
            Code.INVALID_RECIPE, f"{_plural(kind)} has {len(entries)} entries, at most {MOST_ENTRIES} are accepted"
        )
    return [_parse_entry(entry, kind, known) for entry in entries]


def _as_json(recipe: Any) -> bytes:
    if _is_longer(recipe, MOST_BYTES):
        raise _too_long()
    check_nesting(recipe, Code.INVALID_RECIPE)
    try:
        text = orjson.dumps(recipe)
    except TypeError as error:
        # Never from a request: there such a number has become a float.
        raise ImageError(
            Code.INVALID_RECIPE, "operations and properties hold a number beyond 64 bits, or something else than JSON"
        ) from error
    if len(text) > MOST_BYTES:
        raise _too_long()
    return text


def _is_longer(value: Any, most: int) -> bool:
    """Whether a value certainly has more than `most` bytes as JSON.

    orjson crashes when it has no memory to write millions of values.
    """
    values = [value]
    while values:
        one = values.pop()
        if isinstance(one, str | list | dict) and len(one) > most:
            return True
        # Each has a comma or a bracket beside it.
        most -= 1 + (len(one) if isinstance(one, str) else 1)
        if isinstance(one, dict):
            values += one.keys()
            values += one.values()
        elif isinstance(one, list):
            values += one
    return most < 0


def _too_long() -> ImageError:
    return ImageError(
        Code.INVALID_RECIPE, f"operations and properties have too many bytes as JSON, at most {MOST_BYTES} are accepted"
    )


def _parse_entry(entry: Any, kind: str, known: Mapping[str, type[Any]]) -> RecipeEntry:
    name, parameters = (entry, {}) if isinstance(entry, str) else _single(entry, kind)
    if name not in known:
        raise ImageError(
            Code.INVALID_RECIPE, f"unknown {kind} [{name[:80]}]; valid {_plural(kind)} are {', '.join(known)}"
        )
    entry_type = known[name]
    if not isinstance(parameters, dict):
        raise ImageError(
            Code.INVALID_RECIPE,
            f"{kind} [{name}]: its parameters must be an object such as {orjson.dumps(entry_type.example).decode()}",
        )
    try:
        result = entry_type(**parameters)
    except ValidationError as error:
        raise ImageError(Code.INVALID_RECIPE, f"{kind} [{name}]: {_complaint(error, entry_type)}") from error
    assert isinstance(result, RecipeEntry)
    return result


def _single(entry: Any, kind: str) -> tuple[str, Any]:
    if not isinstance(entry, dict) or len(entry) != 1:
        raise ImageError(
            Code.INVALID_RECIPE, f"each {kind} must be a name or an object with exactly one name as its key"
        )
    return next(iter(entry.items()))


def _complaint(error: ValidationError, entry_type: type[RecipeEntry]) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        inside = len(first["loc"]) > 1
        valid = "" if inside else f"; valid parameters are: {', '.join(entry_type.model_fields) or 'none'}"
        return f"unknown parameter [{where[:80]}]{valid}"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "string_pattern_mismatch":
        message = MEANT.get(first["ctx"]["pattern"], message)
    if first["type"] in ("int_type", "float_type", "bool_type") and isinstance(first["input"], str):
        message = f"{message}, got the string [{first['input'][:80]}]"
    return f"[{where}]: {message}" if where else message


def _plural(kind: str) -> str:
    return kind[:-1] + "ies" if kind.endswith("y") else kind + "s"


def recipe_hash(operations: Any, properties: Any) -> str:
    """The first 32 hex digits of the SHA-256 of the recipe's canonical form.

    The node computes the same (docs/wire.md).
    """
    return hashlib.sha256(_canonical([_named(operations), _named(properties)])).hexdigest()[:32]


def _named(entries: Any) -> Any:
    return (
        [{entry: {}} if isinstance(entry, str) else entry for entry in entries]
        if isinstance(entries, list)
        else entries
    )


def _canonical(value: Any) -> bytes:
    """Bencode (BEP 3) with numbers as text, booleans and null."""
    if value is None:
        return b"z"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int | float):
        rounded = Decimal(value).quantize(Decimal("0.000001"), ROUND_HALF_EVEN).normalize()
        return b"n" + (b"0" if not rounded else f"{rounded:f}".encode()) + b";"
    if isinstance(value, str):
        text = value.encode()
        return str(len(text)).encode() + b":" + text
    if isinstance(value, list):
        return b"l" + b"".join(map(_canonical, value)) + b"e"
    items = sorted((key.encode(), item) for key, item in value.items())
    return b"d" + b"".join(str(len(key)).encode() + b":" + key + _canonical(item) for key, item in items) + b"e"
