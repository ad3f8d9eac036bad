"""What is chosen when the index template is installed, and kept when it is upgraded: index patterns and codec."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from ..resources import Body

DEFAULT, BEST_COMPRESSION = "default", "best_compression"


@dataclass(frozen=True)
class Choices:
    """`index_patterns` and `index.codec` of a template."""

    patterns: tuple[str, ...]
    codec: str

    def other(self, patterns: Sequence[str], codec: str | None) -> Choices:
        """These, but what is given."""
        return Choices(tuple(patterns) or self.patterns, codec or self.codec)

    def of(self, template: Body) -> Body:
        """A template with these choices."""
        body = copy.deepcopy(template) | {"index_patterns": list(self.patterns)}
        index = body.setdefault("template", {}).setdefault("settings", {}).setdefault("index", {})
        index.pop("codec", None)
        if self.codec != DEFAULT:
            index["codec"] = self.codec
        return body


def choices(template: Body) -> Choices:
    """What was chosen for a template."""
    settings = template.get("template", {}).get("settings", {}).get("index", {})
    return Choices(tuple(template["index_patterns"]), settings.get("codec", DEFAULT))
