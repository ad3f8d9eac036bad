"""What the declarations of operations and features render to: JSON schema for the node, catalogue, docs tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..features import all_features
from ..fields import NOT_OURS
from ..operations import Operation, all_operations
from ..parameters import MEANT
from ..registry import Declared
from .answer_schema import answer_schemas
from .fields import all_fields, copies, top_level_names
from .recipe import MOST_ENTRIES

_NOT_SCHEMA = ("title", "description")


def recipe_schema() -> dict[str, Any]:
    """What is packed into the plugin: JSON schema of each operation's and property's parameters, and names of fields.

    - `fields`: those that the node removes from a picture that it refuses by itself, or that was taken away.
    - `answer`: JSON schema of each field that an answer may have.
    - `only_first`: those that only the first of a list of pictures has, by the property they come from.
    - `copies`: vectors that the node puts back from another field when a document comes back without them.
    - `pictures`: those that show what is to be seen, with the longest that one may be (null: a mark has to tell). They
      do not stay where nothing vouches for them.
    - `most_entries`: of a list of operations or properties.
    - `for_documents`: the operations that a document may ask for; `protecting`: those after which it may not.
    """
    only_first = {
        name: names
        for name, kind in all_features().items()
        if (names := [field.name for field in kind.fields if field.first_only])
    }
    fields = [name for name in top_level_names() if name not in NOT_OURS]
    return {
        "operations": _schemas(all_operations()),
        "properties": _schemas(all_features()),
        "fields": fields,
        "answer": answer_schemas(),
        "only_first": only_first,
        "copies": copies(),
        "pictures": {field.name: field.longest for field in all_fields() if field.holds_picture},
        "most_entries": MOST_ENTRIES,
        "for_documents": [name for name, kind in all_operations().items() if kind.for_documents],
        "protecting": [name for name, kind in all_operations().items() if kind.protects],
    }


def catalogue() -> dict[str, list[dict[str, Any]]]:
    """Everything a recipe can name, with summary, example and parameters: the answer of `GET /v1/operations`."""
    return {"operations": _entries(all_operations()), "properties": _entries(all_features())}


def _schemas(declared: Mapping[str, type[Declared]]) -> dict[str, Any]:
    return {name: _without_titles(kind.model_json_schema()) for name, kind in declared.items()}


def _entries(declared: Mapping[str, type[Declared]]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "summary": kind.summary(),
            **({"on_animations": kind.on_animations} if issubclass(kind, Operation) else {}),
            "example": {name: kind.example},
            "parameters": kind.model_json_schema(),
        }
        for name, kind in declared.items()
    ]


def _without_titles(node: Any) -> Any:
    """The schema without prose, which the node has no use for. Parameters may be called `title`, so names are kept."""
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
