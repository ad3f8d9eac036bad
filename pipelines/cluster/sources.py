"""Reading the `_source` of documents, which holds whatever its writer sent, in the writer's own spelling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


def expanded(value: Any) -> Any:
    """Dotted names as objects, which is how Elasticsearch reads them: `{"a.b": 1}` is `{"a": {"b": 1}}`.

    A dotted name stays as it is when something other than an object is in its way. A null is not: it has no value.
    """
    if isinstance(value, list):
        return [expanded(part) for part in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    # Plain names first: if both spellings are there, the plain one counts.
    for name in sorted(value, key=lambda name: "." in name):
        _put(found, name, expanded(value[name]))
    return found


def _put(into: dict[str, Any], name: str, value: Any) -> None:
    first, dot, rest = name.partition(".")
    if not dot or not first or not rest:
        _merge(into, name, value)
        return
    if into.get(first) is None:
        into[first] = {}
    below = into[first]
    if isinstance(below, dict):
        _put(below, rest, value)
    else:
        into[name] = value


def _merge(into: dict[str, Any], name: str, value: Any) -> None:
    there = into.get(name)
    if isinstance(there, dict) and isinstance(value, dict):
        for key, part in value.items():
            _merge(there, key, part)
    elif there is None:
        into[name] = value


def value_at(source: Any, path: str) -> Any:
    """The value at a dotted path, however its names are written; None when there is none."""
    value = expanded(source)
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def pictures_at(source: Any, path: str) -> list[Any]:
    """The pictures at a dotted path: one or a list, objects or bare base64; without those that are null.

    Also what stands beside a list or a bare picture, under a dotted name below the path.
    """
    return [picture for picture in _all_at(expanded(source), path) if picture is not None]


def _all_at(value: Any, path: str) -> Iterator[Any]:
    for name, part in value.items() if isinstance(value, dict) else ():
        if name == path:
            yield from flat(part)
        elif path.startswith(f"{name}."):
            yield from _all_at(part, path.removeprefix(f"{name}."))
        elif name.startswith(f"{path}."):
            yield nested(name.removeprefix(f"{path}."), part)


def holds_picture(source: Any, paths: Sequence[str]) -> bool:
    """Whether a pipeline could make a picture of anything at these paths."""
    return any(can_be_processed(picture) for path in paths for picture in pictures_at(source, path))


def can_be_processed(picture: Any) -> bool:
    """Whether a pipeline could make a picture of this element of a picture field."""
    if isinstance(picture, dict):
        # `0` is there when the bytes of a Uint8Array were sent as numbers.
        return any(picture.get(name) not in (None, "") for name in ("data", "url", "stored", "0"))
    return bool(picture != "")


def flat(value: Any) -> list[Any]:
    """The elements of a list and of the lists in it, as Elasticsearch reads them; of anything else, itself."""
    return [one for part in value for one in flat(part)] if isinstance(value, list) else [value]


def nested(path: str, value: Any) -> dict[str, Any]:
    """A document that has the value at a dotted path."""
    for part in reversed(path.split(".")):
        value = {part: value}
    assert isinstance(value, dict)
    return value
