"""The fields of an index, read from its mapping, so that one program works with older and newer indices."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from elasticsearch import Elasticsearch

NUMBERS = frozenset({"integer", "long", "float", "double", "short", "byte", "half_float"})
_NOT_COUNTED = frozenset({"text", "match_only_text", "object", "nested", "binary", "flattened"})
# The bits of the hash: of every picture of a document, or of the first one only.
HASHES = ("image.perceptual_hashes.bits", "image.perceptual_hash")
BANDS = "image.perceptual_hashes.bands"


@dataclass(frozen=True)
class Schema:
    """Names and types of all fields, sub-fields included, and which of them are vectors."""

    types: dict[str, str] = field(default_factory=dict)
    # The hash as a bit vector, and the visual vector; None if the indices have none.
    hash_vector: str | None = None
    embedding: str | None = None
    # Length of the visual vectors; None until the first one is stored.
    dims: int | None = None
    # The concrete indices behind names, aliases and patterns.
    indices: frozenset[str] = frozenset()
    # The fields with codes of problems, and all codes in them, if pictures are in other fields than `image` (problems).
    problems: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    def searchable(self, name: str) -> str | None:
        """The field that has exact values of `name`: itself, or its keyword sub-field; None if there is none."""
        if self.types.get(name) == "text":
            return f"{name}.keyword" if f"{name}.keyword" in self.types else name
        return name if name in self.types else None

    def countable(self, name: str) -> str | None:
        """The field by which exact values of `name` are grouped; None if there is none, as for plain text."""
        field = self.searchable(name)
        return None if field is None or self.types[field] in _NOT_COUNTED else field

    @property
    def has_bands(self) -> bool:
        """Whether bands of hashes can be looked up: in an older index Elasticsearch may have mapped them as text."""
        return self.hash_vector == HASHES[0] and self.types.get(BANDS) == "keyword"


def read_schema(client: Elasticsearch, index: str) -> Schema:
    """The schema of all indices that `index` names, merged."""
    answer = client.indices.get_mapping(index=index, ignore_unavailable=True, allow_no_indices=True).body
    return replace(merged([entry["mappings"] for entry in answer.values()]), indices=frozenset(answer))


def merged(mappings: list[dict[str, Any]]) -> Schema:
    """One schema for several mappings. If the types of a field differ, a type with exact values wins over text."""
    types: dict[str, str] = {}
    embedding = dims = None
    bits = set()
    for mapping in mappings:
        for name, definition in _fields(mapping, ""):
            kind = definition.get("type", "object")
            types[name] = types[name] if kind == "text" and name in types else kind
            if kind != "dense_vector" or not name.startswith("image."):
                continue
            if definition.get("element_type") == "bit":
                bits.add(name)
            elif name.removesuffix(".vector").endswith("embedding"):
                embedding, dims = name, definition.get("dims", dims)
    return Schema(types, next((name for name in HASHES if name in bits), None), embedding, dims)


def _fields(mapping: dict[str, Any], prefix: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name, definition in (mapping.get("properties") or {}).items():
        path = prefix + name
        found.append((path, definition))
        found += _fields(definition, f"{path}.")
        found += [(f"{path}.{sub}", below) for sub, below in (definition.get("fields") or {}).items()]
    return found
