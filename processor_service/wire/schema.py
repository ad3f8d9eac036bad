"""Renders the declarations of operations and features: JSON schema for the node, and the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ..errors import ELSEWHERE
from ..features import all_features
from ..fields import NOT_OURS
from ..operations import Operation, all_operations
from ..parameters import MEANT
from ..registry import IDENTITY, RecipeEntry
from .answer_schema import answer_schemas
from .fields import all_fields, copies, top_level_names, vector_lists
from .recipe import MOST_BYTES, MOST_ENTRIES

_NOT_SCHEMA = ("title", "description")


def recipe_schema() -> dict[str, Any]:
    """What the plugin contains: the JSON schema of each operation's and property's parameters, and facts about fields.

    - `fields`: those that the node removes when it refuses a picture by itself, or when the picture was removed.
    - `answer`: JSON schema of each field that an answer may have.
    - `only_first`: those that only the first picture of a list has, by the property that makes them.
    - `copies`: vectors that the node restores from another field when a document comes back without them.
    - `vector_lists`: lists of objects that have a vector each, by the property that makes them: name of the list, and
      of the vector. When one comes back without its vectors, the node has it made again.
    - `pictures`: those that show the picture, with their greatest length (null: a mark has to vouch for it). They are
      removed when nothing vouches for them.
    - `most_entries`: how many operations or properties a list may have. `most_bytes`: of both lists together, as JSON.
    - `concealing`: operations after which the original must not stay anywhere, with the parameter that says what they
      hide: names of properties that would find nothing.
    - `later`: properties that may be added to a stored picture, with their `fields` and what each `uses`.
    - `recognizing`: operations and properties that a service may lack.
    - `elsewhere`: codes of refusals that another host may not share.
    - `for_documents`: operations that a document may ask for. `protecting`: after these, a document may ask for none.
    """
    only_first = {
        name: names
        for name, feature in all_features().items()
        if (names := [field.name for field in feature.fields if field.first_only])
    }
    fields = [name for name in top_level_names() if name not in NOT_OURS]
    return {
        "operations": _schemas(all_operations()),
        "properties": _schemas(all_features()),
        "fields": fields,
        "answer": answer_schemas(),
        "only_first": only_first,
        "copies": copies(),
        "vector_lists": vector_lists(),
        "pictures": {field.name: field.longest for field in all_fields() if field.holds_picture},
        "most_entries": MOST_ENTRIES,
        "most_bytes": MOST_BYTES,
        "concealing": {name: operation.conceals for name, operation in all_operations().items() if operation.conceals},
        "later": {
            name: {"fields": feature.produces(), "uses": list(feature.uses)}
            for name, feature in all_features().items()
            if feature.later
        },
        "recognizing": {"operations": _recognizing(all_operations()), "properties": _recognizing(all_features())},
        "elsewhere": [code.code for code in ELSEWHERE],
        "for_documents": [name for name, operation in all_operations().items() if operation.for_documents],
        "protecting": [name for name, operation in all_operations().items() if operation.protects],
    }


def catalogue(lack: str | None = None, identity_lack: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Everything that a recipe can name, with summary, example and parameters: the answer of `GET /v1/operations`.

    `lack`: why nothing is recognized here, and how to get it; None when it is. `identity_lack`: the same of whose faces
    they are.
    """
    return {
        "operations": _catalogued(all_operations(), lack, identity_lack),
        "properties": _catalogued(all_features(), lack, identity_lack),
    }


def _recognizing(entries: Mapping[str, type[RecipeEntry]]) -> list[str]:
    return [name for name, entry in entries.items() if entry.recognizes]


def _schemas(entries: Mapping[str, type[RecipeEntry]]) -> dict[str, Any]:
    return {
        # Who gives something else than an object is told how one looks.
        name: {"$comment": f"for example {orjson.dumps(entry.example).decode()}"}
        | _without_titles(entry.model_json_schema())
        for name, entry in entries.items()
    }


def _catalogued(
    entries: Mapping[str, type[RecipeEntry]], lack: str | None, identity_lack: str | None
) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "summary": entry.summary(),
            **({"on_animations": entry.on_animations} if issubclass(entry, Operation) else {}),
            "available": not (entry.recognizes and lack),
            **({"lacks": lack} if entry.recognizes and lack else {}),
            # Parameters that cannot be used here, with the reason.
            **({"unavailable": {IDENTITY: identity_lack}} if identity_lack and IDENTITY in entry.model_fields else {}),
            "example": {name: entry.example},
            "parameters": entry.model_json_schema(),
        }
        for name, entry in entries.items()
    ]


def _without_titles(node: Any) -> Any:
    """The schema without prose, which the node does not need.

    Parameters may be called `title`, so their names are kept.
    """
    if isinstance(node, list):
        return [_without_titles(item) for item in node]
    if not isinstance(node, dict):
        return node
    # Nobody reads a pattern: the node says this instead.
    meant = {"$comment": MEANT[pattern]} if (pattern := node.get("pattern")) in MEANT else {}
    return meant | {
        key: {name: _without_titles(item) for name, item in value.items()}
        if key in ("properties", "$defs")
        else _without_titles(value)
        for key, value in node.items()
        if key not in _NOT_SCHEMA or not isinstance(value, str)
    }
