"""All document fields, in the order of the docs: those of every picture and those of all features."""

from __future__ import annotations

from functools import cache
from typing import Any

from ..features import all_features
from ..fields import NESTED, OF_THE_DOCUMENT, OF_THE_PICTURE, DocumentField


@cache
def all_fields() -> tuple[DocumentField, ...]:
    """All fields; names are relative to the target field."""
    return (
        *OF_THE_PICTURE,
        *(field for feature in all_features().values() for field in feature.fields),
        *OF_THE_DOCUMENT,
    )


@cache
def top_level_names() -> tuple[str, ...]:
    """The names directly under the target, each once, in the order of `all_fields`."""
    return tuple(dict.fromkeys(field.top for field in all_fields()))


def copies() -> dict[str, str]:
    """Maps the name of each vector that is another form of a field to the name of that field."""
    return {field.name: field.copy_of for field in all_fields() if field.copy_of}


def vector_lists() -> dict[str, dict[str, str]]:
    """Lists of objects that have a vector each, by the property that makes them: name of the list, and of the vector.

    Elasticsearch may return such a document without the vectors: the objects are there, each without its vector.
    """
    found: dict[str, dict[str, str]] = {}
    for name, feature in all_features().items():
        lists = {field.name for field in feature.fields if field.many and field.mapping == NESTED}
        for field in feature.fields:
            parent, _, leaf = field.name.rpartition(".")
            if parent in lists and field.mapping["type"] == "dense_vector":
                found.setdefault(name, {})[parent] = leaf
    return found


def remade() -> dict[str, set[str]]:
    """Fields that are made again when a document comes back without vectors, by the property that makes them."""
    copied, lists = copies(), vector_lists()
    found = {}
    for name, feature in all_features().items():
        own = {field.name for field in feature.fields if field.first_only and field.name not in copied}
        if names := own | lists.get(name, {}).keys():
            found[name] = names
    return found


def mapping() -> dict[str, Any]:
    """The Elasticsearch mapping of the target field: an object with `properties`."""
    root: dict[str, Any] = {"properties": {}}
    for field in all_fields():
        node = root
        *parents, leaf = field.name.split(".")
        for parent in parents:
            node = node["properties"].setdefault(parent, {"properties": {}})
            if node.get("enabled") is False:
                break
            node.setdefault("properties", {})
        else:
            node["properties"][leaf] = dict(field.mapping)
    return root
