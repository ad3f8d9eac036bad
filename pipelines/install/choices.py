"""What is chosen when the index template is installed, and kept when it is upgraded: index patterns, codec, vectors."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from ..resources import Body

DEFAULT, BEST_COMPRESSION = "default", "best_compression"
# Where Elasticsearch keeps vectors from 9.2 on: beside `_source`, or in it, as it did before.
APART, IN_SOURCE = "apart", "in-source"
_APART = "exclude_source_vectors"


@dataclass(frozen=True)
class Choices:
    """`index_patterns`, `index.codec` and where vectors are, of a template."""

    patterns: tuple[str, ...]
    codec: str
    vectors: str

    def other(self, patterns: Sequence[str], codec: str | None, vectors: str | None) -> Choices:
        """These, but what is given."""
        return Choices(tuple(patterns) or self.patterns, codec or self.codec, vectors or self.vectors)

    def of(self, template: Body) -> Body:
        """A template with these choices."""
        body = copy.deepcopy(template) | {"index_patterns": list(self.patterns)}
        index = body.setdefault("template", {}).setdefault("settings", {}).setdefault("index", {})
        index.pop("codec", None)
        if self.codec != DEFAULT:
            index["codec"] = self.codec
        of_mapping = {name: value for name, value in index.pop("mapping", {}).items() if name != _APART}
        if self.vectors == IN_SOURCE:
            of_mapping[_APART] = False
        if of_mapping:
            index["mapping"] = of_mapping
        return body


def choices(template: Body) -> Choices:
    """What was chosen for a template."""
    settings = template.get("template", {}).get("settings", {}).get("index", {})
    apart = str(settings.get("mapping", {}).get(_APART, True)).lower() == "true"
    patterns, codec = tuple(template["index_patterns"]), settings.get("codec", DEFAULT)
    return Choices(patterns, codec, APART if apart else IN_SOURCE)
