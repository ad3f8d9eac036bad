"""The words of a document that people write: its title, description and tags."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from pipelines.cluster.sources import flat, value_at

from ..search import Hit, UserError
from ..search.stored.picture import text

# Each with the most characters that it may have; tags, all of them together.
LENGTHS = {"title": 1000, "description": 20_000, "tags": 10_000}
_MOST_TAGS = 200
_WORDS = frozenset({"text", "keyword", "match_only_text", "wildcard", "search_as_you_type"})
# What `dynamic` says in a mapping that refuses a document with a new field.
_STRICT = ("strict", "strict_allow_templates")


@dataclass(frozen=True)
class WordField:
    """A field in the form: its text, and a note for people. `locked`: it cannot be changed."""

    name: str
    value: str
    note: str = ""
    locked: bool = False


def tags_of(hit: Hit) -> list[str]:
    """The tags of a document that are texts."""
    return [tag for tag in flat(value_at(hit.source, "tags")) if isinstance(tag, str) and tag.strip()]


def description_of(hit: Hit) -> str:
    """The description of a document; empty if there is none."""
    return text(value_at(hit.source, "description"))


def written(hit: Hit) -> dict[str, str]:
    """The words as they are written in the form."""
    title = text(value_at(hit.source, "title"))
    return {"title": title, "description": description_of(hit), "tags": ", ".join(tags_of(hit))}


def fingerprint(hit: Hit) -> str:
    """Equal as long as nobody changes these words."""
    return hashlib.sha256(json.dumps(written(hit)).encode()).hexdigest()[:16]


def parsed(given: Mapping[str, str]) -> dict[str, str]:
    """The words of a form that was sent, without blanks around them. Raises UserError."""
    found = {name: given[name].replace("\r\n", "\n").strip() for name in LENGTHS if name in given}
    for name, value in found.items():
        if len(value) > LENGTHS[name]:
            raise UserError(f"the {name} may have at most {LENGTHS[name]} characters")
    if "tags" in found:
        found["tags"] = ", ".join(split(found["tags"]))
    return found


def split(tags: str) -> list[str]:
    """Tags as they are written, with commas between them; each once. Raises UserError."""
    found = list(dict.fromkeys(tag for part in tags.split(",") if (tag := " ".join(part.split()))))
    if len(found) > _MOST_TAGS:
        raise UserError(f"a document may have at most {_MOST_TAGS} tags here")
    return found


def changes(hit: Hit, wanted: Mapping[str, str]) -> dict[str, Any]:
    """What an update has to say, so that the words of the document become these; empty words are taken away."""
    before = written(hit)
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    return {name: (split(value) if name == "tags" else value) or None for name, value in changed.items()}


def word_fields(client: Elasticsearch, hit: Hit) -> list[WordField]:
    """The fields of the form for a document, as far as it and the mapping of its index allow."""
    (mapping,) = (entry["mappings"] for entry in client.indices.get_mapping(index=hit.index).body.values())
    return [_word_field(name, value, hit, mapping) for name, value in written(hit).items()]


def _word_field(name: str, value: str, hit: Hit, mapping: dict[str, Any]) -> WordField:
    there = [part for part in flat(value_at(hit.source, name)) if part is not None]
    if any(not isinstance(part, str) for part in there) or (name != "tags" and len(there) > 1):
        return WordField(name, value, "It holds something else than words, which would be lost.", locked=True)
    field = mapping.get("properties", {}).get(name)
    if field:
        kind = field.get("type", "object")
        wrong = "" if kind in _WORDS else f"In the index {hit.index} this field is for {kind}, not for words."
        return WordField(name, value, wrong, locked=bool(wrong))
    dynamic = str(mapping.get("dynamic", True)).lower()
    if dynamic in _STRICT:
        note = f"The index {hit.index} has no field {name}, and its mapping allows no new ones."
        return WordField(name, value, note, locked=True)
    if dynamic == "false":
        return WordField(name, value, f"The index {hit.index} stores it, but has no field {name} to search for it by.")
    return WordField(name, value)
